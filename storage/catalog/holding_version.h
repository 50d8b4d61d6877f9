/* Which versions of a project a name means, and which one a file is of. */
#ifndef STORAGE_CATALOG_HOLDING_VERSION_H
#define STORAGE_CATALOG_HOLDING_VERSION_H

#include <stdbool.h>

#include "formats/python/specifier.h"

struct buf;

/* PEP 440's specifiers, pre-releases included: "==3.0" is 3.0.0 too, "==3.*", ">=2,<3". Behind a single
 * "==" also what is no version by PEP 440, such as 2004d; that is compared as text. */
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

/* The version that a file's name says for this project; heap memory, or NULL. */
char *version_of_file(const char *project, const char *filename);

#endif
