/* A small index in memory, and what resolving says about it. One line a release:
 *
 *     flask 3.0 >=3.8 : werkzeug>=3, click; extra async: asgiref, other
 *
 * project, version, flags, and behind " : " its requirements with ", " between them; each "; extra NAME:" begins
 * those of an extra. Flags: a set (">=3.8": requires-python of the page), "meta>=3.8" (of the metadata alone),
 * "yanked", "sdist" (instead of a wheel), "broken" (its metadata is none), "bare" (has no metadata), "failing" (its
 * metadata cannot be had now), "other" (has the metadata of another project), and tags such as
 * "cp310-cp310-win_amd64" instead of "py3-none-any". The SHA-256 of a file is that of its name. The project
 * "unreachable" has a page that cannot be had. */
#ifndef TESTS_UNIT_SUPPORT_UNIVERSE_H
#define TESTS_UNIT_SUPPORT_UNIVERSE_H

#include "admin/prefetch/resolve/resolve.h"

struct trial {
    const char *universe;
    const char *requirements; /* a line each; "#N" behind a blank lists the hash of the file named N */
    const char *constraints;  /* the same */
    const char *python;       /* "3.10" */
    const char *platform;     /* "linux_x86_64" */
    const char *only_binary;  /* one project or ":all:"; NULL: none */
    const char *no_binary;
    bool sdists;
    bool require_hashes;
    enum resolve_prereleases prereleases;
    size_t steps_max;
};

/* Resolves, and checks that the answer is "flask 3.0, werkzeug[x] 3.0.1". Requirements are from "r:<line>",
 * constraints from "c:<line>". */
void trial_gives(const struct trial *trial, const char *expected);
/* ... each requirement by itself, in one session: "flask 3.0, werkzeug 3.0.1 | flask 2.0, werkzeug 3.0.1 | none". */
void trial_gives_each(const struct trial *trial, const char *expected);
/* ... that there is none, and that the message has all these lines' texts. */
void trial_fails(const struct trial *trial, const char *const *texts);
/* ... that there is none, and that the message has no word that begins so. */
void trial_lacks(const struct trial *trial, const char *word);
#define FAILS(trial, ...) trial_fails(trial, (const char *const[]){__VA_ARGS__, NULL})

/* Of the last trial: notes, and which projects were announced and which pages asked for, in order, with ", ". */
const char *trial_notes(void);
const char *trial_announced(void);
const char *trial_pages(void);
const char *trial_metadata(void); /* names of files */
const char *trial_wanted_by(const char *project);

#endif
