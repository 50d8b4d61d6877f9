/* The page `/`, for people: how to point pip, uv and docker here, whether the upstreams answer, and what the
 * store holds. English and Chinese side by side, complete in itself: it loads nothing from anywhere. Hits,
 * misses and the like come from base/counters.h. */
#ifndef PROXY_STATUS_PAGE_H
#define PROXY_STATUS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct status_upstream {
    const char *name;
    const char *url;
    bool healthy;
};

struct status_input {
    const char *scheme;        /* "http" or "https", as the client sees it */
    const char *host;          /* the client's Host header, or NULL; never trusted */
    const char *fallback_host; /* "127.0.0.1:8080": shown if `host` is missing or malformed */
    bool pypi;                 /* packages are served */
    bool registries;           /* images are served */
    const struct status_upstream *upstreams;
    size_t upstream_count;
    int64_t store_bytes;
    int64_t store_max_bytes;
    int64_t store_blobs;
    int64_t uptime_s;
    bool offline;
};

#define STATUS_CONTENT_TYPE "text/html; charset=utf-8"

/* Appends the page. */
void status_page(struct buf *out_html, const struct status_input *input);
/* Appends "ok\n": the process answers. It says nothing about upstreams, because a restart would not help with
 * their failures. */
void status_health(struct buf *out);

#endif
