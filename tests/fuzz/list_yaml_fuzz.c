/* Compose files and Kubernetes manifests. */
#include "tests/fuzz/list_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    list_fuzz_one(list_read_yaml, (const char *)data, size);
    return 0;
}
