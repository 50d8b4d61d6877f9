/* Rates, times, bars, and names cut to fit. Pure, but for the locale. */
#include "admin/progress_text.h"

#include <inttypes.h>
#include <string.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/text.h"

/* ---- rate ---- */

/* The rate is of the last 10 s, as a link's speed changes; nothing is said of less than half a second. */
#define WINDOW_MS 10000 /* RATE_SAMPLES frames (progress.c) are a little longer */
#define SHORTEST_MS 500

void rate_note(struct rate *rate, int64_t now_ms, int64_t bytes)
{
    size_t at = rate->count++ % RATE_SAMPLES;

    rate->samples[at].at_ms = now_ms;
    rate->samples[at].bytes = bytes;
}

int64_t rate_bytes_per_s(const struct rate *rate)
{
    size_t kept = rate->count < RATE_SAMPLES ? rate->count : RATE_SAMPLES;

    if (!kept)
        return -1;
    size_t last = (rate->count - 1) % RATE_SAMPLES;
    size_t first = last;
    for (size_t back = 1; back < kept; back++) {
        size_t at = (rate->count - 1 - back) % RATE_SAMPLES;
        if (rate->samples[last].at_ms - rate->samples[at].at_ms > WINDOW_MS)
            break;
        first = at;
    }
    int64_t passed_ms = rate->samples[last].at_ms - rate->samples[first].at_ms;
    int64_t came_bytes = rate->samples[last].bytes - rate->samples[first].bytes;
    if (passed_ms < SHORTEST_MS)
        return -1;
    /* A transfer that fails takes its bytes back, so the sum can shrink. */
    return came_bytes > 0 ? (int64_t)((double)came_bytes * 1000 / (double)passed_ms) : 0;
}

int64_t rate_left_s(int64_t left_bytes, int64_t bytes_per_s)
{
    /* Upstreams may send more than they announced, and a stalled link has no end to tell. */
    if (left_bytes < 0 || bytes_per_s <= 0)
        return -1;
    return left_bytes / bytes_per_s + (left_bytes % bytes_per_s > 0);
}

/* ---- numbers ---- */

void progress_time_print(int64_t seconds, struct buf *out)
{
    int64_t minutes = seconds / 60;
    int64_t hours = minutes / 60;

    if (hours >= 24)
        buf_printf(out, "%" PRId64 " d %" PRId64 " h", hours / 24, hours % 24);
    else if (hours)
        buf_printf(out, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
    else if (minutes)
        buf_printf(out, "%" PRId64 " min %" PRId64 " s", minutes, seconds % 60);
    else
        buf_printf(out, "%" PRId64 " s", seconds);
}

static void print_bytes_of(int64_t bytes, int64_t of_bytes, struct buf *out)
{
    text_print_size(out, bytes);
    if (of_bytes < 0)
        return;
    buf_add_text(out, " of ");
    text_print_size(out, of_bytes);
}

void progress_totals_print(const struct progress_totals *totals, struct buf *out)
{
    int64_t left_s =
        totals->of_bytes < 0 ? -1 : rate_left_s(totals->of_bytes - totals->bytes, totals->bytes_per_s);

    buf_printf(out, "%" PRId64, totals->files);
    if (totals->of_files >= 0)
        buf_printf(out, " of %" PRId64, totals->of_files);
    buf_add_text(out,
                 (totals->of_files < 0 ? totals->files : totals->of_files) == 1 ? " file, " : " files, ");
    print_bytes_of(totals->bytes, totals->of_bytes, out);
    if (totals->bytes_per_s >= 0) {
        buf_add_text(out, ", ");
        text_print_size(out, totals->bytes_per_s);
        buf_add_text(out, "/s");
    }
    if (left_s < 0)
        return;
    buf_add_text(out, ", ");
    progress_time_print(left_s, out);
    buf_add_text(out, " left");
}

/* ---- lines ---- */

static void repeat(char c, size_t count, struct buf *out)
{
    while (count--)
        buf_add_char(out, c);
}

void progress_bar_print(int64_t bytes, int64_t of_bytes, size_t columns, struct buf *out)
{
    if (columns < 3)
        return;
    size_t width = columns - 2;
    size_t full = 0;
    /* In floating point: bytes times columns could overflow. */
    if (of_bytes > 0)
        full = bytes >= of_bytes ? width : (size_t)((double)bytes / (double)of_bytes * (double)width);
    else if (of_bytes == 0)
        full = width;
    buf_add_char(out, '[');
    repeat('#', full, out);
    repeat('.', width - full, out);
    buf_add_char(out, ']');
}

/* One character of a name. */
struct glyph {
    const char *text;
    size_t len;
    size_t columns;
};

#define GLYPHS_MAX 1024

/* Returns how many there are. */
static size_t take_apart(const char *text, struct glyph glyphs[GLYPHS_MAX])
{
    mbstate_t state = {0};
    size_t count = 0;
    wchar_t wide;

    while (*text && count < GLYPHS_MAX) {
        size_t len = mbrtowc(&wide, text, strlen(text), &state);
        /* mbrtowc() returns (size_t)-1 or -2 for bytes that are no character. */
        bool valid = len > 0 && len <= strlen(text);
        int columns = valid ? wcwidth(wide) : -1;
        if (!valid)
            state = (mbstate_t){0};
        /* Width 0 is for accents that join the character before; -1 for control characters. */
        glyphs[count++] =
            columns < 0 ? (struct glyph){"?", 1, 1} : (struct glyph){text, len, (size_t)columns};
        text += valid ? len : 1;
    }
    return count;
}

static size_t columns_of(const struct glyph *glyphs, size_t count)
{
    size_t columns = 0;

    for (size_t i = 0; i < count; i++)
        columns += glyphs[i].columns;
    return columns;
}

static void add_glyphs(const struct glyph *glyphs, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++)
        buf_add(out, glyphs[i].text, glyphs[i].len);
}

void progress_name_print(const char *text, size_t columns, struct buf *out)
{
    static const char gap[] = "...";
    struct glyph glyphs[GLYPHS_MAX] = {{NULL, 0, 0}};
    size_t count = take_apart(text, glyphs);
    size_t whole = columns_of(glyphs, count);

    if (whole <= columns) {
        add_glyphs(glyphs, count, out);
        repeat(' ', columns - whole, out);
        return;
    }
    size_t gap_columns = columns < 3 ? columns : 3;
    size_t width = columns - gap_columns;
    size_t head = count;
    size_t tail = count;
    /* Both ends are kept: the beginning says which project or image it is, the end which file. */
    while (head && columns_of(glyphs, head) > (width + 1) / 2)
        head--;
    size_t used = columns_of(glyphs, head);
    while (tail > head && used + columns_of(glyphs + tail - 1, count - tail + 1) <= width)
        tail--;
    add_glyphs(glyphs, head, out);
    buf_add(out, gap, gap_columns);
    add_glyphs(glyphs + tail, count - tail, out);
    repeat(' ', width - used - columns_of(glyphs + tail, count - tail), out);
}

/* "1023.9 MiB of 1023.9 MiB" is the longest. */
#define SIZES_COLUMNS 24
#define NAME_COLUMNS_MIN 12
#define BAR_COLUMNS_MAX 30

void progress_transfer_print(const char *name, int64_t bytes, int64_t of_bytes, size_t columns,
                             struct buf *out)
{
    struct buf CLEANUP_BUF sizes = BUF_INIT;
    size_t bar = 0;

    /* On a narrow terminal the name alone, and with a little more space the sizes before the bar. */
    if (columns < NAME_COLUMNS_MIN + 1 + SIZES_COLUMNS) {
        progress_name_print(name, columns, out);
        return;
    }
    size_t width = columns - SIZES_COLUMNS - 1; /* name and bar */
    if (width >= 2 * NAME_COLUMNS_MIN)
        bar = width / 3 < BAR_COLUMNS_MAX ? width / 3 : BAR_COLUMNS_MAX;
    progress_name_print(name, bar ? width - bar - 1 : width, out);
    buf_add_char(out, ' ');
    if (bar) {
        progress_bar_print(bytes, of_bytes, bar, out);
        buf_add_char(out, ' ');
    }
    print_bytes_of(bytes, of_bytes, &sizes);
    buf_add(out, sizes.data, sizes.len < SIZES_COLUMNS ? sizes.len : SIZES_COLUMNS);
}
