/* Requirements, and with them specifiers, versions and markers: what is printed must be read as the same. Two
 * lines are two versions, too. */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "formats/python/marker.h"
#include "formats/python/requirement.h"
#include "formats/python/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const extras[] = {"a", "b-c", NULL};
static const struct marker_environment environment = {
    .python_version = "3.10",
    .python_full_version = "3.10.12",
    .os_name = "posix",
    .sys_platform = "linux",
    .platform_release = "6.1.0-13-amd64",
    .platform_machine = "x86_64",
    .implementation_version = "3.10.12",
    .extra = "b_C",
    .extras = extras,
};

static bool read_version(const char *text, size_t len, struct version *out)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct version again;

    if (version_parse(text, len, out, &error) < 0) {
        CHECK(error.len);
        return false;
    }
    CHECK(version_parse(out->text, strlen(out->text), &again, NULL) == 0);
    CHECK(strcmp(out->text, again.text) == 0);
    CHECK(version_compare(out, &again, VERSION_WHOLE) == 0);
    return true;
}

static void check_versions(const char *text, size_t size)
{
    const char *end = memchr(text, '\n', size);
    struct version a;
    struct version b;

    if (!end || !read_version(text, (size_t)(end - text), &a) ||
        !read_version(end + 1, size - (size_t)(end + 1 - text), &b))
        return;
    int order = version_compare(&a, &b, VERSION_WHOLE);
    CHECK(order >= -1 && order <= 1 && version_compare(&b, &a, VERSION_WHOLE) == -order);
    int public = version_compare(&a, &b, VERSION_PUBLIC);
    CHECK(public == 0 || public == order);
}

static void check_set(const char *text, size_t size)
{
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;
    struct specifier_set CLEANUP_SPECIFIER_SET again = SPECIFIER_SET_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF out = BUF_INIT;

    if (specifier_set_parse(text, size, &set, &error) < 0) {
        CHECK(error.len && !set.items);
        return;
    }
    specifier_set_print(&set, &out);
    CHECK(specifier_set_parse(out.data, out.len, &again, &error) == 0 && again.count == set.count);
    for (size_t i = 0; i < set.count; i++) {
        const struct version *version = &set.items[i].version;
        if (!version->text[0])
            continue;
        CHECK(specifier_set_contains(&set, version, PRERELEASES_ALLOWED) ==
              specifier_set_contains(&again, version, PRERELEASES_ALLOWED));
    }
}

static void check_again(const struct requirement *requirement)
{
    struct requirement CLEANUP_REQUIREMENT again;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF first = BUF_INIT;
    struct buf CLEANUP_BUF second = BUF_INIT;

    requirement_print(requirement, &first);
    if (first.len > REQUIREMENT_MAX_BYTES)
        return;
    if (requirement_parse(first.data, first.len, &again, &error) < 0)
        BUG("%s: %s", first.data, error.data);
    requirement_print(&again, &second);
    CHECK(strcmp(first.data, second.data) == 0);
    if (!requirement->marker)
        return;
    int applies = marker_evaluate(requirement->marker, &environment, &error);
    CHECK(applies >= 0 || error.len);
    CHECK(marker_evaluate(again.marker, &environment, NULL) == applies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct requirement CLEANUP_REQUIREMENT requirement;
    struct buf CLEANUP_BUF error = BUF_INIT;

    check_versions(text, size);
    check_set(text, size);
    if (requirement_parse(text, size, &requirement, &error) < 0)
        CHECK(error.len);
    else
        check_again(&requirement);
    return 0;
}
