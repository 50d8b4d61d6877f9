/* Owns the pending lines and the file they go to.
 *
 * Threads: workers format a line on their own and append it under the lock; one flush thread (the main
 * thread's tick) swaps the pending buffer for an empty one and writes outside the lock. Only that thread uses
 * the descriptor, so reopening it needs no lock either.
 *
 * States of the file: writing -> failing (one message, lines are counted as dropped) -> writing (a comment
 * line says how many). A full disk or a stuck pipe thus costs log lines, never a request. */
#include "proxy/http/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

/* About 30,000 lines; that many are pending only if a flush is stalled. */
#define PENDING_MAX_BYTES (4u << 20)
#define KEEP_BYTES (256u << 10) /* a buffer that a burst has made larger is given back */
/* Of one line, before escaping: a client may send a header as large as libmicrohttpd's memory. */
#define TARGET_MAX_BYTES 2048
#define FIELD_MAX_BYTES 512
#define STALLED_MS 200 /* how long a full pipe may hold up a flush */

struct access_log {
    /* set once */
    char *path; /* NULL: standard output, or off */
    bool off;

    _Atomic bool reopen_wanted;

    struct lock lock;
    /* guarded by lock */
    struct buf pending;
    int64_t dropped; /* lines, since the last flush */

    /* owned by the flush thread */
    int fd;
    struct buf writing;
    bool mid_line; /* the last write ended inside a line */
    bool failing;  /* and that has been said */
};

/* ---- opening ---- */

/* O_NONBLOCK: a FIFO that nobody reads must not hang the start. Regular files ignore it. */
static int open_path(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

int access_log_open(const char *where, struct access_log **out, struct buf *error)
{
    bool off = strcmp(where, "off") == 0;
    bool to_stdout = strcmp(where, "-") == 0;
    int fd = off ? -1 : STDOUT_FILENO;

    if (!off && !to_stdout && (fd = open_path(where)) < 0) {
        buf_set(error,
                "cannot open the access log %s: %s; set access_log in [server] to a writable file, "
                "to - or to off",
                where, strerror(errno));
        return -1;
    }
    tzset(); /* localtime_r() alone need not read the time zone */
    struct access_log *log = xcalloc(1, sizeof(*log));
    log->path = off || to_stdout ? NULL : xstrdup(where);
    log->off = off;
    log->fd = fd;
    lock_init(&log->lock, LOCK_RANK_ACCESS_LOG);
    buf_init(&log->pending);
    buf_init(&log->writing);
    *out = log;
    return 0;
}

void access_log_close(struct access_log **log)
{
    struct access_log *old = take_ptr(log);

    if (!old)
        return;
    access_log_flush(old);
    if (old->path)
        close(old->fd);
    lock_destroy(&old->lock);
    buf_release(&old->pending);
    buf_release(&old->writing);
    free(old->path);
    free(old);
}

/* ---- lines ---- */

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Nothing that a client sends may end the line or the quotes around it. */
static void access_log_add_escaped(struct buf *out, const char *text, size_t max_bytes)
{
    const char *run;
    size_t left = max_bytes;

    if (!text || !*text) {
        buf_add_char(out, '-');
        return;
    }
    while (*text && left) {
        for (run = text; left && is_plain((unsigned char)*text); text++)
            left--;
        buf_add(out, run, (size_t)(text - run));
        if (!*text || !left)
            break;
        if (*text == '"' || *text == '\\')
            buf_printf(out, "\\%c", *text);
        else
            buf_printf(out, "\\x%02X", (unsigned char)*text);
        text++;
        left--;
    }
    if (*text)
        buf_add_text(out, "...");
}

/* "06/Nov/2026:08:49:37 +0800". By hand: strftime follows the locale. Made once a second for each thread. */
static const char *time_text(void)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static _Thread_local int64_t text_of_s = INT64_MIN;
    static _Thread_local char text[64];
    int64_t now_s = clock_wall_s();

    if (now_s == text_of_s)
        return text;
    time_t now = (time_t)now_s;
    struct tm p;
    localtime_r(&now, &p);
    long minutes = labs(p.tm_gmtoff / 60);
    snprintf(text, sizeof(text), "%02d/%s/%04d:%02d:%02d:%02d %c%02ld%02ld", p.tm_mday, months[p.tm_mon],
             p.tm_year + 1900, p.tm_hour, p.tm_min, p.tm_sec, p.tm_gmtoff < 0 ? '-' : '+', minutes / 60,
             minutes % 60);
    text_of_s = now_s;
    return text;
}

static void format_line(struct buf *out, const struct access_line *line)
{
    access_log_add_escaped(out, line->client, FIELD_MAX_BYTES);
    buf_printf(out, " - - [%s] \"", time_text());
    access_log_add_escaped(out, line->method, FIELD_MAX_BYTES);
    buf_add_char(out, ' ');
    access_log_add_escaped(out, line->target, TARGET_MAX_BYTES);
    buf_add_char(out, ' ');
    access_log_add_escaped(out, line->protocol, FIELD_MAX_BYTES);
    buf_printf(out, "\" %d %" PRId64 " \"-\" \"", line->status, line->bytes);
    access_log_add_escaped(out, line->user_agent, FIELD_MAX_BYTES);
    buf_add_text(out, "\" ");
    access_log_add_escaped(out, line->how, FIELD_MAX_BYTES);
    buf_printf(out, " %" PRId64 ".%06" PRId64 "\n", line->duration_us / 1000000, line->duration_us % 1000000);
}

bool access_log_wanted(const struct access_log *log)
{
    return !log->off;
}

void access_log_add(struct access_log *log, const struct access_line *line)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    if (log->off)
        return;
    buf_reserve(&text, 512);
    format_line(&text, line);

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&log->lock);
    /* The newest lines are dropped, not the oldest: the file then has a gap at a known place. */
    if (log->pending.len + text.len > PENDING_MAX_BYTES)
        log->dropped++;
    else
        buf_add(&log->pending, text.data, text.len);
}

/* ---- writing ---- */

/* Returns how many bytes were written; fewer than len with errno set. */
static size_t write_all(int fd, const char *data, size_t len)
{
    size_t written = 0;

    while (written < len) {
        ssize_t n = write(fd, data + written, len - written);
        if (n >= 0) {
            written += (size_t)n;
            continue;
        }
        /* A pipe whose reader is slow is waited for a little, as long as it takes anything. */
        struct pollfd full_pipe = {.fd = fd, .events = POLLOUT};
        if (errno == EINTR || (errno == EAGAIN && poll(&full_pipe, 1, STALLED_MS) > 0))
            continue;
        break;
    }
    return written;
}

static int64_t count_lines(const char *data, size_t len)
{
    int64_t lines = 0;

    for (const char *end = data + len; (data = memchr(data, '\n', (size_t)(end - data))); data++)
        lines++;
    return lines;
}

/* Lines that could not be written are counted as dropped; the next flush that works says how many. */
static void note_failure(struct access_log *log, size_t written, int64_t lines, int error)
{
    /* Once, not at each of five flushes a second. */
    if (!log->failing)
        log_error("cannot write the access log %s: %s; lines are dropped until it can be written again",
                  log->path ? log->path : "to standard output", strerror(error));
    log->failing = true;
    lines -= count_lines(log->writing.data, written);
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&log->lock);
    log->dropped += lines;
}

static void reopen(struct access_log *log)
{
    int fd = open_path(log->path);

    if (fd < 0) {
        log_error("cannot open the access log %s again: %s; continuing with the old file", log->path,
                  strerror(errno));
        return;
    }
    close(log->fd);
    log->fd = fd;
    log->mid_line = false;
}

/* Takes the pending lines into log->writing. Returns how many lines had been dropped. */
static int64_t take_pending(struct access_log *log)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&log->lock);
    struct buf empty = log->writing;
    log->writing = log->pending;
    log->pending = empty;
    int64_t dropped = log->dropped;
    log->dropped = 0;
    return dropped;
}

void access_log_flush(struct access_log *log)
{
    if (atomic_exchange(&log->reopen_wanted, false) && log->path)
        reopen(log);
    int64_t dropped = take_pending(log);
    int64_t lines = count_lines(log->writing.data, log->writing.len) + dropped; /* to report if this fails */
    if (dropped)
        buf_printf(&log->writing, "# %" PRId64 " lines were dropped: the log could not be written\n",
                   dropped);
    if (!log->writing.len)
        return;
    /* A half line from the last failure: a new line begins on a line of its own. */
    if (log->mid_line)
        log->mid_line = write_all(log->fd, "\n", 1) != 1;
    size_t written = log->mid_line ? 0 : write_all(log->fd, log->writing.data, log->writing.len);
    if (written < log->writing.len)
        note_failure(log, written, lines, errno);
    else
        log->failing = false;
    if (written)
        log->mid_line = log->writing.data[written - 1] != '\n';
    if (log->writing.cap > KEEP_BYTES)
        buf_release(&log->writing);
    else
        buf_reset(&log->writing);
}

void access_log_reopen(struct access_log *log)
{
    atomic_store(&log->reopen_wanted, true);
}
