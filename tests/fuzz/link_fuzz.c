/* Link headers. */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "formats/link.h"
#include "formats/url.h"

#define BASE "https://r.example/v2/library/nginx/tags/list?n=2"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *CLEANUP_FREE value = xstrndup((const char *)data, size);
    struct buf CLEANUP_BUF found = BUF_INIT;
    struct buf CLEANUP_BUF header = BUF_INIT;
    struct buf CLEANUP_BUF again = BUF_INIT;
    struct url url;

    if (!link_next(value, BASE, &found)) {
        CHECK(found.len == 0);
        return 0;
    }
    CHECK(url_split(found.data, found.len, &url) == 0);
    /* Sent as a header it is read as what it is. */
    buf_printf(&header, "<%s>; rel=next", found.data);
    CHECK(link_next(header.data, "https://other.example/", &again));
    CHECK(strcmp(found.data, again.data) == 0);
    return 0;
}
