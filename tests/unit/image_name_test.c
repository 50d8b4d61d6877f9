#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/config.h"
#include "storage/catalog/image_name.h"

static struct registry_config registries[] = {
    {.name = "docker.io", .is_default = true},
    {.name = "ghcr.io"},
    {.name = "quay"}, /* does not look like a registry, but mirror.conf has it */
};
static struct config config = {.registries = registries, .registry_count = 3};
static struct config no_default = {.registries = registries + 1, .registry_count = 2};

/* The image name; "" where nothing says which registry is meant. */
static const char *whole(const struct config *of, const char *text, const struct registry_config *addressed)
{
    static char out[256];
    struct buf CLEANUP_BUF name = BUF_INIT;
    struct image_registry registry = image_registry_of(of, text, strlen(text), addressed);

    if (registry.name)
        image_name_print(registry.name, registry.name_len, text + registry.skip, strlen(text) - registry.skip,
                         &name);
    snprintf(out, sizeof(out), "%s", name.data);
    return out;
}

static void image_name_of_the_registry_that_is_named(void **state)
{
    (void)state;
    assert_string_equal(whole(&config, "ghcr.io/owner/app", NULL), "ghcr.io/owner/app");
    assert_string_equal(whole(&config, "quay/app", NULL), "quay/app");
    assert_string_equal(whole(&config, "localhost:5000/app", NULL), "localhost:5000/app");
    assert_null(image_registry_of(&config, "localhost:5000/app", 18, NULL).config);
    /* One word is a repository, whatever it looks like. */
    assert_string_equal(whole(&config, "ghcr.io", NULL), "docker.io/library/ghcr.io");
}

static void image_name_of_the_default_registry(void **state)
{
    (void)state;
    assert_string_equal(whole(&config, "nginx", NULL), "docker.io/library/nginx");
    assert_string_equal(whole(&config, "owner/app", NULL), "docker.io/owner/app");
    assert_string_equal(whole(&config, "docker.io/nginx", NULL), "docker.io/library/nginx");
    assert_string_equal(whole(&no_default, "owner/app", NULL), "");
    /* An empty word names no registry: what is left is not a valid repository. */
    assert_string_equal(whole(&config, "/app", NULL), "docker.io//app");
}

static void image_name_of_the_registry_that_was_addressed(void **state)
{
    (void)state;
    assert_string_equal(whole(&config, "my.app/x", &registries[1]), "ghcr.io/my.app/x");
    assert_string_equal(whole(&config, "nginx", &registries[1]), "ghcr.io/nginx");
    assert_string_equal(whole(&config, "quay/app", &registries[1]), "quay/app");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_name_of_the_registry_that_is_named),
        cmocka_unit_test(image_name_of_the_default_registry),
        cmocka_unit_test(image_name_of_the_registry_that_was_addressed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
