/* The event loop: curl's multi interface on curl_multi_socket_action and epoll. The fetch thread has one,
 * and so has each http_client. One thread makes all calls, except loop_wake(). Transfers are curl easy
 * handles. */
#ifndef UPSTREAMS_LOOP_H
#define UPSTREAMS_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct loop;

/* A transfer ended and has been removed from the loop. Called outside of curl, so it may add and remove
 * transfers. */
typedef void loop_done_fn(void *arg, CURL *easy, CURLcode result);

/* An easy handle with the options all of ours have: HTTP/1.1, our User-Agent, no redirects followed. Owned
 * by the caller. */
CURL *loop_easy_new(void);

/* Whether a transfer ended with `result` because it was sent on a connection that the other side had
 * closed while it was idle, as far as curl tells: nobody's failure. If no byte of an answer came, send it
 * again, once, on a new connection. */
bool loop_connection_was_dead(CURL *easy, CURLcode result);

/* Returns 0, or -1 with a sentence. */
int loop_new(struct loop **out, loop_done_fn *done, void *arg, struct buf *error);
/* All transfers must have been removed. */
void loop_free(struct loop *loop);

void loop_add(struct loop *loop, CURL *easy);
void loop_remove(struct loop *loop, CURL *easy);
/* Waits up to wait_ms (-1: without limit) for something to happen, and handles it. */
void loop_turn(struct loop *loop, int64_t wait_ms);
/* Ends the wait of the current or next turn. From any thread. */
void loop_wake(struct loop *loop);

#endif
