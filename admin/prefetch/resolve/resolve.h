/* Resolving: which versions of which projects a set of requirements means for one target, dependencies included, as
 * pip would install them into an empty environment there. Pure: pages and metadata come from a provider.
 *
 *     struct resolve_request request = {.requirements = roots, .requirement_count = 2, .target = &target,
 *                                       .provider = &provider};
 *     struct resolution *resolution;
 *     if (resolve(&request, &resolution, &error) < 0) ...
 *     for (size_t i = 0; i < resolution->count; i++) ... resolution->items[i].file
 *     resolution_free(resolution);
 *
 * The rules:
 *  - Of each project the newest version that fits. Where two wishes collide, the project that was chosen first is
 *    chosen again, after the one that found fault with it, and only if that does not help older versions of the
 *    latter are tried: so pip does. The search is complete: it fails only if there is no answer, or too many steps.
 *    (But for pre-releases and yanked files that would only count because a version which was not looked at asks
 *    for them: as in pip, a wish is judged together with the wishes that are there already.)
 *  - Versions that were given up wish for nothing. With pip up to 23.0 they still do, so it may end with older
 *    versions, or none.
 *  - A version counts if it has a wheel for the target, or an sdist, where those are allowed; a wheel comes first, and
 *    of wheels the one with the best tag, then the latest build, then the last of the page. Its file and its
 *    metadata must not require another Python. Metadata that cannot be read, or is of another project or version,
 *    rules a version out.
 *  - Pre-releases: enum resolve_prereleases. Yanked files (PEP 592): where wishes have "==" or "===", and match
 *    nothing else.
 *  - Extras: those that a version does not provide are noted and else ignored. Markers are asked with no extra and
 *    with each that is wanted.
 *  - Constraints say which versions may be taken, but want nothing.
 *  - Requirements by URL are an error at the top, and rule out a version that has one. */
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

/* Versions that are tried, each time they are. */
#define RESOLVE_STEPS_DEFAULT 200000
/* That can be part of one resolution: a bound for hostile indexes. */
#define RESOLVE_PROJECTS_MAX 20000

/* ---- asking ---- */

enum resolve_supply {
    RESOLVE_FAILED = -1, /* resolving ends with the reason */
    RESOLVE_HAVE = 0,
    RESOLVE_NONE =
        1, /* there is no such project; no metadata of this file can be had, so it cannot be taken */
};

/* All are called from within resolve() and resolve_session_run(), which ask for nothing again that they were given. */
struct resolve_provider {
    /* The page of a project (normalised); must stay as it is until resolution_free() and resolve_session_free(), or
     * resolve() has failed. */
    enum resolve_supply (*page)(void *arg, const char *project, const struct page **out, struct buf *error);
    /* Appends the core metadata of one file: of a wheel its METADATA, of an sdist what its build would say. */
    enum resolve_supply (*metadata)(void *arg, const char *project, const struct page_file *file,
                                    struct buf *out, struct buf *error);
    /* May be NULL. The pages of these projects will be wanted soon; each project is named once. */
    void (*coming)(void *arg, const char *const *projects, size_t count);
    void *arg;
};

/* What the user wants, or a constraint. */
struct resolve_requirement {
    const struct requirement *requirement;
    const char *origin;            /* for messages: "requirements.txt:4", "the command line" */
    const struct checksum *hashes; /* none: any file; else a file must have one of them on its page */
    size_t hash_count;
};

enum resolve_prereleases {
    /* As pip up to 25: where a wish names one, or a project has nothing else and no wish names any version. */
    RESOLVE_PRERELEASES_PIP,
    /* PEP 440: where a wish names one, or nothing else matches. */
    RESOLVE_PRERELEASES_IF_NEEDED,
    RESOLVE_PRERELEASES_ALL, /* pip's --pre */
};

/* Whose wheels or sdists may not be taken: normalised projects and ":all:". The project's own name counts before ":all:",
 * and "only_binary" before "no_binary", as in pip's FormatControl. */
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
    bool sdists;         /* may be taken where there is no wheel, or it may not be taken */
    bool without_deps;   /* only what is required itself; no metadata is asked for */
    bool require_hashes; /* nothing is taken that has no hash above (pip's --require-hashes) */
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
    const char *wanted_by; /* the first of those who want it: "requirements.txt:4", "flask 3.0" */
};

struct resolution {
    struct resolved *items; /* by project */
    size_t count;
    const char *const *notes; /* sentences: extras that do not exist, yanked files that were taken */
    size_t note_count;
    size_t steps;
    struct arena arena;
};

/* Returns 0 with *out for resolution_free(). -1 with lines in `error`: the requirements that conflict and who has
 * them, or what the provider failed with. */
int resolve(const struct resolve_request *request, struct resolution **out, struct buf *error);
void resolution_free(struct resolution *resolution);

/* For many sets of requirements of which all else is the same: reads each page and each metadata only once. `common` is
 * copied without its requirements; what it points to must live as long. */
struct resolve_session;
struct resolve_session *resolve_session_new(const struct resolve_request *common);
/* As resolve(); the requirements may go afterwards. */
int resolve_session_run(struct resolve_session *session, const struct resolve_requirement *requirements,
                        size_t count, struct resolution **out, struct buf *error);
void resolve_session_free(struct resolve_session **session); /* NULL inside is nothing */

/* Calls `visit` for each version of a project that the requirements and constraints of the request for it allow and that
 * has a file for the target, newest first, until it returns non-zero. Dependencies and metadata are not looked at. Returns
 * that, 0, or -1 with a sentence. */
int resolve_each_version(const struct resolve_request *request, const char *project,
                         int (*visit)(void *arg, const char *version), void *arg, struct buf *error);

#endif
