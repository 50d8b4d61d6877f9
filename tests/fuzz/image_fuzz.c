/* Names, tags, digests and registries of images. */
#include <ctype.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted can stand in a path, a key and a log line as it is. */
static void check_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        CHECK(isalnum((unsigned char)text[i]) || (text[i] && strchr("._-/:[]", text[i])));
}

/* A name is valid when each of its parts is, and remains so behind another part. */
static void check_name(const char *text, size_t len)
{
    struct buf CLEANUP_BUF longer = BUF_INIT;
    struct buf CLEANUP_BUF copy = BUF_INIT;
    size_t part_len;

    check_plain(text, len);
    CHECK(len <= IMAGE_NAME_MAX_BYTES);
    buf_add(&copy, text, len);
    for (const char *rest = copy.data, *part; (part = text_next(&rest, '/', &part_len));)
        CHECK(image_name_valid(part, part_len));
    buf_printf(&longer, "a/%s", copy.data);
    CHECK(image_name_valid(longer.data, longer.len) == (longer.len <= IMAGE_NAME_MAX_BYTES));
}

/* It is what stands between the "https://" and the "/" of a URL. */
static void check_registry(const char *text, size_t len)
{
    struct buf CLEANUP_BUF url = BUF_INIT;
    struct url parts;

    check_plain(text, len);
    buf_add_text(&url, "https://");
    buf_add(&url, text, len);
    buf_add_text(&url, "/v2/");
    CHECK(url_split(url.data, url.len, &parts) == 0);
    CHECK(parts.authority.len == len && memcmp(parts.authority.text, text, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    char printed[IMAGE_DIGEST_SIZE];
    struct checksum digest;

    if (image_name_valid(text, size))
        check_name(text, size);
    if (image_registry_like(text, size))
        check_registry(text, size);
    if (image_tag_valid(text, size)) {
        check_plain(text, size);
        CHECK(size <= IMAGE_TAG_MAX_BYTES && !memchr(text, '/', size) && !memchr(text, ':', size));
    }
    if (image_digest_parse(text, size, &digest) == 0) {
        image_digest_print(&digest, printed);
        CHECK(text_equal_n(text, size, printed));
        CHECK(!image_tag_valid(text, size));
    }
    return 0;
}
