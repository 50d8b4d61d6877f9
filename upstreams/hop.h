/* One hop of an exchange: a URL that the policy has allowed.
 *
 * http and https only, and never from https to http. A host that is a numeric address must be public,
 * unless the upstream is configured there. Names are checked when they are resolved (exchange_curl.c),
 * except with a proxy, which resolves them itself: then the names of this machine are refused. */
#ifndef UPSTREAMS_HOP_H
#define UPSTREAMS_HOP_H

#include <stdbool.h>

struct buf;
struct upstream;

struct hop {
    char *url;    /* the URL to request; no fragment */
    char *shown;  /* for people: no query (it may hold signatures), no user or password */
    char *host;   /* without brackets */
    char *origin; /* "https://host:443", in lower case: credentials belong to one */
    char *proxy;  /* "": none */
    bool https;
    bool trusted; /* may have an address that is not public */
};

#define HOP_INIT                                   \
    {                                              \
        NULL, NULL, NULL, NULL, NULL, false, false \
    }

/* The first hop. Returns 0; or -1 with the end of a sentence in `problem`, and the hop unchanged. */
int hop_start(struct hop *hop, const struct upstream *upstream, const char *url, struct buf *problem);
/* Replaces the hop by the one that `location`, absolute or relative to it, leads to. Returns as
 * hop_start(). */
int hop_follow(struct hop *hop, const struct upstream *upstream, const char *location, struct buf *problem);
void hop_release(struct hop *hop);

/* True when the URL leads to the upstream itself: scheme, host and port are those of its base_url. */
bool hop_is_home(const struct upstream *upstream, const char *url);

/* The proxy for a host: `configured` unless NULL, otherwise the one of http_proxy, https_proxy, all_proxy
 * and no_proxy, read as curl reads them. Heap memory owned by the caller, "" for none. */
char *hop_proxy(const char *configured, bool https, const char *host);

#endif
