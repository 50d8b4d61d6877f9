/* One requirement, such as `requests[socks] >=2.8, <3 ; python_version < "3.8"` or `pip @
 * https://host/pip.whl`: PEP 508, now "Dependency specifiers" of the Python packaging guide. The additions of
 * pip's requirement files (options, paths, comments, continued lines) are not known here. */
#ifndef FORMATS_PYTHON_REQUIREMENT_H
#define FORMATS_PYTHON_REQUIREMENT_H

#include <stddef.h>

#include "formats/python/specifier.h"

struct buf;
struct marker;

#define REQUIREMENT_MAX_BYTES (64 * 1024)

struct requirement {
    char *name;    /* as written */
    char *project; /* normalised */
    char **extras; /* normalised (PEP 685), in the order of the text, each once */
    size_t extra_count;
    struct specifier_set specifiers; /* empty: any version */
    char *url;                       /* after "@"; NULL: by version */
    struct marker *marker;           /* NULL: always */
};

#define CLEANUP_REQUIREMENT __attribute__((cleanup(requirement_release)))

/* Returns 0; -1 with column and what was expected in `error` (may be NULL). In both cases `out` can be
 * released. A URL is any "scheme://host..." or "file://...", ends at a space or tab and is not looked
 * into. */
int requirement_parse(const char *text, size_t len, struct requirement *out, struct buf *error);
void requirement_release(struct requirement *requirement);
/* Appends `name[extra]>=1,<2 ; marker` or `name[extra] @ url ; marker`, which mean the same as the text. */
void requirement_print(const struct requirement *requirement, struct buf *out);

#endif
