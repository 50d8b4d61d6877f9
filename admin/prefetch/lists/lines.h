/* Logical lines of a requirements file, as pip makes them of what an editor shows (pip/_internal/req/req_file.py,
 * preprocess()): lines that end in "\" joined, comments gone, variables of the environment in place. Each byte still knows
 * where in the file it stands. */
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
    size_t room;
    size_t number; /* of its first line */
};

/* The rest of a file. */
struct line_source {
    const char *text;
    size_t len;
    size_t at;
    size_t number; /* of the line at `at`, from 1 */
    bool more;     /* private: a line that was begun has not ended */
};

void logical_line_release(struct logical_line *line);
#define CLEANUP_LOGICAL_LINE __attribute__((cleanup(logical_line_release)))

/* The next that is not empty: 1; 0 behind the last; -1 with a fault, and the next call goes on behind it. */
int logical_line_next(struct list_reader *reader, struct line_source *source, struct logical_line *line);
struct line_place logical_line_place(const struct logical_line *line, size_t at);

/* What pip decodes by a mark or a "coding:" comment becomes UTF-8. 0, or a fault. */
int line_decode(struct list_reader *reader, struct buf *text);

#endif
