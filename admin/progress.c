/* Owns the transfers that are under way and the lines that are on the terminal. A frame is one write: up over
 * the lines of the last one, each line again, and the rest of the screen is cleared. */
#include "admin/progress.h"

#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utlist.h>

#include "admin/progress_text.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"

#define FRAME_MS 200
#define BARS_MAX 16
/* The size of a terminal that does not tell its own. */
#define COLUMNS 80
#define ROWS 24

struct transfer_line {
    struct transfer_line *prev, *next;
    int id;
    char *name;
    int64_t bytes;
    int64_t size_bytes;
};

struct progress {
    int fd;
    locale_t locale; /* of names on the terminal only: elsewhere "I" must stay an "i" in capitals */
    bool bars;
    bool quiet;
    struct transfer_line *running; /* the oldest first */
    int last_id;
    struct progress_totals totals; /* bytes: of what has ended */
    struct rate rate;
    int64_t drawn_at_ms; /* -1: not yet */
    size_t drawn_lines;
    struct buf above; /* lines to print above the bars with the next frame */
};

/* ---- output ---- */

/* Errors are ignored: a command does its work even if nobody can see how far it is. */
static void progress_write(const struct progress *progress, const struct buf *text)
{
    size_t at = 0;

    while (at < text->len) {
        ssize_t done = write(progress->fd, text->data + at, text->len - at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        at += (size_t)done;
    }
}

/* Of ended and running transfers. */
static int64_t bytes_so_far(const struct progress *progress)
{
    int64_t bytes = progress->totals.bytes;
    const struct transfer_line *line;

    DL_FOREACH (progress->running, line)
        bytes += line->bytes;
    return bytes;
}

static void frame_end_line(struct progress *progress, struct buf *frame)
{
    buf_add_text(frame, "\033[K\n");
    progress->drawn_lines++;
}

/* The last column stays free: some terminals wrap after it. */
static void frame_add_bars(struct progress *progress, struct buf *frame)
{
    struct progress_totals sums = progress->totals;
    struct buf CLEANUP_BUF totals = BUF_INIT;
    const struct transfer_line *line;
    struct winsize size = {0};

    /* Asked for each frame: a window may be resized at any time. */
    if (ioctl(progress->fd, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
        size = (struct winsize){.ws_row = ROWS, .ws_col = COLUMNS};
    size_t columns = size.ws_col - 1;
    /* Lines that have scrolled off the top cannot be drawn again. */
    size_t free_rows = size.ws_row > 2 ? size.ws_row - 2u : 0;

    DL_FOREACH (progress->running, line) {
        if (progress->drawn_lines == BARS_MAX || progress->drawn_lines == free_rows)
            break;
        progress_transfer_print(line->name, line->bytes, line->size_bytes, columns, frame);
        frame_end_line(progress, frame);
    }
    sums.bytes = bytes_so_far(progress);
    sums.bytes_per_s = rate_bytes_per_s(&progress->rate);
    progress_totals_print(&sums, &totals);
    /* It has no characters but those of ASCII, so bytes are columns. */
    buf_add(frame, totals.data, totals.len < columns ? totals.len : columns);
    frame_end_line(progress, frame);
}

static void progress_draw_frame(struct progress *progress, bool last)
{
    struct buf CLEANUP_BUF frame = BUF_INIT;
    locale_t before = uselocale(progress->locale);

    /* In one write, so that the terminal never shows the screen between clearing and drawing. */
    if (progress->drawn_lines)
        buf_printf(&frame, "\033[%zuA", progress->drawn_lines);
    buf_add_text(&frame, "\r\033[J");
    buf_add(&frame, progress->above.data, progress->above.len);
    buf_reset(&progress->above);
    progress->drawn_lines = 0;
    if (!last)
        frame_add_bars(progress, &frame);
    uselocale(before);
    progress_write(progress, &frame);
}

void progress_draw(struct progress *progress, int64_t now_ms)
{
    if (!progress->bars || (progress->drawn_at_ms >= 0 && now_ms - progress->drawn_at_ms < FRAME_MS))
        return;
    progress->drawn_at_ms = now_ms;
    rate_note(&progress->rate, now_ms, bytes_so_far(progress));
    progress_draw_frame(progress, false);
}

static void progress_say_line(struct progress *progress, struct buf *line)
{
    if (progress->quiet)
        return;
    text_make_printable(line->data, line->len); /* names come from upstreams, and go to a terminal */
    buf_add_char(line, '\n');
    if (progress->bars)
        buf_add(&progress->above, line->data, line->len);
    else
        progress_write(progress, line);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    struct buf CLEANUP_BUF line = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    progress_say_line(progress, &line);
}

/* ---- transfers ---- */

void progress_total(struct progress *progress, int64_t files, int64_t bytes)
{
    progress->totals.of_files = files;
    progress->totals.of_bytes = bytes;
}

int progress_begin(struct progress *progress, const char *name, int64_t size_bytes)
{
    struct transfer_line *line = xcalloc(1, sizeof(*line));

    line->id = ++progress->last_id;
    line->name = xstrdup(name);
    line->size_bytes = size_bytes;
    DL_APPEND(progress->running, line);
    return line->id;
}

static struct transfer_line *transfer_line_find(const struct progress *progress, int id)
{
    struct transfer_line *line;

    DL_FOREACH (progress->running, line)
        if (line->id == id)
            return line;
    /* Ids come from progress_begin(), and end with progress_end(). */
    BUG("no transfer %d is under way", id);
}

void progress_update(struct progress *progress, int id, int64_t bytes, int64_t size_bytes)
{
    struct transfer_line *line = transfer_line_find(progress, id);

    line->bytes = bytes;
    line->size_bytes = size_bytes;
}

static void transfer_line_free(struct progress *progress, struct transfer_line *line)
{
    DL_DELETE(progress->running, line);
    free(line->name);
    free(line);
}

void progress_end(struct progress *progress, int id, enum progress_result result, int64_t bytes,
                  const char *why)
{
    struct transfer_line *line = transfer_line_find(progress, id);
    struct buf CLEANUP_BUF text = BUF_INIT;

    progress->totals.files++;
    /* A failed transfer counts as ended, but its bytes do not: they were not stored. */
    if (result != PROGRESS_FAILED)
        progress->totals.bytes += bytes;
    if (result == PROGRESS_FAILED) {
        buf_printf(&text, "failed %s: %s", line->name, why ? why : "");
        progress_say_line(progress, &text);
    } else if (result == PROGRESS_DONE && !progress->bars) { /* bars show it; a log has only lines */
        buf_printf(&text, "done %s ", line->name);
        text_print_size(&text, bytes);
        progress_say_line(progress, &text);
    }
    transfer_line_free(progress, line);
}

/* ---- life ---- */

struct progress *progress_new(enum progress_mode mode, int fd)
{
    struct progress *progress = xcalloc(1, sizeof(*progress));
    const char *terminal = getenv("TERM");

    progress->fd = fd;
    progress->locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!progress->locale) /* the environment names one that is not installed */
        progress->locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    CHECK(progress->locale);
    progress->quiet = mode == PROGRESS_QUIET;
    /* A terminal that is "dumb" (an editor's shell) would show the escape sequences. */
    progress->bars = mode == PROGRESS_AUTO && isatty(fd) && terminal && strcmp(terminal, "dumb") != 0;
    progress->totals.of_files = progress->totals.of_bytes = -1; /* unknown until progress_total() */
    progress->drawn_at_ms = -1;
    buf_init(&progress->above);
    return progress;
}

void progress_free(struct progress **progress_)
{
    struct progress *progress = take_ptr(progress_);

    if (!progress)
        return;
    if (progress->bars && (progress->drawn_lines || progress->above.len))
        progress_draw_frame(progress, true);
    while (progress->running)
        transfer_line_free(progress, progress->running);
    buf_release(&progress->above);
    freelocale(progress->locale);
    free(progress);
}
