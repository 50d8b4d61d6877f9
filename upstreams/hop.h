/* One hop of an exchange: the URL of a request after the policy has looked at it.
 *
 * http and https only, no step down from https to http. A host that is a numeric address must be public,
 * unless the upstream is configured there; names are checked when they are resolved (exchange.c), except
 * behind a proxy, which resolves them itself: there the names of the machine itself are refused. */
#ifndef UPSTREAMS_HOP_H
#define UPSTREAMS_HOP_H

#include <stdbool.h>

struct buf;
struct upstream;

struct hop {
    char *url;    /* what is requested; no fragment */
    char *shown;  /* for people: no query (it may hold signatures), no user and password */
    char *host;   /* without brackets */
    char *origin; /* "https://host:443", in lower case: credentials belong to one */
    char *proxy;  /* "" when none */
    bool https;
    bool trusted; /* may go to an address that is not public */
};

#define HOP_INIT                                   \
    {                                              \
        NULL, NULL, NULL, NULL, NULL, false, false \
    }

/* The first hop. Returns 0, or -1 with the end of a sentence in `problem`, hop untouched. */
int hop_start(struct hop *hop, const struct upstream *upstream, const char *url, struct buf *problem);
/* Replaces the hop by where `location`, absolute or relative, leads from it. Returns likewise. */
int hop_follow(struct hop *hop, const struct upstream *upstream, const char *location, struct buf *problem);
void hop_release(struct hop *hop);

/* True when the URL leads to the upstream itself: scheme, host and port are those of its base_url. */
bool hop_is_home(const struct upstream *upstream, const char *url);

/* The proxy to use for a host: `configured` unless it is NULL, else what http_proxy, https_proxy, all_proxy
 * and no_proxy say, read as curl reads them. Heap memory owned by the caller, "" for none. */
char *hop_proxy(const char *configured, bool https, const char *host);

#endif
