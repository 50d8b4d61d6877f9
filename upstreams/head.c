/* Pure but for the clock, which a Retry-After with a date needs. curl calls us line by line and has
 * refused what is not a header line; it does not mind how many there are, so the limits are here. Two
 * lengths that differ, or a transfer encoding other than chunked, mean that the server and something
 * before it disagree on where the body ends: such an answer is refused. */
#include "upstreams/head.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define HEAD_LINES_MAX 400
#define HEAD_BYTES_MAX (128 * 1024)
#define HEAD_VALUE_MAX 8192 /* a Location of URL_MAX_BYTES fits */

void head_init(struct head *head)
{
    memset(head, 0, sizeof(*head));
    head->content_length = -1;
#define X(field, name) head->field = xstrdup("");
    HEAD_FIELDS(X)
#undef X
}

void head_release(struct head *head)
{
#define X(field, name) \
    free(head->field); \
    head->field = NULL;
    HEAD_FIELDS(X)
#undef X
}

/* "HTTP/1.1 200 OK"; curl has refused every other form. A new status line replaces an interim answer, but
 * not its share of the limits. */
static void head_take_status_line(struct head *head, const char *line, size_t len)
{
    size_t lines = head->lines;
    size_t bytes = head->bytes;
    const char *space = memchr(line, ' ', len);

    head_release(head);
    head_init(head);
    head->lines = lines;
    head->bytes = bytes;
    for (const char *p = space ? space + 1 : line + len; p < line + len && *p >= '0' && *p <= '9'; p++)
        if (head->status < 1000)
            head->status = head->status * 10 + (*p - '0');
}

static char **head_field_named(struct head *head, const char *name, size_t len)
{
#define X(field, text)                                                \
    if (len == sizeof(text) - 1 && strncasecmp(name, text, len) == 0) \
        return &head->field;
    HEAD_FIELDS(X)
#undef X
    return NULL;
}

static int head_take_field(struct head *head, const char *line, size_t len, struct buf *problem)
{
    const char *colon = memchr(line, ':', len);
    char **field = colon ? head_field_named(head, line, (size_t)(colon - line)) : NULL;

    if (!field)
        return 0;
    const char *value = colon + 1;
    size_t value_len = len - (size_t)(value - line);
    bool list = field == &head->www_authenticate || field == &head->cache_status || field == &head->link;
    char *kept;

    text_trim(&value, &value_len);
    if (value_len > HEAD_VALUE_MAX) {
        buf_set(problem, "sent a header of %zu bytes", value_len);
        return -1;
    }
    /* Repeated but equal lengths are allowed (RFC 9110 section 8.6). */
    if (field == &head->content_length_text && **field && !text_equal_n(value, value_len, *field)) {
        buf_set(problem, "sent two different Content-Length headers");
        return -1;
    }
    if (**field && list) {
        if (strlen(*field) + value_len > HEAD_VALUE_MAX) {
            buf_set(problem, "sent a header of more than %d bytes in several lines", HEAD_VALUE_MAX);
            return -1;
        }
        kept = xasprintf("%s, %.*s", *field, (int)value_len, value);
    } else {
        kept = xstrndup(value, value_len);
    }
    free(*field);
    *field = kept;
    return 0;
}

static int head_take_end(struct head *head, struct buf *problem)
{
    uint64_t length;

    if (head->status < 200) /* interim: the final head is still to come */
        return 0;
    head->chunked = strcasecmp(head->transfer_encoding, "chunked") == 0;
    if (*head->transfer_encoding && !head->chunked) {
        buf_set(problem, "sent the body in the transfer encoding \"%.40s\"", head->transfer_encoding);
        return -1;
    }
    /* Chunked overrides a length (RFC 9112 section 6.3). Half of the range, so that sums cannot overflow. */
    if (*head->content_length_text && !head->chunked) {
        if (text_parse_uint(head->content_length_text, strlen(head->content_length_text), &length) < 0 ||
            length > INT64_MAX / 2) {
            buf_set(problem, "sent a Content-Length that is not a number");
            return -1;
        }
        head->content_length = (int64_t)length;
    }
    return 1;
}

int head_add_line(struct head *head, const char *line, size_t len, struct buf *problem)
{
    head->lines++;
    head->bytes += len;
    if (head->lines > HEAD_LINES_MAX || head->bytes > HEAD_BYTES_MAX) {
        buf_set(problem, "sent a head of more than %d lines or %d bytes", HEAD_LINES_MAX, HEAD_BYTES_MAX);
        return -1;
    }
    while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    if (!len)
        return head_take_end(head, problem);
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
        head_take_status_line(head, line, len);
        return 0;
    }
    return head_take_field(head, line, len, problem);
}

bool head_redirects(const struct head *head)
{
    switch (head->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return *head->location != '\0';
    default:
        return false;
    }
}

bool head_identity(const struct head *head)
{
    return !*head->content_encoding || strcasecmp(head->content_encoding, "identity") == 0;
}

/* Reads a number up to `end` and steps past that. Returns 0, or -1. */
static int head_number_until(const char **text, char end, int64_t *out)
{
    const char *stop = strchr(*text, end);
    uint64_t value;

    if (!stop || text_parse_uint(*text, (size_t)(stop - *text), &value) < 0 || value > INT64_MAX / 2)
        return -1;
    *out = (int64_t)value;
    *text = stop + (end != '\0');
    return 0;
}

int head_content_range(const struct head *head, int64_t *first, int64_t *last, int64_t *total)
{
    const char *text = head->content_range;

    if (strncasecmp(text, "bytes ", 6) != 0)
        return -1;
    text += 6;
    if (head_number_until(&text, '-', first) < 0 || head_number_until(&text, '/', last) < 0 ||
        head_number_until(&text, '\0', total) < 0)
        return -1;
    return *first <= *last && *last < *total ? 0 : -1;
}

int64_t head_retry_after_s(const struct head *head)
{
    uint64_t seconds;

    if (!*head->retry_after)
        return -1;
    if (text_parse_uint(head->retry_after, strlen(head->retry_after), &seconds) == 0)
        return seconds < 86400 ? (int64_t)seconds : 86400;
    int64_t at_s = clock_parse_http_date(head->retry_after);
    if (at_s < 0)
        return -1;
    /* By our clock, not the Date of the answer: where that is wrong the limits of upstream_note_busy()
     * help. */
    int64_t wait_s = at_s - clock_wall_s();
    return wait_s > 0 ? wait_s : 0;
}

int64_t head_leading_number(const char *value)
{
    size_t len = strspn(value, "0123456789");
    uint64_t number;

    if ((value[len] && !strchr(";, \t", value[len])) || text_parse_uint(value, len, &number) < 0 ||
        number > INT64_MAX / 2)
        return -1;
    return (int64_t)number;
}

bool head_etag_strong(const char *etag)
{
    size_t len = strlen(etag);

    return len > 2 && etag[0] == '"' && etag[len - 1] == '"';
}
