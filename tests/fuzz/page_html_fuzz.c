/* Project pages and root lists in HTML. What is taken must be renderable, and read again as the same files.
 *
 * How every target here is built: clang -fsanitize=fuzzer,address,undefined with the usual CPPFLAGS, this
 * file and libyizhan.a; run with its corpus as first argument. */
#include <stdint.h>

#include "tests/fuzz/page_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_page(data, size, "text/html");
    fuzz_list(data, size, "text/html");
    return 0;
}
