/* Logical lines of a requirements file, as pip makes them of physical ones (pip/_internal/req/req_file.py,
 * preprocess()): lines that end in "\" joined, comments removed, environment variables replaced. Each byte
 * keeps its place in the file, so that faults can point at it. */
#ifndef ADMIN_PREFETCH_LISTS_LINES_H
#define ADMIN_PREFETCH_LISTS_LINES_H

#include "admin/prefetch/lists/list_private.h"

#define LINE_MAX_BYTES (1024 * 1024)

struct line_place {
    uint32_t line, column; /* columns count characters */
};

struct logical_line {
    struct buf text;
    struct line_place *places; /* of each byte, and of the end */
    size_t capacity;           /* of places */
    size_t number;             /* of its first line */
};

/* The rest of a file. */
struct line_source {
    const char *text;
    size_t len;
    size_t at;
    size_t number; /* of the line at `at`, from 1 */
};

void logical_line_release(struct logical_line *line);
#define CLEANUP_LOGICAL_LINE __attribute__((cleanup(logical_line_release)))

/* The next line that is not empty: 1; 0 at the end; -1 with a fault, after which the next call continues. */
int logical_line_next(struct list_reader *reader, struct line_source *source, struct logical_line *line);
struct line_place logical_line_place(const struct logical_line *line, size_t at);

/* Converts to UTF-8 what pip would decode by a byte order mark or a "coding:" comment. 0, or a fault. */
int line_decode(struct list_reader *reader, struct buf *text);

#endif
