/* A sink that keeps what a fetch brings, and does as the test says; and short ways to start fetches. */
#ifndef TESTS_FETCH_SINK_H
#define TESTS_FETCH_SINK_H

#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/lock.h"
#include "upstreams/fetch.h"
#include "upstreams/upstream.h"

#define SINK_CANDIDATES_MAX 4

struct sink {
    /* what the test wants, set before the fetch */
    const char *want; /* complete() rejects other content; NULL: accepts all */
    size_t want_len;
    bool pending; /* complete() says FETCH_PENDING */
    bool begin_fails;
    int pause_every; /* write() number n, 2n, ... returns 1; 0: never */
    int fail_write;  /* write() number n returns -1; 0: never */

    struct lock lock;
    pthread_cond_t changed;

    /* guarded by lock */
    struct buf data;
    int begins;
    int writes;
    int pauses;
    int completes;
    int finishes;
    int64_t total_bytes; /* as the last begin() was told */
    bool answered;       /* finish() came with an answer */
    enum fetch_outcome outcome;
    char *reason;
    char *url; /* of the last answer */
    char *etag;
    char *digest;
    char *link;
    const char *upstream; /* name of the last answer's */
};

void sink_init(struct sink *sink);
void sink_release(struct sink *sink);
extern const struct fetch_sink_ops sink_ops;

/* Waits until finish(). */
enum fetch_outcome sink_wait(struct sink *sink);
/* Wait until at least so many have been seen. */
void sink_wait_writes(struct sink *sink, int count);
void sink_wait_pauses(struct sink *sink, int count);
void sink_wait_completes(struct sink *sink, int count);
/* True when the sink has exactly these bytes. */
bool sink_holds(struct sink *sink, const void *data, size_t len);

/* An upstream with 4 connections, configured at `base_url`, which is trusted; `timeout_s` is for all it does.
 */
struct upstream *test_upstream(const char *name, const char *base_url, int timeout_s);
/* A blob, without limits; candidates to be added. */
struct fetch_options test_blob(struct fetch_candidate *candidates, size_t count);

/* Bytes that differ everywhere, so that a shift is noticed. Heap memory. */
char *test_bytes(size_t len);

#endif
