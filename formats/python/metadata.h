/* Core metadata: the METADATA of a wheel, which an index serves as "<file>.metadata" (PEP 658). Only the
 * fields that decide what is installed are kept. "Core metadata specifications", PEP 566, 643, 685.
 *
 * The fields are mail headers, read as Python's `email` does, which pip uses: names in any case, a line that
 * begins with a blank continues the line before (here: joined by one space), lines end in LF, CRLF or CR, and
 * the first line that is not a header ends them all. If a field that may occur once is repeated, the first
 * one wins. */
#ifndef FORMATS_PYTHON_METADATA_H
#define FORMATS_PYTHON_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/python/requirement.h"
#include "formats/python/version.h"

struct buf;

/* Of one METADATA or PKG-INFO file, whether it comes out of a wheel or an sdist, from an upstream, or from
 * the store: one limit, so that none of these accepts a file that the others refuse. */
#define METADATA_MAX_BYTES (8 * 1024 * 1024)
/* Of each field that may occur more than once. */
#define METADATA_FIELDS_MAX 10000

struct metadata {
    char *name;    /* as written */
    char *project; /* normalised */
    struct version version;
    char *requires_python; /* as written, not parsed; NULL: any */
    struct requirement *requires;
    size_t require_count;
    char **extras; /* normalised; an extra without a valid name cannot be asked for, and is left out */
    size_t extra_count;
};

#define CLEANUP_METADATA __attribute__((cleanup(metadata_release)))

/* Returns 0; -1 with what is wrong, and in which line, in `error` (may be NULL). In both cases `out` can be
 * released. Name, Version and every Requires-Dist must be valid, and UTF-8. */
int metadata_parse(const char *text, size_t len, struct metadata *out, struct buf *error);
void metadata_release(struct metadata *metadata);
/* `extra` is normalised. */
bool metadata_has_extra(const struct metadata *metadata, const char *extra);

#endif
