/* Project pages and root lists in JSON. */
#include <stdint.h>

#include "tests/fuzz/page_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_page(data, size, "application/vnd.pypi.simple.v1+json");
    fuzz_list(data, size, "application/vnd.pypi.simple.v1+json");
    return 0;
}
