/* Shared by resolve.c (the search), project_choice.c (the releases of one project), conflict.c (which
 * choices are to blame) and explain.c (why no answer exists). All of it lives in the arena of one search,
 * on one thread. */
#ifndef ADMIN_PREFETCH_RESOLVE_RESOLVE_PRIVATE_H
#define ADMIN_PREFETCH_RESOLVE_RESOLVE_PRIVATE_H

#include <uthash.h>

#include "admin/prefetch/resolve/resolve.h"
#include "base/buf.h"
#include "formats/python/metadata.h"
#include "formats/python/page.h"
#include "formats/python/python_target.h"
#include "formats/python/specifier.h"
#include "formats/python/version.h"

struct resolve_node;
struct release;

/* A growing array of pointers. */
struct pointers {
    void **items;
    size_t count;
    size_t capacity;
};
void pointers_add(struct pointers *pointers, void *item);

/* One requirement, of a release or of the user's, or a constraint. */
struct wish {
    const struct requirement *requirement;
    const struct release *parent; /* NULL: the user's */
    const char *origin;           /* of the user's */
    bool constraint;
    struct resolve_node *node; /* the project that it is about */
};

/* A wish that holds now or, if `extra` is set, the demand for that extra of the project that the wish is
 * about. */
struct edge {
    const struct wish *wish;
    /* the edge that asks for the extra of this wish; of an extra, the edge that wants it */
    const struct edge *because;
    const char *extra;
};

/* Why a release has no file; the later in this list, the closer it came to having one. */
enum trouble { TROUBLE_NONE, TROUBLE_WHEEL, TROUBLE_BINARY, TROUBLE_SDIST, TROUBLE_PYTHON, TROUBLE_HASH };

struct release {
    struct resolve_node *node;
    struct version version;
    const struct page_file *file;  /* the best one; NULL: none fits, see trouble */
    bool yanked;                   /* all files that fit are yanked */
    enum trouble trouble;          /* of the file that came closest, while `file` is NULL */
    const char *wanted_python;     /* requires-python of that file */
    const struct page_file *sdist; /* one that fits, if sdists are allowed; NULL: none */
    int rank;                      /* of the tag of `file`; sdists come last */
    struct wheel_name *wheel;      /* of `file`, for comparing builds; NULL: an sdist */
    bool loaded;                   /* the members below are set */
    const char *refusal;           /* why it cannot be chosen after all: "has the metadata of ..." */
    struct metadata metadata;
    struct wish *wishes; /* one for each metadata.requires */
};

/* A project. */
struct resolve_node {
    const char *project;
    bool announced; /* to the provider */
    bool loaded;    /* the members up to release_count are set */
    bool exists;
    bool wheels;               /* may be used */
    bool sdists;               /* may be used */
    struct release **releases; /* newest first */
    size_t release_count;
    struct pointers constraints; /* struct wish; they always hold */
    struct pointers hashed;      /* struct resolve_requirement with hashes; they always hold */
    size_t order;                /* of the user's requirement for it; SIZE_MAX: none */

    /* The state of the search. */
    struct pointers edges;       /* struct edge, oldest first */
    struct pointers extras;      /* struct edge, one for each extra that is wanted */
    const struct release *pin;   /* NULL: not chosen */
    size_t level;                /* of the pin */
    size_t depth;                /* distance from the user's requirements, when it was last considered */
    size_t deferred;             /* number of its last deferral; 0: never deferred */
    struct pointers found_fault; /* struct resolve_node for which it was deferred */
    size_t failure;              /* number of the last dead end that it was part of */
    size_t passed_over;          /* number of the choice at which it had no candidates */
    UT_hash_handle hh;
};

struct resolve_search {
    const struct resolve_request *request;
    struct resolve_node *nodes; /* by project */
    struct arena arena;
    struct pointers levels; /* struct level, oldest choice first */
    struct pointers trail;  /* struct edge that hold, oldest first */
    size_t steps;
    size_t deferrals;
    size_t failures;
    size_t choices;
    struct buf *error;
};

/* ---- project_choice.c ---- */

/* Never NULL: creates the node if there is none yet. */
struct resolve_node *search_node(struct resolve_search *search, const char *project, size_t len);
/* Announces those projects to the provider that it has not been told of yet. */
void nodes_announce(struct resolve_search *search, struct resolve_node *const *nodes, size_t count);
/* Ask the provider, unless that was done before. -1: it failed, with search->error. */
int node_load(struct resolve_search *search, struct resolve_node *node);
int release_load(struct resolve_search *search, struct release *release);
/* Forgets the releases, since their files depend on the hashes that are wanted. */
void node_unload(struct resolve_node *node);
/* 1: the requirement has no marker, or one that holds for the target with this extra (NULL: none). -1 as
 * marker_evaluate(). */
int search_applies(const struct resolve_search *search, const struct requirement *requirement,
                   const char *extra, struct buf *error);

/* What the wishes and constraints of a node allow together. */
struct demand {
    const struct resolve_node *node;
    bool prereleases;
    bool yanked;
};
void demand_init(const struct resolve_search *search, const struct resolve_node *node, struct demand *out);
/* Does a release match all specifiers? */
bool node_matches(const struct resolve_node *node, const struct version *version);
/* ... and may be chosen, as pre-releases and yanked files are allowed now? */
bool demand_takes(const struct demand *demand, const struct release *release);
/* Could any release be chosen, if pre-releases and yanked files were allowed? */
bool node_possible(const struct resolve_node *node);

/* ---- conflict.c ---- */

/* One line of an explanation: a wish, or a release that cannot be chosen. */
struct cause {
    const struct wish *wish; /* NULL: release */
    const struct release *release;
    bool alike;  /* other releases of the same project have the same wish */
    bool others; /* and some of them have different wishes for this project, which are left out */
};

/* The choices that led to a dead end (levels, from 1), and how to explain it. */
struct conflict {
    bool *levels; /* [level] */
    size_t level_capacity;
    struct cause *causes;
    size_t cause_count;
    struct resolve_node *defer; /* the project to choose later, instead of giving up the release */
};
void conflict_release(struct conflict *conflict);
void conflict_blame_level(struct conflict *conflict, size_t level);
/* The choices that brought an edge. */
void conflict_blame(struct conflict *conflict, const struct edge *edge);
void conflict_tell(struct conflict *conflict, const struct wish *wish, const struct release *release);
/* All edges and constraints of a node. */
void conflict_blame_node(struct conflict *conflict, const struct resolve_node *node);
void conflict_merge(struct conflict *conflict, const struct conflict *other);
/* The last level to blame; 0: none. */
size_t conflict_last_level(const struct conflict *conflict);

/* ---- explain.c ---- */

void explain_conflict(const struct resolve_search *search, const struct conflict *conflict, struct buf *out);
/* "flask 3.0", "requirements.txt:4". */
void explain_who(const struct wish *wish, struct buf *out);

#endif
