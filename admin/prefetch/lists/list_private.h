/* Shared by list.c and the readers of the formats.
 *
 * A reader is given the whole text of a file and adds to reader->wants. It reports each fault to
 * list_fault(), which always returns -1 and sets reader->stopped when reading must end, which is at the
 * first fault unless faults are kept. Until then, a loop over the parts of a file continues after a part
 * that failed. */
#ifndef ADMIN_PREFETCH_LISTS_LIST_PRIVATE_H
#define ADMIN_PREFETCH_LISTS_LIST_PRIVATE_H

#include <jansson.h>

#include "admin/prefetch/lists/list.h"
#include "base/buf.h"
#include "base/memory.h"
#include "formats/toml.h"

/* Bounds of the memory that a list can take. */
#define LIST_MAX_ITEMS 200000   /* requirements and constraints, packages, images: of each */
#define LIST_MAX_VALUES 4000000 /* of a TOML or JSON file */
#define LIST_MAX_NODES 1000000  /* of a YAML file */
#define LIST_MAX_NESTING 64     /* of values of a file */
#define LIST_MAX_FAULTS 1000    /* kept with keep_going */
#define LIST_MAX_NOTES 10000

/* Makes space for one more than `count` items on the heap, by doubling at each power of two. */
#define LIST_GROW(items, count)   \
    if (!((count) & ((count)-1))) \
    (items) = xrealloc((items), ((count) ? 2 * (count) : 1) * sizeof(*(items)))

struct list_reader {
    struct wants *wants;
    const char *path; /* of the file that is being read, as messages give it */
    bool keep_going;
    bool stopped;
    struct buf *error;
};

/* ---- faults and notes ---- */

/* "FILE:LINE:COLUMN: " and the sentence. */
int list_fault(struct list_reader *reader, size_t line, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "FILE: " and the sentence, for a fault that has no line. */
int list_file_fault(struct list_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void list_note(struct list_reader *reader, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends text of a file as messages quote it: without control characters, which could drive the terminal,
 * without the passwords of URLs, which would end up in logs, and at most 200 bytes. */
void list_add_quoted(const char *text, size_t len, struct buf *out);
/* Splits "column 7: expected ...", as scan.h words faults. Returns the sentence; without a column *column
 * is unchanged. */
const char *list_split_column(const char *message, size_t *column);

/* ---- what is found ---- */

/* In the arena: "FILE:LINE". */
const char *list_origin(struct list_reader *reader, size_t line);
/* Appends one that has only its origin, for the caller to fill in; valid until the next call. NULL with a
 * fault if there are too many. */
struct list_requirement *list_add_requirement(struct list_reader *reader, size_t line, bool constraint);
/* -1 with a fault if there are too many. The strings of the package must be in the arena; those of images
 * are copied. */
int list_add_package(struct list_reader *reader, size_t line, const struct list_package *package);
int list_add_image(struct list_reader *reader, size_t line, const char *reference, const char *platform);
void list_strings_add(struct wants *wants, struct wants_strings *strings, const char *text, size_t len);

/* ---- files ---- */

/* Reads a file whole: 0, or a fault. */
int list_load(struct list_reader *reader, const char *path, struct buf *text);
/* Skips a byte order mark and checks that the text is UTF-8: 0, or a fault at the first byte that is not. */
int list_check_utf8(struct list_reader *reader, const char **text, size_t *len);

/* ---- formats ---- */

int list_read_requirements(struct list_reader *reader, const char *text, size_t len);
int list_read_pylock(struct list_reader *reader, const char *text, size_t len);
int list_read_uv_lock(struct list_reader *reader, const char *text, size_t len);
int list_read_poetry_lock(struct list_reader *reader, const char *text, size_t len);
int list_read_pipfile_lock(struct list_reader *reader, const char *text, size_t len);
int list_read_images(struct list_reader *reader, const char *text, size_t len);
int list_read_yaml(struct list_reader *reader, const char *text, size_t len);

/* An image reference, "[registry/]name[:tag][@digest]". 0; -1 with "column N: expected ..." in `error`. */
int list_image_check(const char *text, size_t len, struct buf *error);
/* "linux/arm64/v8": 0; -1 with "column N: expected ..." in `error`. */
int list_platform_check(const char *text, size_t len, struct buf *error);

#endif
