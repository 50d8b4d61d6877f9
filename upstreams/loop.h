/* The event loop of the fetch thread: curl's multi interface on curl_multi_socket_action and epoll. One
 * thread calls everything here, except loop_wake(). Transfers are curl easy handles. */
#ifndef UPSTREAMS_LOOP_H
#define UPSTREAMS_LOOP_H

#include <curl/curl.h>
#include <stdint.h>

struct buf;
struct loop;

/* A transfer ended and has been taken out of the loop. Called outside of curl, so it may add and remove. */
typedef void loop_done_fn(void *arg, CURL *easy, CURLcode result);

/* A handle that is set up as all of ours are: HTTP/1.1 under our name, redirects left to the caller. Owned by the
 * caller. */
CURL *loop_easy_new(void);

/* Returns 0, or -1 with a sentence. */
int loop_new(struct loop **out, loop_done_fn *done, void *arg, struct buf *error);
/* All transfers must have been removed. */
void loop_free(struct loop *loop);

void loop_add(struct loop *loop, CURL *easy);
void loop_remove(struct loop *loop, CURL *easy);
/* Waits up to wait_ms (-1: for ever) for something to do, and does it. */
void loop_turn(struct loop *loop, int64_t wait_ms);
/* Ends the wait of the current or next turn. From any thread. */
void loop_wake(struct loop *loop);

#endif
