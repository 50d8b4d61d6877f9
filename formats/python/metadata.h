/* Core metadata: the METADATA of a wheel, and what an index serves as "<file>.metadata" (PEP 658). Of its fields
 * only those that decide what is installed are kept. "Core metadata specifications", PEP 566, 643, 685.
 *
 * The fields are mail headers, read as Python's `email` does, which pip uses: names in any case, a line that begins
 * with a blank goes on with the line before (here: joined by one space), lines end in LF, CRLF or CR, and the first
 * line that is no header ends them all. Of a field that may stand once, the first counts. */
#ifndef FORMATS_PYTHON_METADATA_H
#define FORMATS_PYTHON_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/python/requirement.h"
#include "formats/python/version.h"

struct buf;

/* Of one METADATA or PKG-INFO file, whether it comes out of a wheel or an sdist, from an upstream, or from the
 * store: one limit, so that none of these accepts a file that the others refuse. */
#define METADATA_MAX_BYTES (8 * 1024 * 1024)
/* Of each field that may stand more than once. */
#define METADATA_FIELDS_MAX 10000

struct metadata {
    char *name;    /* as written */
    char *project; /* normalised */
    struct version version;
    char *requires_python; /* as written, not parsed; NULL: any */
    struct requirement *requires;
    size_t require_count;
    char **extras; /* normalised; those whose names are none cannot be asked for, and are left out */
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
