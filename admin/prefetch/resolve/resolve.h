/* Resolving: which versions of which projects pip would install for a set of requirements into an empty
 * environment of one target, dependencies included. Pure: pages and metadata come from a provider.
 *
 *     struct resolve_request request = {.requirements = roots, .requirement_count = 2, .target = &target,
 *                                       .provider = &provider};
 *     struct resolution *resolution;
 *     if (resolve(&request, &resolution, &error) < 0) ...
 *     for (size_t i = 0; i < resolution->count; i++) ... resolution->items[i].file
 *     resolution_free(resolution);
 *
 * The rules:
 *  - Each project gets the newest version that fits. When two wishes collide, the project that was chosen
 *    first is chosen again after the one that found fault with it; only if that does not help are older
 *    versions of the latter tried, as in pip. The search is complete: it fails only when no answer exists, or
 *    after too many steps. (An exception, as in pip, is an answer with pre-releases or yanked files that only
 *    a version not yet looked at would allow: a wish is judged together with the wishes that are there
 *    already.)
 *  - Versions that were given up no longer wish for anything. In pip up to 23.0 they still do, so it may end
 *    with older versions, or without an answer.
 *  - A version can be chosen if it has a wheel for the target or an sdist, as far as those are allowed. A
 *    wheel is preferred to an sdist; of wheels, the one with the best tag, then the latest build, then the
 *    last on the page. Neither the file nor its metadata may require another Python. Metadata that cannot be
 *    read, or that is of another project or version, rules the version out.
 *  - Pre-releases: enum resolve_prereleases. Yanked files (PEP 592) are taken only where wishes have "==" or
 *    "===" and match nothing else.
 *  - Extras that a version does not provide are noted, and otherwise ignored. Markers are evaluated without
 *    an extra and with each extra that is wanted.
 *  - Constraints limit the versions of a project, but do not ask for it.
 *  - A requirement by URL is an error of the user's, and rules out a version that has one. */
#ifndef ADMIN_PREFETCH_RESOLVE_RESOLVE_H
#define ADMIN_PREFETCH_RESOLVE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/digest.h"

struct buf;
struct page;
struct page_file;
struct python_target;
struct requirement;

/* How many versions may be tried; one that is tried again counts again. */
#define RESOLVE_STEPS_DEFAULT 200000
/* Projects in one resolution, a bound for hostile indexes. */
#define RESOLVE_PROJECTS_MAX 20000

/* ---- asking ---- */

enum resolve_supply {
    RESOLVE_FAILED = -1, /* resolving ends with the reason */
    RESOLVE_HAVE = 0,
    RESOLVE_NONE = 1, /* no such project; no metadata of this file, so that it cannot be used */
};

/* All are called from within resolve() and resolve_session_run(), which never ask again for what they were
 * given. */
struct resolve_provider {
    /* The page of a project (normalised). It must not change before resolution_free() and
     * resolve_session_free(), or until resolve() has failed. */
    enum resolve_supply (*page)(void *arg, const char *project, const struct page **out, struct buf *error);
    /* Appends the core metadata of one file: METADATA of a wheel; of an sdist, what its build would give. */
    enum resolve_supply (*metadata)(void *arg, const char *project, const struct page_file *file,
                                    struct buf *out, struct buf *error);
    /* May be NULL. Tells that the pages of these projects will be asked for soon; each project is named
     * once. */
    void (*coming)(void *arg, const char *const *projects, size_t count);
    void *arg;
};

/* A requirement of the user's, or a constraint. */
struct resolve_requirement {
    const struct requirement *requirement;
    const char *origin;            /* for messages: "requirements.txt:4", "the command line" */
    const struct checksum *hashes; /* none: any file will do; else only one whose page has one of them */
    size_t hash_count;
};

enum resolve_prereleases {
    /* As pip up to 25: where a wish names one, or a project has nothing else and no wish names any
     * version. */
    RESOLVE_PRERELEASES_PIP,
    /* PEP 440: where a wish names one, or nothing else matches. */
    RESOLVE_PRERELEASES_IF_NEEDED,
    RESOLVE_PRERELEASES_ALL, /* pip's --pre */
};

/* Normalised projects, or ":all:", whose sdists (only_binary) or wheels (no_binary) may not be used. As in
 * pip's FormatControl the project's own name takes precedence over ":all:", and only_binary over
 * no_binary. */
struct resolve_formats {
    const char *const *only_binary;
    size_t only_binary_count;
    const char *const *no_binary;
    size_t no_binary_count;
};

struct resolve_request {
    const struct resolve_requirement *requirements;
    size_t requirement_count;
    const struct resolve_requirement *constraints;
    size_t constraint_count;
    const struct python_target *target;
    const struct resolve_provider *provider;
    struct resolve_formats formats;
    bool sdists;         /* are used where no wheel can be */
    bool without_deps;   /* only the requirements themselves; no metadata is asked for */
    bool require_hashes; /* each file must match a hash of its requirement (pip's --require-hashes) */
    enum resolve_prereleases prereleases;
    size_t steps_max; /* 0: RESOLVE_STEPS_DEFAULT */
};

/* ---- the answer ---- */

struct resolved {
    const char *project; /* normalised */
    const char *version; /* canonical */
    const struct page_file *file;
    const struct page_file *sdist; /* of the same version, allowed or not; NULL: none. May be `file` */
    const char *const *extras;     /* that are wanted and provided; normalised, sorted */
    size_t extra_count;
    const char *wanted_by; /* the first that wants it: "requirements.txt:4", "flask 3.0" */
};

struct resolution {
    struct resolved *items; /* by project */
    size_t count;
    const char *const *notes; /* sentences: extras that do not exist, yanked files that were used */
    size_t note_count;
    size_t steps;
    struct arena arena;
};

/* Returns 0 with *out for resolution_free(); -1 with lines in `error`: the requirements that conflict and
 * where they come from, or why the provider failed. */
int resolve(const struct resolve_request *request, struct resolution **out, struct buf *error);
void resolution_free(struct resolution *resolution);

/* For many sets of requirements that have all else in common: each page and each file's metadata is read
 * only once. `common` is copied without its requirements; what it points to must live as long. */
struct resolve_session;
struct resolve_session *resolve_session_new(const struct resolve_request *common);
/* As resolve(); the requirements may be freed afterwards. */
int resolve_session_run(struct resolve_session *session, const struct resolve_requirement *requirements,
                        size_t count, struct resolution **out, struct buf *error);
void resolve_session_free(struct resolve_session **session); /* NULL inside is nothing */

/* Calls `visit` for each version of a project that the requirements and constraints of the request for it
 * allow and that has a file for the target, newest first, until it returns non-zero. Dependencies and
 * metadata are not looked at. Returns that, 0, or -1 with a sentence. */
int resolve_each_version(const struct resolve_request *request, const char *project,
                         int (*visit)(void *arg, const char *version), void *arg, struct buf *error);

#endif
