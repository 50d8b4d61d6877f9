/* One client request, from its request line to the end of its answer.
 *
 * A handler runs on a worker. It either queues an answer with respond_*() or waits for a fill with
 * request_wait(); after a wait it is called again from the top, so it keeps what it must remember in the
 * request (`step`, `fill`, request_state()) and looks everything else up again. */
#ifndef PROXY_HTTP_REQUEST_H
#define PROXY_HTTP_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "proxy/core/fill.h"
#include "proxy/core/proxy.h"
#include "proxy/http/target.h"
#include "storage/store.h"

enum request_how { HOW_OTHER, HOW_HIT, HOW_MISS, HOW_STALE, HOW_NEGATIVE };

struct request {
    struct proxy *proxy;
    struct site *site; /* reference, taken when the headers are complete */
    struct MHD_Connection *connection;
    struct client *client;
    char *raw_target;
    const char *method;
    const char *version; /* "HTTP/1.1" */
    struct target target;
    bool target_parsed;
    bool registry; /* its path is /v2 or below: errors have the form that registries give them */
    bool begun;    /* libmicrohttpd's first call has been */
    /* Cache-Control: only-if-cached (RFC 9111 section 5.2.1.7): it gets what the store has, at any age, or
     * 504. */
    bool held_only;
    bool evicted; /* the object is not held now, but was: request_note_not_held() */
    request_handler handler;

    /* The handler's own, kept over a wait. */
    int step;
    void *state;         /* request_state() */
    struct shared *kept; /* reference: found before the wait (document_kept()) */
    unsigned late;     /* not 0: too late for bytes that were passed through, it gets this fill of its own */
    struct fill *fill; /* reference: what it waits or waited for */
    bool collapsed;    /* the fill was begun for another request */
    struct waiter waiter;
    struct fill *reads;          /* reference: what its answer is read from */
    struct stream_reader reader; /* listed in reads->stream while reads is set */
    struct blob blob;            /* pinned while the answer is sent; its fd belongs to libmicrohttpd */

    /* For the access log and the counters. */
    enum request_how how;
    int status;
    int64_t body_bytes;
    int64_t started_us;
};

/* Memory in which the handler remembers more than `step` over a wait: zeroed when it is first asked for,
 * freed with the request. A handler asks for one kind of state only. */
void *request_state(struct request *request, size_t size_bytes);

bool request_is_head(const struct request *request);
/* True if nothing may be fetched for it, now or in the background: because of mirror.conf, or the client. If
 * it is the client (request->held_only), an answer from memory does not count either: it may still fail to be
 * stored. */
bool request_offline(const struct request *request);
/* Notes that the store does not hold this entry, which the request is about (not one that was only looked at
 * on the way): if the client asks for held content only, the answer tells whether that was evicted. */
void request_note_not_held(struct request *request, const char *space, const char *key);
/* The first header line of that name, or NULL. */
const char *request_header(struct request *request, const char *name);
/* All header lines of that name: up to max pointers. Returns how many. */
size_t request_header_lines(struct request *request, const char *name, const char **lines, size_t max);

/* Remembers the fill (takes the reference; an earlier one is dropped) and suspends the request until what it
 * waits for has come. Returns true if it waits: return MHD_YES. Returns false if that has come already, or
 * the server is stopping. */
bool request_wait(struct request *request, struct fill *fill, enum wait_for what);
/* True if its last wait was for the fill of this key. */
bool request_waited_for(const struct request *request, const char *fill_key);
/* Why the fill that it waited for has failed, in heap memory; NULL if there is nothing to say. */
char *request_fill_reason(struct request *request);
/* Drops the fill that the request waited for. */
void request_forget_fill(struct request *request);

#endif
