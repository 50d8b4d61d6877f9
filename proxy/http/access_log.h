/* The access log: one line for each answered request, in the combined format that every log tool reads, with
 * two fields of ours at the end.
 *
 *   192.0.2.7 - - [06/Nov/2026:08:49:37 +0800] "GET /simple/six/ HTTP/1.1" 200 512 "-" "pip/24" hit 0.000183
 *
 * (the last two: how it was answered, and the seconds from the request line to the last byte given to the
 * kernel). Workers only append to memory; one thread writes. */
#ifndef PROXY_HTTP_ACCESS_LOG_H
#define PROXY_HTTP_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

struct access_log;
struct buf;

/* Any of the strings may be NULL, which prints "-". Everything but printable ASCII is escaped as \xHH, quotes
 * and backslashes by a backslash; long strings are cut short and end in "...". */
struct access_line {
    const char *client; /* address as text */
    const char *method;
    const char *target;   /* raw, as it came */
    const char *protocol; /* "HTTP/1.1" */
    const char *user_agent;
    const char *how; /* "hit", "miss", "stale" */
    int status;
    int64_t bytes; /* of the body */
    int64_t duration_us;
};

/* `where` is "-" (standard output), "off", or a path that is appended to. Returns 0 with a log that
 * access_log_close() frees, or -1 with one sentence in `error`. "off" gives a log that takes lines and drops
 * them. */
int access_log_open(const char *where, struct access_log **out, struct buf *error);
/* False if it drops all lines, so that none need be put together. */
bool access_log_wanted(const struct access_log *log);
/* Flushes and frees. */
void access_log_close(struct access_log **log);

/* Any thread. Never waits for the disk: past 4 MiB of pending lines, lines are dropped, and the next flush
 * writes how many. */
void access_log_add(struct access_log *log, const struct access_line *line);

/* Writes what is pending. One thread, about every 200 ms. */
void access_log_flush(struct access_log *log);
/* Any thread: the next flush opens the path again, after logrotate has renamed the file. If that fails, it
 * says so on standard error and continues with the old file. */
void access_log_reopen(struct access_log *log);

#endif
