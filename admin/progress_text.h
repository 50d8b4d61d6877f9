/* The texts that a display of progress consists of. Nothing here knows a terminal. Columns are those of the
 * terminal's characters, of which some take two; the locale of the thread decides what is one. */
#ifndef ADMIN_PROGRESS_TEXT_H
#define ADMIN_PROGRESS_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* The rate of a transfer over the last seconds, not since its beginning. Zeroed memory is a new one. */
#define RATE_SAMPLES 64
struct rate {
    struct {
        int64_t at_ms;
        int64_t bytes;
    } samples[RATE_SAMPLES];
    size_t count; /* samples noted in all, of which the last RATE_SAMPLES are kept */
};
/* Notes how many bytes have come in all by now. Time does not go backwards. */
void rate_note(struct rate *rate, int64_t now_ms, int64_t bytes);
/* Returns bytes a second; -1 when it is too early to tell. */
int64_t rate_bytes_per_s(const struct rate *rate);
/* Returns the seconds that are left, rounded up; -1 when unknown. */
int64_t rate_left_s(int64_t left_bytes, int64_t bytes_per_s);

/* Appends "5 s", "2 min 5 s", "1 h 3 min", "2 d 1 h". */
void progress_time_print(int64_t seconds, struct buf *out);
/* Appends "[####......]" in exactly `columns` columns; nothing if they are fewer than 3. of_bytes -1:
 * unknown, all dots. */
void progress_bar_print(int64_t bytes, int64_t of_bytes, size_t columns, struct buf *out);
/* Appends the text in exactly `columns` columns: filled up with spaces, or with "..." in place of its middle.
 * Characters that cannot be printed become "?". */
void progress_name_print(const char *text, size_t columns, struct buf *out);
/* Appends the line of one transfer in at most `columns`: name, bar, and how much of what. */
void progress_transfer_print(const char *name, int64_t bytes, int64_t of_bytes, size_t columns,
                             struct buf *out);

struct progress_totals {
    int64_t files;    /* that have ended */
    int64_t of_files; /* -1 unknown */
    int64_t bytes;
    int64_t of_bytes; /* -1 unknown */
    int64_t bytes_per_s;
};
/* Appends "123 of 456 files, 1.2 GiB of 3.4 GiB, 12.0 MiB/s, 2 min 5 s left"; what is not known is left
 * out. */
void progress_totals_print(const struct progress_totals *totals, struct buf *out);

#endif
