/* The head of one answer, collected line by line as curl hands it over (RFC 9110, RFC 9112). Interim
 * answers (1xx) are forgotten when the next one starts; their lines still count towards the limits. */
#ifndef UPSTREAMS_HEAD_H
#define UPSTREAMS_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The header fields that are kept. Values are trimmed; absent ones are "". If a field is repeated the last
 * line wins, but WWW-Authenticate, Cache-Status and Link are lists: their lines are joined by ", ". */
#define HEAD_FIELDS(X)                                \
    X(location, "location")                           \
    X(content_type, "content-type")                   \
    X(content_encoding, "content-encoding")           \
    X(content_length_text, "content-length")          \
    X(content_range, "content-range")                 \
    X(transfer_encoding, "transfer-encoding")         \
    X(etag, "etag")                                   \
    X(last_modified, "last-modified")                 \
    X(retry_after, "retry-after")                     \
    X(www_authenticate, "www-authenticate")           \
    X(ratelimit_limit, "ratelimit-limit")             \
    X(ratelimit_remaining, "ratelimit-remaining")     \
    X(docker_content_digest, "docker-content-digest") \
    X(cache_status, "cache-status")                   \
    X(link, "link")

struct head {
    int status; /* 0 before the status line */
    size_t lines;
    size_t bytes;
    int64_t content_length; /* -1: not given, or overridden by chunked */
    bool chunked;
#define X(field, name) char *field;
    HEAD_FIELDS(X)
#undef X
};

void head_init(struct head *head);
void head_release(struct head *head);
/* Takes one line with its line end. Returns 1 when it ended the final head; 0 to continue; -1 with the end
 * of a sentence in `problem` when the head is too big or contradicts itself. */
int head_add_line(struct head *head, const char *line, size_t len, struct buf *problem);

/* True for 301, 302, 303, 307, 308 with a Location. */
bool head_redirects(const struct head *head);
/* True when the body has no content encoding. */
bool head_identity(const struct head *head);
/* Reads "bytes first-last/total". Returns 0; -1 for everything else, a total of "*" included. */
int head_content_range(const struct head *head, int64_t *first, int64_t *last, int64_t *total);
/* Seconds that Retry-After asks for, as a number or a date; -1 when it has neither. */
int64_t head_retry_after_s(const struct head *head);
/* The number at the start of a RateLimit header such as "98;w=21600"; -1 if there is none. */
int64_t head_leading_number(const char *value);
/* True for an ETag that names exact bytes: in quotes, without W/. */
bool head_etag_strong(const char *etag);

#endif
