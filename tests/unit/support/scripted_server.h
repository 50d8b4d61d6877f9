/* An HTTP server on 127.0.0.1 whose answers are a function of the test: it stalls, cuts, lies and redirects
 * as told. One thread per connection. */
#ifndef TESTS_SCRIPTED_SERVER_H
#define TESTS_SCRIPTED_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scripted_server;

struct scripted_request {
    struct scripted_server *server;
    int fd;
    int number;         /* of this request at this server, from 0 */
    int connection;     /* number of its connection, from 0 */
    const char *head;   /* all of it, as text */
    const char *target; /* "/x" */
    bool is_head;
    int64_t range_from; /* of "Range: bytes=N-"; -1 */
    void *arg;
};

/* Sends the answer. Returns true to keep the connection open. */
typedef bool scripted_answer(struct scripted_request *request);

struct scripted_server *scripted_start(scripted_answer *answer, void *arg);
/* Ends all connections and threads. */
void scripted_stop(struct scripted_server *server);
/* "http://<host>:<port><path>" in a buffer that lives as long as the server. */
const char *scripted_url(struct scripted_server *server, const char *host, const char *path);
int scripted_requests(struct scripted_server *server);
int scripted_connections(struct scripted_server *server);
/* The most requests that were being answered at one time. */
int scripted_most_parallel(struct scripted_server *server);
/* The head of a request that came, by number. */
const char *scripted_head(struct scripted_server *server, int number);

/* For answers. False when the client has gone. */
bool scripted_send(struct scripted_request *request, const void *data, size_t len);
bool scripted_printf(struct scripted_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Status, `headers` (lines that end in \r\n), Content-Length and body. Returns true. */
bool scripted_reply(struct scripted_request *request, int status, const char *headers, const void *body,
                    size_t len);
/* 200, or 206 when a range is asked for, as a good server answers. */
bool scripted_file(struct scripted_request *request, const char *headers, const void *body, size_t len);
/* Waits until scripted_release() or the end of the server. */
void scripted_hold(struct scripted_request *request);

/* For the test: waits until so many requests are held; lets all of them, and later ones, go on. */
void scripted_wait_held(struct scripted_server *server, int count);
void scripted_release(struct scripted_server *server);

#endif
