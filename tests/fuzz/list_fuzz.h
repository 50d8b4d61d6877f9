/* What the fuzz targets of lists have in common: what is read is complete, what is refused has a place, and keeping faults
 * reads at least as much. */
#ifndef TESTS_FUZZ_LIST_FUZZ_H
#define TESTS_FUZZ_LIST_FUZZ_H

#include <stdint.h>

#include "admin/prefetch/lists/list_private.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/python/marker.h"
#include "formats/python/project.h"

typedef int list_fuzz_read(struct list_reader *reader, const char *text, size_t len);

static const struct marker_environment list_fuzz_environment = {
    .python_version = "3.10",
    .python_full_version = "3.10.12",
    .os_name = "posix",
    .sys_platform = "linux",
    .platform_machine = "x86_64",
};

static inline void list_fuzz_check_packages(const struct wants *wants)
{
    for (size_t i = 0; i < wants->package_count; i++) {
        const struct list_package *package = &wants->packages[i];
        CHECK(project_name_normalized(package->project, strlen(package->project)));
        CHECK(text_starts(package->origin, "fuzz"));
        for (size_t k = 0; k < package->file_count; k++) {
            const struct list_file *file = &package->files[k];
            CHECK(filename_valid(file->filename, strlen(file->filename)) && file->size_bytes >= -1);
        }
    }
}

static inline void list_fuzz_check(const struct wants *wants)
{
    for (size_t i = 0; i < wants->requirement_count; i++)
        CHECK(wants->requirements[i].requirement.project && !wants->requirements[i].requirement.url);
    for (size_t i = 0; i < wants->constraint_count; i++)
        CHECK(wants->constraints[i].requirement.project && wants->constraints[i].origin);
    for (size_t i = 0; i < wants->image_count; i++)
        CHECK(list_image_check(wants->images[i].reference, strlen(wants->images[i].reference), NULL) == 0);
    for (size_t i = 0; i < wants->notes.count; i++)
        CHECK(text_is_utf8(wants->notes.items[i], strlen(wants->notes.items[i])));
    list_fuzz_check_packages(wants);
}

static inline void list_fuzz_select(const struct wants *wants)
{
    bool *CLEANUP_FREE applies = xcalloc(wants->package_count + 1, sizeof(*applies));
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (wants_select(wants, &list_fuzz_environment, applies, &error) < 0)
        CHECK(error.len);
}

static inline void list_fuzz_one(list_fuzz_read *read, const char *text, size_t len)
{
    struct wants CLEANUP_WANTS strict;
    struct wants CLEANUP_WANTS kept;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct list_reader first = {.wants = &strict, .path = "fuzz", .error = &error};

    wants_init(&strict);
    wants_init(&kept);
    (void)read(&first, text, len);
    CHECK(first.stopped == (error.len > 0));
    list_fuzz_check(&strict);
    buf_reset(&error);
    struct list_reader second = {.wants = &kept, .path = "fuzz", .error = &error, .keep_going = true};
    (void)read(&second, text, len);
    CHECK(second.stopped || first.stopped == (kept.faults.count > 0));
    CHECK(kept.requirement_count >= strict.requirement_count && kept.package_count >= strict.package_count &&
          kept.image_count >= strict.image_count);
    list_fuzz_check(&kept);
    list_fuzz_select(&kept);
}

#endif
