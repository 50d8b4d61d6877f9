/* Shared by resolve.c (the search), project_choice.c (what there is of one project), conflict.c (who is to
 * blame) and explain.c (why there is no answer). All lives in the arena of one search, on one thread. */
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
    size_t room;
};
void pointers_add(struct pointers *pointers, void *item);

/* One requirement that somebody has: a release, the user, or a constraint. */
struct wish {
    const struct requirement *requirement;
    const struct release *parent; /* NULL: of the user */
    const char *origin;           /* then */
    bool constraint;
    struct resolve_node *node; /* whom it speaks of */
};

/* A wish that holds now, or (`extra`) that its project has this extra. */
struct edge {
    const struct wish *wish;
    const struct edge
        *because; /* the edge that asks for the extra the wish belongs to; of an extra, who asks */
    const char *extra;
};

/* Why a release has no file; the later, the closer to having one. */
enum trouble { TROUBLE_NONE, TROUBLE_WHEEL, TROUBLE_BINARY, TROUBLE_SDIST, TROUBLE_PYTHON, TROUBLE_HASH };

struct release {
    struct resolve_node *node;
    struct version version;
    const struct page_file *file;  /* the best that is there; NULL: none fits, see trouble */
    bool yanked;                   /* all that fit are */
    enum trouble trouble;          /* of the file that came closest */
    const char *wanted_python;     /* then */
    const struct page_file *sdist; /* one that fits but for being an sdist; NULL: none */
    int rank;                      /* of `file`: of its tag; sdists come last */
    struct wheel_name *wheel;      /* of `file`, to compare builds; NULL for an sdist */
    bool loaded;                   /* what follows */
    const char *refusal;           /* why it cannot be taken after all: "has metadata ..." */
    struct metadata metadata;
    struct wish *wishes; /* one for each metadata.requires */
};

/* A project. */
struct resolve_node {
    const char *project;
    bool announced; /* to the provider */
    bool loaded;    /* what follows */
    bool exists;
    bool wheels; /* may be taken */
    bool sdists;
    struct release **releases; /* newest first */
    size_t release_count;
    struct pointers constraints; /* struct wish; hold always */
    struct pointers hashed;      /* struct resolve_requirement that list hashes; hold always */
    size_t order;                /* among those the user wants; SIZE_MAX: he does not */

    /* The state of the search. */
    struct pointers edges;       /* struct edge, oldest first */
    struct pointers extras;      /* struct edge, each asks for an extra of its own */
    const struct release *pin;   /* NULL: not chosen */
    size_t level;                /* of the pin */
    size_t depth;                /* distance from the user, when it was last looked at */
    size_t deferred;             /* how late it was put back; 0: never */
    struct pointers found_fault; /* struct resolve_node for which it was put back */
    size_t failure;              /* number of the last dead end it had part in */
    size_t passed_over;          /* number of the choice in which it had no candidates */
    UT_hash_handle hh;
};

struct resolve_search {
    const struct resolve_request *request;
    struct resolve_node *nodes; /* by project */
    struct arena arena;
    struct pointers levels; /* struct level, the last is that of the last choice */
    struct pointers trail;  /* struct edge that hold, as they came */
    size_t steps;
    size_t deferrals;
    size_t failures;
    size_t choices;
    struct buf *error;
};

/* ---- project_choice.c ---- */

/* Never NULL; made if there is none yet. */
struct resolve_node *search_node(struct resolve_search *search, const char *project, size_t len);
/* Tells the provider of those that it does not know of yet. */
void nodes_announce(struct resolve_search *search, struct resolve_node *const *nodes, size_t count);
/* Each asks the provider if it was not asked. -1: it failed, with search->error. */
int node_load(struct resolve_search *search, struct resolve_node *node);
int release_load(struct resolve_search *search, struct release *release);
/* As if it had not been loaded: what its releases are depends on the hashes that are wanted. */
void node_unload(struct resolve_node *node);
/* 1: a marker, which may be NULL, holds for the target with this extra (NULL: none). -1 as marker_evaluate(). */
int search_applies(const struct resolve_search *search, const struct requirement *requirement,
                   const char *extra, struct buf *error);

/* What wishes and constraints of a node mean together. */
struct demand {
    const struct resolve_node *node;
    bool prereleases;
    bool yanked;
};
void demand_init(const struct resolve_search *search, const struct resolve_node *node, struct demand *out);
/* Does a release match all specifiers? */
bool node_matches(const struct resolve_node *node, const struct version *version);
/* ... and may be taken, as things stand. */
bool demand_takes(const struct demand *demand, const struct release *release);
/* Would be taken if others asked for yanked files or pre-releases? */
bool node_possible(const struct resolve_node *node);

/* ---- conflict.c ---- */

/* One line of an explanation: a wish, or a release that cannot be taken. */
struct cause {
    const struct wish *wish; /* NULL: release */
    const struct release *release;
    bool alike;  /* other releases of the same project have the same wish */
    bool others; /* and more of them have further wishes of this project, which are not told */
};

/* The choices that led to a dead end (levels, from 1), and what to tell about it. */
struct conflict {
    bool *levels; /* [level] */
    size_t level_room;
    struct cause *causes;
    size_t cause_count;
    struct resolve_node *defer; /* whom to choose later, instead of giving up the release */
};
void conflict_release(struct conflict *conflict);
void conflict_blame_level(struct conflict *conflict, size_t level);
/* The choices after an edge. */
void conflict_blame(struct conflict *conflict, const struct edge *edge);
void conflict_tell(struct conflict *conflict, const struct wish *wish, const struct release *release);
/* All edges and constraints of a node. */
void conflict_blame_node(struct conflict *conflict, const struct resolve_node *node);
void conflict_merge(struct conflict *conflict, const struct conflict *other);
/* The last level; 0: there is none. */
size_t conflict_last_level(const struct conflict *conflict);

/* ---- explain.c ---- */

void explain_conflict(const struct resolve_search *search, const struct conflict *conflict, struct buf *out);
/* "flask 3.0", "requirements.txt:4". */
void explain_who(const struct wish *wish, struct buf *out);

#endif
