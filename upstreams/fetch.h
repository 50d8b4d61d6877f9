/* Fetching one object from any of several upstreams.
 *
 * A fetcher owns the fetch thread: curl's multi interface on socket_action and epoll, and an eventfd
 * through which other threads give orders. A fetch asks its candidates one after the other, healthy
 * upstreams first. It follows redirects under a policy. When a transfer breaks in the middle, it continues
 * by Range on the same or another upstream; when the sink rejects the content, it starts again from byte 0
 * elsewhere. The sink gets the bytes in order, without gaps.
 *
 * All calls of the sink are made on the fetch thread and must not block. `finish` is the last call of
 * every fetch, and is always made, after fetch_cancel() too.
 *
 * The words of this engine (candidate, exchange, judgement, slot ...) are in the glossary of
 * docs/architecture.md.
 *
 * The meaning of an upstream's answer:
 *
 *   200                      bytes (206 for a request with a range: its start, end and total are checked)
 *   304                      FETCH_NOT_MODIFIED, when validators were sent
 *   404, 410                 absent: the next candidate; FETCH_NOT_FOUND when every healthy one says so
 *   401 with a scope         a token is fetched, or Basic credentials are used, and the request sent again
 *   401 to that              denied: the next candidate; FETCH_DENIED when nobody has it and one denies it
 *   401 403 405 407 429 5xx  this upstream's trouble: the next candidate
 *   broken transfers         the next candidate, from the offset reached
 *
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
    FETCH_REFUSED,     /* the sink could not take the bytes (disk) */
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
    FETCH_REJECT,  /* the content is wrong: start again elsewhere from byte 0 */
    FETCH_PENDING, /* fetch_decide() will follow */
};

struct fetch_sink_ops {
    /* A good answer that starts at byte 0; the sink must drop bytes it got before. Called for the first
     * answer, after a reject, after a body longer than allowed, and whenever a document breaks, since
     * nothing proves that two halves of a document belong together. Not called when a blob is continued.
     * Returns 0, or negative to give up the whole fetch (FETCH_REFUSED). */
    int (*begin)(void *sink, const struct fetch_answer *answer);
    /* Contiguous bytes, never more than max_bytes or the known length. Returns 0 to continue; 1 when they
     * were taken but no more may come before fetch_resume(), complete() included; negative to give up
     * (FETCH_REFUSED). */
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
    /* Validators for this candidate, sent with its first request only and only at offset 0; NULL: none. */
    const char *if_none_match;
    const char *if_modified_since;
    /* Registries: the scope a token must have, "repository:library/nginx:pull". NULL: there are no
     * credentials for this URL, and a 401 is the upstream's trouble. Authorization goes to the scheme,
     * host and port of `url` only. */
    const char *scope;
};

enum fetch_class {
    /* Small; may be compressed in transit (decoded bytes are counted); two more may run per upstream. */
    FETCH_DOCUMENT,
    /* Identity encoding, HTTP/1.1, can be continued by Range. */
    FETCH_BLOB,
};

struct fetch_options {
    const char *label; /* for the log: "file /packages/..." */
    enum fetch_class class;
    bool head;          /* HEAD: begin and complete are called, write is not */
    const char *accept; /* NULL: none sent */
    int64_t max_bytes;  /* decoded; -1: no limit */
    /* The length where it is known beforehand: an answer of another length is wrong. -1: unknown. */
    int64_t expected_bytes;
    const struct fetch_candidate *candidates;
    size_t candidate_count;
};

/* Starts the thread. Returns 0, or -1 with a sentence. */
int fetcher_start(struct fetcher **out, struct buf *error);
/* Cancels all fetches (their finish runs), ends the thread, frees. */
void fetcher_stop(struct fetcher **fetcher);

/* From any thread, between fetcher_start() and fetcher_stop(); no sink call is made from inside. Options
 * are copied, upstreams referenced. The handle is valid until finish() has returned: use it only under a
 * lock that finish() takes too. */
struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_options *options,
                          const struct fetch_sink_ops *ops, void *sink);
void fetch_cancel(struct fetch *fetch);
/* After write() returned 1. */
void fetch_resume(struct fetch *fetch);
/* After complete() returned FETCH_PENDING. */
void fetch_decide(struct fetch *fetch, enum fetch_decision decision);

#endif
