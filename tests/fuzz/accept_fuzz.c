/* Accept and Accept-Encoding: every line of the input is a header line. */
#include <stdint.h>

#include "base/check.h"
#include "base/memory.h"
#include "proxy/http/negotiate.h"

#define LINES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *CLEANUP_FREE text = xstrndup((const char *)data, size);
    const char *lines[LINES_MAX];
    size_t count = 0;
    char *rest = text;

    for (char *line; count < LINES_MAX && (line = strsep(&rest, "\n"));)
        lines[count++] = line;
    int format = simple_format_negotiate(lines, count);
    CHECK(format >= -1 && format < SIMPLE_FORMATS);
    negotiate_gzip(lines, count);

    /* A last line that takes the only offer is obeyed whatever stands before it. */
    const char *only[] = {"application/x-only"};
    int before = negotiate_media(lines, count, only, 1);
    CHECK(before == 0 || before == -1);
    lines[count ? count - 1 : 0] = "application/x-only";
    CHECK(negotiate_media(lines, count ? count : 1, only, 1) == 0);
    return 0;
}
