/* Sets of version specifiers, such as ">=1.2, !=1.3.*, <2": PEP 440, section "Version specifiers". Used by
 * requirements, markers and a page's requires-python.
 *
 * Answers are those of `SpecifierSet(set).contains(version, prereleases=...)` of Python's `packaging` 23.0,
 * with these exceptions, where that differs from PEP 440:
 *  - "==1!2.0.*" and "~=1!2.0" know that an epoch is not part of the release (as from `packaging` 24.0 on);
 *  - "~=1.0-c1" means the same as "~=1.0rc1": how a suffix is spelled does not change the prefix (there, "c1"
 *    is taken for a number of the release, and "~=1.0c1" for ">=1.0c1, ==1.0.*");
 *  - "===" with a text that is not a version does not name a pre-release (there: an exception), and "==="
 *    with nothing is an error.
 * And an order or "compatible" comparison never takes a local version, a wildcard is for == and != only. */
#ifndef FORMATS_PYTHON_SPECIFIER_H
#define FORMATS_PYTHON_SPECIFIER_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/python/version.h"

/* Of one set. */
#define SPECIFIERS_MAX 1000

enum specifier_operator {
    SPECIFIER_COMPATIBLE,    /* ~= */
    SPECIFIER_ARBITRARY,     /* === */
    SPECIFIER_EQUAL,         /* == */
    SPECIFIER_NOT_EQUAL,     /* != */
    SPECIFIER_LESS_EQUAL,    /* <= */
    SPECIFIER_GREATER_EQUAL, /* >= */
    SPECIFIER_LESS,          /* < */
    SPECIFIER_GREATER,       /* > */
};

/* For ARBITRARY, `version` is set if the text is a version (otherwise its text[0] is NUL), and `arbitrary` is
 * the text as written. */
struct specifier {
    enum specifier_operator op;
    bool wildcard; /* "==1.2.*": only the release of `version` is compared */
    struct version version;
    char *arbitrary; /* owned; NULL for all other operators */
};

/* All must match; the empty set matches everything. */
struct specifier_set {
    struct specifier *items;
    size_t count;
};

#define SPECIFIER_SET_INIT \
    {                      \
        NULL, 0            \
    }
#define CLEANUP_SPECIFIER_SET __attribute__((cleanup(specifier_set_release)))

/* Whether pre-releases may match. BY_SET: only when the set itself names one after ==, ===, ~=, >= or <=.
 *
 * PEP 440 also takes pre-releases if nothing else matches. Only a caller that has all versions can know that,
 * and asks again with ALLOWED; pip does so for an empty set only. */
enum prereleases { PRERELEASES_BY_SET, PRERELEASES_REFUSED, PRERELEASES_ALLOWED };

/* Reads specifiers with commas between them; an empty text and empty pieces are fine. Returns 0; -1 with
 * column and what was expected in `error` (may be NULL), and an empty set. */
int specifier_set_parse(const char *text, size_t len, struct specifier_set *out, struct buf *error);
void specifier_set_release(struct specifier_set *set);
bool specifier_set_contains(const struct specifier_set *set, const struct version *version,
                            enum prereleases prereleases);
/* Does the set name a pre-release (see BY_SET)? */
bool specifier_set_names_prerelease(const struct specifier_set *set);
/* Appends ">=1.2,!=1.3.*", in the order of reading, versions in canonical form. */
void specifier_set_print(const struct specifier_set *set, struct buf *out);

/* For larger grammars. specifier_operator_scan() returns the operator at the cursor, or -1 with nothing
 * taken. specifier_scan() reads the version after it, whitespace first; on success `out` must be added to a
 * set or released. */
int specifier_operator_scan(struct scan *scan);
const char *specifier_operator_text(enum specifier_operator op);
int specifier_scan(struct scan *scan, enum specifier_operator op, struct specifier *out);
void specifier_release(struct specifier *specifier);
/* Takes over the memory of `specifier`, also on failure: -1 if the set is full. */
int specifier_set_add(struct specifier_set *set, struct specifier *specifier, struct scan *scan);
/* Whether it matches, pre-releases allowed. */
bool specifier_matches(const struct specifier *specifier, const struct version *version);

#endif
