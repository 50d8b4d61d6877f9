/* Lists of tags. */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "formats/oci/image.h"
#include "formats/oci/tag_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct tag_list *list, struct buf *out)
{
    buf_add_text(out, "{\"tags\":[");
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s\"%s\"", i ? "," : "", list->tags[i]);
    buf_add_text(out, "]}\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF printed = BUF_INIT;
    struct tag_list CLEANUP_TAG_LIST list;
    struct tag_list CLEANUP_TAG_LIST again = {NULL, 0, NULL};

    if (tag_list_parse((const char *)data, size, &list, &error) < 0) {
        CHECK(error.len && !list.tags && !list.memory && !list.count);
        return 0;
    }
    for (size_t i = 0; i < list.count; i++) {
        CHECK(image_tag_valid(list.tags[i], strlen(list.tags[i])));
        CHECK(!i || strcmp(list.tags[i - 1], list.tags[i]) < 0);
    }
    /* Two pages with the same tags are the same list. */
    print(&list, &printed);
    print(&list, &printed);
    if (tag_list_parse(printed.data, printed.len, &again, &error) < 0)
        BUG("own list refused: %s", error.data);
    CHECK(again.count == list.count);
    for (size_t i = 0; i < list.count; i++)
        CHECK(strcmp(again.tags[i], list.tags[i]) == 0);
    return 0;
}
