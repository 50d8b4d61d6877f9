/* Shows how far a command's transfers are, on standard error: as moving bars on a terminal, else as a line
 * for each transfer that has ended.
 *
 *     progress = progress_new(PROGRESS_AUTO, STDERR_FILENO)
 *     progress_total(progress, files, bytes)        again whenever more is known
 *     id = progress_begin(progress, "flask-3.0.whl", size)
 *     progress_update(progress, id, bytes, size)    any number
 *     progress_end(progress, id, PROGRESS_DONE, bytes, NULL)
 *     progress_draw(progress, clock_mono_ms())      often: it draws at most 5 times a second
 *     progress_free(&progress)                      clears the bars; the caller says how it ended
 *
 * One thread. Anything else that is printed in the meantime goes through progress_say(). */
#ifndef ADMIN_PROGRESS_H
#define ADMIN_PROGRESS_H

#include <stdint.h>

struct progress;

enum progress_mode {
    PROGRESS_AUTO,  /* bars on a terminal that can move its cursor, else plain */
    PROGRESS_PLAIN, /* "done NAME 12.0 MiB" */
    PROGRESS_QUIET, /* nothing */
};

enum progress_result {
    PROGRESS_DONE,   /* it came */
    PROGRESS_HELD,   /* it was there already: counted, without a line */
    PROGRESS_FAILED, /* "failed NAME: why" */
};

/* fd stays the caller's. */
struct progress *progress_new(enum progress_mode mode, int fd);
void progress_free(struct progress **progress);

/* How many files and bytes there will be in all; -1: not known. */
void progress_total(struct progress *progress, int64_t files, int64_t bytes);
/* Begins a transfer. size_bytes -1: not known. Returns its number. */
int progress_begin(struct progress *progress, const char *name, int64_t size_bytes);
void progress_update(struct progress *progress, int id, int64_t bytes, int64_t size_bytes);
/* why: for PROGRESS_FAILED, else NULL. */
void progress_end(struct progress *progress, int id, enum progress_result result, int64_t bytes,
                  const char *why);

void progress_draw(struct progress *progress, int64_t now_ms);
/* Prints a line above the bars, in all modes but quiet. */
void progress_say(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
