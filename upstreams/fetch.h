/* Fetching one object from any of several upstreams.
 *
 * A fetcher owns the fetch thread: curl multi on socket_action + epoll, an eventfd queue for orders from
 * other threads. A *fetch* tries its candidates in order, healthy upstreams first. It follows redirects under
 * policy, goes on by Range on the same or another upstream when a transfer breaks in the middle, and starts
 * again from byte 0 on another upstream when the sink rejects what came. Bytes reach the sink contiguously,
 * in order.
 *
 * All sink calls are made on the fetch thread and must not block. `finish` is the last call of every fetch
 * and is always made, also after fetch_cancel().
 *
 * What an upstream's answer means:
 *   200                      bytes (206 when we asked for a range: status, start, end and total are checked)
 *   304                      FETCH_NOT_MODIFIED, when validators were sent
 *   404, 410                 "not here": the next candidate; FETCH_NOT_FOUND when every healthy one said so
 *   401 with a scope         a token is fetched, or Basic credentials are sent, and the question asked again
 *   401 to that              "denied": the next candidate; FETCH_DENIED when no one has it and one denies it
 *   401 403 405 407 429 5xx  that upstream's trouble: the next candidate
 *   broken transfers         the next candidate, continuing at the offset reached
 * There are several rounds with short pauses; a fetch ends FETCH_UNAVAILABLE when they are used up. */
#ifndef UPSTREAMS_FETCH_H
#define UPSTREAMS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct fetcher;
struct fetch;
struct upstream;

enum fetch_outcome {
    FETCH_OK,           /* every byte came and the sink accepted */
    FETCH_NOT_MODIFIED, /* 304 to our validators */
    FETCH_NOT_FOUND,
    FETCH_DENIED,      /* nobody has it, or it needs other credentials */
    FETCH_UNAVAILABLE, /* no upstream could serve it now */
    FETCH_TOO_LARGE,   /* more than max_bytes, everywhere */
    FETCH_REFUSED,     /* the sink would not take the bytes (disk) */
    FETCH_CANCELLED,
};

const char *fetch_outcome_name(enum fetch_outcome outcome);

/* The head of a good answer. Strings live as long as the callback. Absent headers are "". */
struct fetch_answer {
    struct upstream *upstream;
    const char *url;          /* after redirects */
    const char *content_type; /* as sent */
    const char *etag;         /* as sent, with quotes and W/ */
    const char *last_modified;
    const char *digest; /* Docker-Content-Digest */
    const char *link;
    int64_t total_bytes; /* of the whole object; -1 unknown */
};

enum fetch_decision {
    FETCH_ACCEPT,
    FETCH_REJECT,  /* the content is wrong: begin again elsewhere from byte 0 */
    FETCH_PENDING, /* fetch_decide() will tell */
};

struct fetch_sink_ops {
    /* The first good answer of an attempt that starts at byte 0: what came before is void. That is so after a
     * reject, after a body that was longer than it may be, when nothing had come yet, and whenever a document
     * breaks, since nothing proves that two halves of it belong together. Not called when a blob is
     * continued. Returns 0, or negative to give up the whole fetch (FETCH_REFUSED). */
    int (*begin)(void *sink, const struct fetch_answer *answer);
    /* Contiguous bytes, never more than max_bytes or the length known. 0: go on; 1: taken, but pause until
     * fetch_resume(), complete() waits as well; negative: give up (FETCH_REFUSED). */
    int (*write)(void *sink, int64_t offset, const void *data, size_t len);
    /* All bytes of the object came (length checked). */
    enum fetch_decision (*complete)(void *sink);
    /* answer is NULL unless FETCH_OK or FETCH_NOT_MODIFIED. `reason` is one sentence for people, "" if none.
     * The sink is not touched afterwards; the fetch is freed by the fetcher. */
    void (*finish)(void *sink, enum fetch_outcome outcome, const struct fetch_answer *answer,
                   const char *reason);
};

struct fetch_candidate {
    struct upstream *upstream;
    const char *url;
    /* Validators to send to this candidate (only in its first attempt, at offset 0); NULL: none. */
    const char *if_none_match;
    const char *if_modified_since;
    /* Registries: what a token must be good for, "repository:library/nginx:pull". NULL: this upstream asks for
     * none, and a 401 is its trouble. Authorization goes to the scheme, host and port of `url` only. */
    const char *scope;
};

enum fetch_class {
    FETCH_DOCUMENT, /* small, may be compressed in transit (decoded bytes are counted); own allowance per
                       upstream */
    FETCH_BLOB,     /* identity encoding, HTTP/1.1, resumable */
};

struct fetch_options {
    const char *label; /* for the log: "file /packages/..." */
    enum fetch_class class;
    bool head;              /* HEAD: begin and complete are called, write is not */
    const char *accept;     /* NULL: none sent */
    int64_t max_bytes;      /* decoded; -1: no limit */
    int64_t expected_bytes; /* what is known of the length beforehand: an answer that differs is wrong; -1
                               unknown */
    const struct fetch_candidate *candidates;
    size_t candidate_count;
};

/* Starts the thread. Returns 0, or -1 with a sentence. */
int fetcher_start(struct fetcher **out, struct buf *error);
/* Cancels all fetches (their finish runs), ends the thread, frees. */
void fetcher_stop(struct fetcher **fetcher);

/* From any thread, never before fetcher_start() or after fetcher_stop(); calls nothing back by itself.
 * Options are copied, upstreams referenced. The handle is valid until finish() has returned: only use it
 * under a lock that finish() also takes. */
struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_options *options,
                          const struct fetch_sink_ops *ops, void *sink);
void fetch_cancel(struct fetch *fetch);
/* After write() returned 1. */
void fetch_resume(struct fetch *fetch);
/* After complete() returned FETCH_PENDING. */
void fetch_decide(struct fetch *fetch, enum fetch_decision decision);

#endif
