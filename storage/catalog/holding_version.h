/* The versions in a name like pypi:flask>=2, and the version in a file's name. */
#ifndef STORAGE_CATALOG_HOLDING_VERSION_H
#define STORAGE_CATALOG_HOLDING_VERSION_H

#include <stdbool.h>

#include "formats/python/specifier.h"

struct buf;

/* PEP 440's specifiers, pre-releases included: "==3.0" (which 3.0.0 matches), "==3.*", ">=2,<3". A single
 * "==" may also be followed by a text that is not a PEP 440 version, such as 2004d, which old projects
 * have; it is compared as text. */
struct version_choice {
    char *text;               /* as it is printed; NULL: all versions */
    char *literal;            /* what is compared as text; NULL: the set is asked */
    struct specifier_set set; /* empty with a literal */
};
#define VERSION_CHOICE_INIT            \
    {                                  \
        NULL, NULL, SPECIFIER_SET_INIT \
    }

/* An empty text means all. Returns 0, or -1 with a sentence's end in `error`. */
int version_choice_parse(const char *text, struct version_choice *out, struct buf *error);
void version_choice_release(struct version_choice *choice);
bool version_choice_has(const struct version_choice *choice, const char *version);

/* The version in the file's name, if that is of this project; heap memory, or NULL. */
char *version_of_file(const char *project, const char *filename);

#endif
