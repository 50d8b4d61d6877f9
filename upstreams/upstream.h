/* One server we may fetch from: its limits, its health, and what was learned about it. Shared between the
 * fetch thread and workers; reference-counted.
 *
 * Health: an upstream is healthy until it fails. Each failure in a row doubles the time (1 s to 5 min)
 * during which healthy ones are preferred to it. One good answer makes it healthy again. Failures during
 * that time do not count: ten parallel transfers that break together are one failure. */
#ifndef UPSTREAMS_UPSTREAM_H
#define UPSTREAMS_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct upstream_options {
    const char *name;      /* as in mirror.conf, for logs and metrics */
    const char *base_url;  /* its host may have a private address, and gets the credentials */
    const char *files_url; /* a second configured URL whose host may have a private address, or NULL */
    int connections;       /* parallel requests; documents may use two more (slots.h) */
    int connect_timeout_s;
    int first_byte_timeout_s;
    int stall_timeout_s;
    const char *proxy; /* NULL: as the environment says; "": none */
    /* Registries. */
    const char *username; /* NULL: anonymous */
    const char *password;
    /* Hosts outside the upstream's own domain whose token servers it may name; they may have private
     * addresses too. */
    const char *const *realms;
    size_t realm_count;
};

#define UPSTREAM_REST_MIN_MS 1000
#define UPSTREAM_REST_MAX_MS (300 * 1000)

struct upstream;

/* Copies the options. */
struct upstream *upstream_new(const struct upstream_options *options);
struct upstream *upstream_ref(struct upstream *upstream);
void upstream_unref(struct upstream *upstream);

/* Unique within the process, also among upstreams that are gone. */
uint64_t upstream_serial(const struct upstream *upstream);
const char *upstream_name(const struct upstream *upstream);
const struct upstream_options *upstream_get_options(const struct upstream *upstream);

bool upstream_healthy(struct upstream *upstream);
/* How much longer healthy upstreams are preferred to it, in milliseconds; 0 when it is healthy. */
int64_t upstream_resting_ms(struct upstream *upstream);
void upstream_note_success(struct upstream *upstream);
void upstream_note_failure(struct upstream *upstream);
/* It asked to be left alone for this time (Retry-After); at most UPSTREAM_REST_MAX_MS are granted. */
void upstream_note_busy(struct upstream *upstream, int64_t seconds);
/* The rest after the n-th failure in a row, n >= 1. */
int64_t upstream_rest_after_ms(unsigned failures);

/* The limit it last stated for our requests (ratelimit-limit, ratelimit-remaining); -1 each: never stated. */
struct upstream_quota {
    int64_t limit;
    int64_t remaining;
};
/* Numbers that are -1 change nothing. */
void upstream_note_quota(struct upstream *upstream, const struct upstream_quota *quota);
struct upstream_quota upstream_get_quota(struct upstream *upstream);

/* Where this upstream keeps package files: the URL that corresponds to "/packages/", ending in "/".
 * Learned from its own pages, or configured. The getter returns heap memory owned by the caller, or NULL.
 * Setting the same value again is cheap; returns true if the value changed. */
char *upstream_files_base(struct upstream *upstream);
bool upstream_set_files_base(struct upstream *upstream, const char *url);

/* True if a connection to this host may go to a private, loopback or link-local address, because the
 * configuration names the host for this upstream. An IPv6 address may be in brackets. */
bool upstream_trusts_host(const struct upstream *upstream, const char *host);

#endif
