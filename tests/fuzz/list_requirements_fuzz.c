/* requirements.txt, which may include what is on the disk. */
#include "tests/fuzz/list_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    list_fuzz_one(list_read_requirements, (const char *)data, size);
    return 0;
}
