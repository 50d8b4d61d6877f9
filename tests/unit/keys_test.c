/* The keys of the fill table and of the memory cache: no two are equal, and those of an entry are forgotten with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "proxy/core/forget.h"
#include "proxy/core/keys.h"
#include "proxy/core/memcache.h"
#include "proxy/core/proxy.h"
#include "storage/catalog/spaces.h"

#define PATH "/packages/aa/bb/cc/a-1-py3-none-any.whl"
#define IMAGE "docker.io/library/nginx"
#define DIGEST "sha256:0123"

static void all_keys_of_fills_are_different(void **state)
{
    (void)state;
    char *keys[] = {
        fill_key_file(PATH, 0),
        fill_key_file(PATH, 1),
        fill_key_file(PATH, 2),
        fill_key_metadata(PATH),
        fill_key_extraction(PATH),
        fill_key_blob("docker.io", DIGEST, 0),
        fill_key_blob("docker.io", DIGEST, 1),
        fill_key_blob(IMAGE, DIGEST, 0),
        fill_key_fetch(SPACE_MANIFEST, IMAGE "@" DIGEST),
        fill_key_fetch(SPACE_REFERRERS, IMAGE "@" DIGEST),
        fill_key_load(SPACE_MANIFEST, IMAGE "@" DIGEST),
        fill_key_rendition(keys, 0, 1),
        fill_key_rendition(keys, 1, 0),
        fill_key_rendition(keys, 1, 1),
    };
    size_t count = sizeof(keys) / sizeof(keys[0]);

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(keys[i], keys[j]);
    for (size_t i = 0; i < count; i++)
        free(keys[i]);
}

static void free_nothing(struct shared *value)
{
    (void)value;
}

/* Puts something under each key (taken over) and expects it to be gone once the entry is forgotten. */
static void check_forgotten(const char *space, const char *key, char **memory_keys, size_t count)
{
    struct proxy proxy = {.memcache = memcache_new(1 << 20)};
    struct shared value;

    shared_init(&value, free_nothing);
    for (size_t i = 0; i < count; i++)
        memcache_put(proxy.memcache, memory_keys[i], &value, 1);
    memcache_put(proxy.memcache, "page/other", &value, 1);
    proxy_forget(&proxy, space, key);
    for (size_t i = 0; i < count; i++) {
        assert_null(memcache_get(proxy.memcache, memory_keys[i]));
        free(memory_keys[i]);
    }
    assert_ptr_equal(memcache_get(proxy.memcache, "page/other"), &value);
    shared_unref(&value);
    memcache_free(proxy.memcache);
}

static void what_memory_has_of_a_file_is_forgotten(void **state)
{
    (void)state;
    char *keys[] = {memory_key_small_file(PATH), memory_key_absence(SPACE_FILE, PATH)};

    check_forgotten(SPACE_FILE, PATH, keys, 2);
}

static void what_memory_has_of_metadata_is_forgotten(void **state)
{
    (void)state;
    char *keys[] = {memory_key_metadata(PATH), memory_key_absence(SPACE_FILE, PATH)};

    check_forgotten(SPACE_METADATA, PATH, keys, 2);
}

static void what_memory_has_of_a_document_is_forgotten(void **state)
{
    (void)state;
    char *keys[] = {memory_key_document(SPACE_PAGE, "flask"), memory_key_absence(SPACE_PAGE, "flask")};

    check_forgotten(SPACE_PAGE, "flask", keys, 2);
}

static void what_memory_has_of_an_images_blob_is_forgotten(void **state)
{
    (void)state;
    char *keys[] = {memory_key_reference(IMAGE "@" DIGEST), memory_key_absence(SPACE_BLOB, IMAGE "@" DIGEST)};

    check_forgotten(SPACE_BLOB, IMAGE "@" DIGEST, keys, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_keys_of_fills_are_different),
        cmocka_unit_test(what_memory_has_of_a_file_is_forgotten),
        cmocka_unit_test(what_memory_has_of_metadata_is_forgotten),
        cmocka_unit_test(what_memory_has_of_a_document_is_forgotten),
        cmocka_unit_test(what_memory_has_of_an_images_blob_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
