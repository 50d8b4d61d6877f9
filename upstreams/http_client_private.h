/* Shared by http_client.c (requests and their turn) and http_client_transfer.c (one request under way). */
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
    char *socket_path; /* of a unix socket, or NULL */
    bool direct;       /* through no proxy, whatever the environment says */
};

struct http_client_entry {
    STAILQ_ENTRY(http_client_entry) queued;
    struct http_client_request request; /* its strings are heap memory */
    http_client_visit visit;
    void *arg;
};

/* A handle that is used for one request after the other. */
struct transfer {
    LIST_ENTRY(transfer) listed; /* idle, or running */
    const struct http_client_server *server;
    CURL *easy;

    /* of the request under way */
    struct http_client_entry *entry;
    char *url;
    int redirects;
    struct curl_slist *headers;
    bool fresh; /* sent again on a new connection, after an idle one proved dead */
    struct head head;
    bool head_ended;
    size_t kept_max; /* bytes of the body that are kept */
    bool bounded;    /* more is an error, and not dropped */
    int64_t received_bytes;
    int64_t enough_bytes; /* once there are more, the rest is not waited for */
    bool cut;             /* that happened: there is an answer, whatever curl says */
    int64_t heard_ms;     /* monotonic: when it was asked, or something came last */
    struct buf body;
    char curl_problem[CURL_ERROR_SIZE];
    struct buf problem; /* ours, goes before curl's */
};

struct transfer *transfer_new(const struct http_client_server *server);
void transfer_free(struct transfer *transfer);

/* Makes the handle ready for the request; it is then to be put in the loop. Takes the entry over. */
void transfer_begin(struct transfer *transfer, struct http_client_entry *entry);
/* curl is done. True: the handle is ready again, and is to be put in the loop once more. */
bool transfer_again(struct transfer *transfer, CURLcode result);
/* What came of it. Views into the transfer. */
void transfer_answer(struct transfer *transfer, CURLcode result, struct http_client_answer *answer);
/* Forgets the request. */
void transfer_end(struct transfer *transfer);

void http_client_entry_free(struct http_client_entry *entry);
/* There is no answer; `trouble`, which is not copied, says why. */
void http_client_answer_nothing(struct http_client_answer *answer, const char *trouble);

#endif
