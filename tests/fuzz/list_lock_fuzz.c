/* pylock.toml, uv.lock and poetry.lock: one text as each. */
#include "tests/fuzz/list_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    list_fuzz_one(list_read_pylock, (const char *)data, size);
    list_fuzz_one(list_read_uv_lock, (const char *)data, size);
    list_fuzz_one(list_read_poetry_lock, (const char *)data, size);
    return 0;
}
