/* Shared by http_client.c (requests and their turn) and http_client_transfer.c (one running request). */
#ifndef UPSTREAMS_HTTP_CLIENT_PRIVATE_H
#define UPSTREAMS_HTTP_CLIENT_PRIVATE_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "upstreams/head.h"
#include "upstreams/http_client.h"

/* Where the requests go. Set once. */
struct http_client_server {
    char *base;        /* "http://127.0.0.1:8080", without a slash at its end */
    char *socket_path; /* of a unix socket; NULL: TCP */
    bool direct;       /* ignores the proxies of the environment */
};

struct http_client_entry {
    STAILQ_ENTRY(http_client_entry) queued;
    struct http_client_request request; /* its strings are heap memory */
    http_client_visit visit;
    void *arg;
};

/* A curl handle, used for one request after the other. */
struct transfer {
    LIST_ENTRY(transfer) listed; /* idle, or running */
    const struct http_client_server *server;
    CURL *easy;

    /* the current request */
    struct http_client_entry *entry;
    char *url;
    int redirects;
    struct curl_slist *headers;
    bool fresh; /* sent again on a new connection, after an idle one proved dead */
    struct head head;
    bool head_ended;
    size_t kept_max; /* bytes of the body that are kept */
    bool bounded;    /* a longer body is an error, not just cut */
    int64_t received_bytes;
    int64_t enough_bytes; /* after more than this the rest is not read */
    bool cut;             /* that happened: the answer is good, though curl reports a write error */
    int64_t heard_ms;     /* monotonic: the last sign of life, or when it was asked */
    struct buf body;
    char curl_problem[CURL_ERROR_SIZE];
    struct buf problem; /* ours, preferred to that of curl */
};

struct transfer *transfer_new(const struct http_client_server *server);
void transfer_free(struct transfer *transfer);

/* Prepares the handle for the request; the caller adds it to the loop. Takes over the entry. */
void transfer_begin(struct transfer *transfer, struct http_client_entry *entry);
/* curl is done. True: the handle is prepared again, and the caller adds it to the loop again. */
bool transfer_again(struct transfer *transfer, CURLcode result);
/* The answer, as views into the transfer. */
void transfer_answer(struct transfer *transfer, CURLcode result, struct http_client_answer *answer);
/* Forgets the request; the handle can be used for the next one. */
void transfer_end(struct transfer *transfer);

void http_client_entry_free(struct http_client_entry *entry);
/* Makes an answer of status 0; `trouble`, which is not copied, says why. */
void http_client_answer_nothing(struct http_client_answer *answer, const char *trouble);

#endif
