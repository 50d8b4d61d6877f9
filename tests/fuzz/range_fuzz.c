/* Range and entity tags: the first byte chooses the size of the file. */
#include <stdint.h>

#include "base/check.h"
#include "base/memory.h"
#include "proxy/http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t sizes[] = {0, 1, 2, 1000, INT64_MAX};

    if (!size)
        return 0;
    char *CLEANUP_FREE header = xstrndup((const char *)data + 1, size - 1);
    int64_t total = sizes[data[0] % 5];
    int64_t start = -1, len = -1;

    switch (range_parse(header, total, &start, &len)) {
    case RANGE_OK:
        CHECK(start >= 0 && len >= 1 && start <= total - len);
        break;
    case RANGE_UNSATISFIABLE:
    case RANGE_NONE:
        CHECK(start == -1 && len == -1);
    }
    /* A strong match is a weak one too. */
    if (etag_list_matches(header, "\"a\"", true))
        CHECK(etag_list_matches(header, "\"a\"", false));
    CHECK(!etag_list_matches(header, "W/\"a\"", true));
    return 0;
}
