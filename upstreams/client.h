/* Asking a running Yizhan over HTTP, this machine's or another: for commands that fill a store in advance. Many questions
 * at a time on one thread, which is the caller's: answers come while it steps. Nothing is tried twice here but what met an
 * idle connection that the other side had closed; a Yizhan tries its upstreams by itself. Redirects are followed where they
 * stay on the server: to the name it has itself for what was asked for.
 *
 *     client_new("http://127.0.0.1:8080", &options, &client, &error)
 *     client_ask(client, &question, on_answer, arg)      any number; later ones wait for their turn
 *     while (client_busy(client)) client_step(client, 200)
 *     client_free(&client)                               questions without an answer get none
 */
#ifndef UPSTREAMS_CLIENT_H
#define UPSTREAMS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct client;

struct client_options {
    size_t parallel; /* questions under way, at most 128; 0: 16 */
};

enum client_want {
    CLIENT_HEAD,  /* no body */
    CLIENT_BODY,  /* all of it, in memory, at most max_bytes */
    CLIENT_TOUCH, /* the first byte only: a Yizhan sends it when the whole is verified */
};

struct client_question {
    const char *path;   /* "/simple/flask/", percent-encoded; copied */
    const char *accept; /* NULL: anything; copied */
    enum client_want want;
    /* Cache-Control: only-if-cached (RFC 9111, 5.2.1.7): nothing is fetched for it; 504 when not held. */
    bool held_only;
    size_t max_bytes; /* of CLIENT_BODY, decoded */
};

struct client_answer {
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

/* The answer lives as long as the call, which may ask further questions, but not free the client. */
typedef void (*client_visit)(void *arg, const struct client_answer *answer);

/* url: "http://host:port", "https://...", perhaps with a path, or "unix:/path". No proxies from the environment for
 * loopback and unix sockets. Returns 0; -1 with a sentence in `error` for a URL that is none. */
int client_new(const char *url, const struct client_options *options, struct client **out, struct buf *error);
void client_free(struct client **client);

void client_ask(struct client *client, const struct client_question *question, client_visit visit, void *arg);
/* Some question has no answer yet. */
bool client_busy(const struct client *client);
/* Waits for something to happen, at most wait_ms, and does it. */
void client_step(struct client *client, int wait_ms);

#endif
