/* Asking a running Yizhan over HTTP, this machine's or another: for commands that fill a store in advance.
 * Many requests at a time on one thread, which is the caller's: answers come while it steps. Nothing is
 * tried twice here but what met an idle connection that the other side had closed; a Yizhan tries its
 * upstreams by itself. Redirects are followed where they stay on the server: to the name it has itself for
 * what was asked for.
 *
 *     http_client_new("http://127.0.0.1:8080", &options, &client, &error)
 *     http_client_ask(client, &request, on_answer, arg)      any number; later ones wait for their turn
 *     while (http_client_busy(client)) http_client_step(client, 200)
 *     http_client_free(&client)                               requests without an answer get none */
#ifndef UPSTREAMS_HTTP_CLIENT_H
#define UPSTREAMS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct http_client;

struct http_client_options {
    size_t parallel; /* requests under way, at most 128; 0: 16 */
};

enum http_client_want {
    HTTP_CLIENT_HEAD,  /* no body */
    HTTP_CLIENT_BODY,  /* all of it, in memory, at most max_bytes */
    HTTP_CLIENT_TOUCH, /* the first byte only: a Yizhan sends it when the whole is verified */
};

struct http_client_request {
    const char *path;   /* "/simple/flask/", percent-encoded; copied */
    const char *accept; /* NULL: anything; copied */
    enum http_client_want want;
    /* Cache-Control: only-if-cached (RFC 9111, 5.2.1.7): nothing is fetched for it; 504 when not held. */
    bool held_only;
    size_t max_bytes; /* of HTTP_CLIENT_BODY, decoded */
};

struct http_client_answer {
    int status;       /* 0: there was no answer, or not a whole one; `trouble` says why. 206 becomes 200 */
    const char *body; /* with NUL behind it */
    size_t len;
    int64_t size_bytes; /* of the whole, -1: not said */
    const char *content_type;
    const char *digest; /* Docker-Content-Digest, "" */
    bool stored;        /* Cache-Status (RFC 9211) says that it came out of the store */
    /* For people: what went wrong in transfer, or the first line of an error in plain text or as registries
     * have it; "" */
    const char *trouble;
};

/* The answer lives as long as the call, which may ask further requests, but not free the client. */
typedef void (*http_client_visit)(void *arg, const struct http_client_answer *answer);

/* url: "http://host:port", "https://...", perhaps with a path, or "unix:/path". No proxies from the
 * environment for loopback and unix sockets. Returns 0; -1 with a sentence in `error` for a URL that is
 * none. */
int http_client_new(const char *url, const struct http_client_options *options, struct http_client **out,
                    struct buf *error);
void http_client_free(struct http_client **client);

void http_client_ask(struct http_client *client, const struct http_client_request *request,
                     http_client_visit visit, void *arg);
/* Some request has no answer yet. */
bool http_client_busy(const struct http_client *client);
/* Waits for something to happen, at most wait_ms, and does it. */
void http_client_step(struct http_client *client, int wait_ms);

#endif
