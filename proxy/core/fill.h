/* The fill: one running fetch of one blob or document, shared by all requests for it until it ends.
 *
 *     fill = fill_join(fills, key, &created);
 *     if (created)
 *         ... start the work that will settle it ...
 *     lock; while not what we need: fill_wait_locked(fill, waiter) and return to libmicrohttpd; unlock
 *     shared_unref(&fill->shared)
 *
 * A request that waits is *suspended* in libmicrohttpd: it costs no thread. It is resumed exactly once, under
 * the lock that registered it, and its handler runs again from the top. */
#ifndef PROXY_CORE_FILL_H
#define PROXY_CORE_FILL_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/lock.h"
#include "proxy/core/memcache.h"
#include "proxy/core/stream.h"
#include "upstreams/fetch.h"

struct client;
struct fill;
struct fills;

#define FILLS_MAX 4096

enum fill_state {
    FILL_STARTING,  /* no answer yet */
    FILL_STREAMING, /* a blob's length is known, its bytes are coming */
    FILL_DONE,      /* everything is here and verified */
    FILL_FAILED,    /* outcome and reason say why */
};

/* The event that ends a wait. */
enum wait_for {
    WAIT_FOR_BYTES, /* any change */
    WAIT_FOR_START, /* the fill has left STARTING */
    WAIT_FOR_END,   /* it is DONE or FAILED */
};

/* One suspended request. Part of the request or the reader; guarded by the fill's lock. */
struct waiter {
    struct waiter *prev, *next;
    struct MHD_Connection *connection;
    struct client *client;
    int fd;
    enum wait_for what;
    uint64_t wait; /* numbers the waits of the fill; ascending in its list */
    bool listed;
    bool gone; /* the client hung up while it waited */
};

/* The thing that a blob fill brings, as clients name it: for /fills. */
enum fill_kind { FILL_KIND_NOT_SHOWN, FILL_KIND_FILE, FILL_KIND_METADATA, FILL_KIND_BLOB };
struct fill_subject {
    enum fill_kind kind;
    const char *path;       /* FILE, METADATA: where this server serves it */
    const char *registry;   /* BLOB: its name in mirror.conf */
    const char *repository; /* BLOB: "library/nginx"; NULL if all images of the registry share the fill */
    const char *digest;     /* BLOB: "sha256:..." */
};

struct fill {
    struct shared shared;
    UT_hash_handle hh;
    struct fills *fills; /* set once */
    char *key;           /* set once */
    char *made_for;      /* blob fills: the entry for which it was begun; NULL before the fetch */

    struct lock lock;            /* guards all below */
    struct fill_subject subject; /* blob fills, once they have begun: fill_describe_locked() */
    struct arena subject_memory;
    enum fill_state state;
    enum fetch_outcome outcome; /* when DONE or FAILED */
    bool followed;              /* blob fills: some request has joined it */
    char *reason;               /* for people; NULL if there is nothing to say; set before when given up */
    struct shared *product;     /* document fills: what was made of the bytes; may be NULL */
    struct fetch *fetch;        /* NULL when none is running */
    struct waiter *waiters;
    uint64_t waits;          /* how many there have been */
    struct stream stream;    /* blob fills */
    int64_t lonely_since_ms; /* monotonic; 0 while somebody reads or waits */
    int64_t woken_bytes;     /* stream.ready_bytes at the last wake */
    int64_t woken_at_ms;
};

struct fills *fills_new(void);
/* All fills must have left the table. */
void fills_free(struct fills *fills);

/* Returns the running fill of this key with a reference for the caller, or a new one in state STARTING. NULL
 * when FILLS_MAX are running already: clients that keep asking for new things and hang up must not pile them
 * up. */
struct fill *fill_join(struct fills *fills, const char *key, bool *created);
/* Returns a running fill with a reference for the caller, or NULL. */
struct fill *fill_find(struct fills *fills, const char *key);

/* Says what the fill brings. Copies the strings. Once. */
void fill_describe_locked(struct fill *fill, const struct fill_subject *subject);

/* Suspends the request until what it waits for has come. Returns false without suspending it if that has come
 * already (for WAIT_FOR_BYTES the caller has checked), or the server is stopping. */
bool fill_wait_locked(struct fill *fill, struct waiter *waiter, enum wait_for what);
/* Takes the waiter off the list if it is there: its request has ended. */
void fill_forget(struct fill *fill, struct waiter *waiter);
/* Resumes the requests whose wait is over. */
void fill_wake_locked(struct fill *fill);
/* Like fill_wake_locked(), but only when enough bytes or time have passed since the last wake. */
void fill_wake_in_steps_locked(struct fill *fill);

/* Settles the fill: sets state, outcome and reason (copied, may be NULL), wakes all waiters. product is taken
 * over (may be NULL). */
void fill_settle(struct fill *fill, enum fetch_outcome outcome, const char *reason, struct shared *product);
/* Takes a settled fill out of the table; once. Until then later requests see the result of a fill whose
 * commit is still under way. */
void fill_leave_table(struct fill *fill);
/* Settles the fill and takes it out of the table in one step: a request that it wakes, and that tries again,
 * does not find this one. */
void fill_end(struct fill *fill, enum fetch_outcome outcome, const char *reason, struct shared *product);

/* Calls visit for every fill in the table, outside the table's lock. */
void fills_each(struct fills *fills, void (*visit)(void *arg, struct fill *fill), void *arg);
/* Called every 200 ms from the main thread: late wakes, clients that hung up, fills that have lost all
 * clients. Fills of more than linger_bytes without a reader for linger_ms are cancelled. */
void fills_tick(struct fills *fills, int64_t linger_bytes, int64_t linger_ms);
/* From now on no request can wait: resumes all of them, and refuses new waits. */
void fills_stop(struct fills *fills);

#endif
