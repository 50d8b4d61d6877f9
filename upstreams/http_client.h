/* A client of a running Yizhan, on this machine or another: for the commands that fill a store in advance.
 * Many requests run at a time, on the thread of the caller: answers come while it steps. A request is
 * repeated only when it met an idle connection that the other side had closed, since a Yizhan tries its
 * upstreams by itself. Redirects are followed within the server: they lead to its own name for the thing
 * that was asked for.
 *
 *     http_client_new("http://127.0.0.1:8080", &options, &client, &error)
 *     http_client_ask(client, &request, on_answer, arg)      any number; they wait for their turn
 *     while (http_client_busy(client)) http_client_step(client, 200)
 *     http_client_free(&client)                              requests without an answer get none */
#ifndef UPSTREAMS_HTTP_CLIENT_H
#define UPSTREAMS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct http_client;

struct http_client_options {
    size_t parallel; /* requests at a time, at most 128; 0: 16 */
};

enum http_client_want {
    HTTP_CLIENT_HEAD,  /* no body */
    HTTP_CLIENT_BODY,  /* the complete body, in memory, at most max_bytes */
    HTTP_CLIENT_TOUCH, /* the first byte only: a Yizhan sends it after it has verified the whole */
};

struct http_client_request {
    const char *path;   /* "/simple/flask/", percent-encoded; copied */
    const char *accept; /* NULL: anything; copied */
    enum http_client_want want;
    /* Cache-Control: only-if-cached (RFC 9111 section 5.2.1.7): nothing is fetched for it; 504 when not
     * held. */
    bool held_only;
    size_t max_bytes; /* of HTTP_CLIENT_BODY, decoded */
};

struct http_client_answer {
    int status;       /* 0: no answer, or an incomplete one; `trouble` says why. 206 becomes 200 */
    const char *body; /* followed by NUL */
    size_t len;
    int64_t size_bytes; /* of the complete file; -1: not stated */
    const char *content_type;
    const char *digest; /* Docker-Content-Digest; "": none */
    bool stored;        /* according to Cache-Status (RFC 9211) it came out of the store */
    bool evicted;       /* according to Cache-Status it was in the store, and has been evicted */
    /* For people: the problem of the transfer, or the first line of an error, sent as plain text or as
     * registries do; "" */
    const char *trouble;
};

/* The answer lives as long as the call, which may make further requests, but not free the client. */
typedef void (*http_client_visit)(void *arg, const struct http_client_answer *answer);

/* url: "http://host:port", "https://...", with or without a path, or "unix:/path". The proxies of the
 * environment are not used for loopback and unix sockets. Returns 0; -1 with a sentence in `error` when
 * the URL cannot be that of a server. */
int http_client_new(const char *url, const struct http_client_options *options, struct http_client **out,
                    struct buf *error);
void http_client_free(struct http_client **client);

void http_client_ask(struct http_client *client, const struct http_client_request *request,
                     http_client_visit visit, void *arg);
/* True while a request has no answer yet. */
bool http_client_busy(const struct http_client *client);
/* Waits at most wait_ms for something to happen, and handles it. */
void http_client_step(struct http_client *client, int wait_ms);

#endif
