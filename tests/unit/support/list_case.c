#include "tests/unit/support/list_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"

const struct marker_environment list_case_linux = {
    .python_version = "3.12",
    .python_full_version = "3.12.4",
    .os_name = "posix",
    .sys_platform = "linux",
    .platform_system = "Linux",
    .platform_machine = "x86_64",
    .platform_python_implementation = "CPython",
    .implementation_name = "cpython",
    .implementation_version = "3.12.4",
};

const struct marker_environment list_case_windows = {
    .python_version = "3.9",
    .python_full_version = "3.9.1",
    .os_name = "nt",
    .sys_platform = "win32",
    .platform_system = "Windows",
    .platform_machine = "AMD64",
    .platform_python_implementation = "CPython",
    .implementation_name = "cpython",
    .implementation_version = "3.9.1",
};

static char folder[] = "/tmp/yizhan-list-XXXXXX";

int list_case_setup(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

int list_case_teardown(void **state)
{
    char *CLEANUP_FREE command = xasprintf("rm -rf %s", folder);

    (void)state;
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1; /* NOLINT(cert-env33-c) */
}

void list_case_write(const char *name, const char *text, size_t len)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

void list_case_read(const char *name, const char *text, struct wants *wants)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(wants);
    list_case_write(name, text, strlen(text));
    if (list_read(name, LIST_FORMAT_BY_NAME, false, wants, &error) < 0)
        fail_msg("%s", error.data);
    assert_int_equal(error.len, 0);
    assert_int_equal(wants->faults.count, 0);
}

void list_case_fault_n(const char *name, const char *text, size_t len, const char *fault)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct wants CLEANUP_WANTS first;
    struct wants CLEANUP_WANTS kept;

    wants_init(&first);
    wants_init(&kept);
    list_case_write(name, text, len);
    assert_int_equal(list_read(name, LIST_FORMAT_BY_NAME, false, &first, &error), -1);
    assert_string_equal(error.data, fault);
    buf_reset(&error);
    if (list_read(name, LIST_FORMAT_BY_NAME, true, &kept, &error) < 0)
        fail_msg("%s", error.data);
    list_case_strings(&kept.faults, fault);
}

void list_case_fault(const char *name, const char *text, const char *fault)
{
    list_case_fault_n(name, text, strlen(text), fault);
}

void list_case_images(const struct wants *wants, const char *expected)
{
    struct buf CLEANUP_BUF found = BUF_INIT;

    for (size_t i = 0; i < wants->image_count; i++) {
        const struct list_image *image = &wants->images[i];
        buf_printf(&found, "%s%s%s%s (%s)", i ? " | " : "", image->reference, image->platform ? " " : "",
                   image->platform ? image->platform : "", image->origin);
    }
    assert_string_equal(found.data, expected);
}

void list_case_packages(const struct wants *wants, const char *expected)
{
    struct buf CLEANUP_BUF found = BUF_INIT;

    for (size_t i = 0; i < wants->package_count; i++) {
        const struct list_package *package = &wants->packages[i];
        buf_printf(&found, "%s%s %s (%s)", i ? " | " : "", package->project,
                   package->version ? package->version : "-", package->origin);
    }
    assert_string_equal(found.data, expected);
}

void list_case_strings(const struct wants_strings *strings, const char *expected)
{
    struct buf CLEANUP_BUF found = BUF_INIT;

    for (size_t i = 0; i < strings->count; i++)
        buf_printf(&found, "%s%s", i ? " | " : "", strings->items[i]);
    assert_string_equal(found.data, expected);
}

void list_case_select(const struct wants *wants, const struct marker_environment *environment,
                      const char *expected)
{
    bool *CLEANUP_FREE applies = xcalloc(wants->package_count + 1, sizeof(*applies));
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF found = BUF_INIT;

    if (wants_select(wants, environment, applies, &error) < 0)
        fail_msg("%s", error.data);
    for (size_t i = 0; i < wants->package_count; i++)
        if (applies[i])
            buf_printf(&found, "%s%s %s", found.len ? " " : "", wants->packages[i].project,
                       wants->packages[i].version ? wants->packages[i].version : "-");
    assert_string_equal(found.data, expected);
}
