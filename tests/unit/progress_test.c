/* Progress of transfers: what its lines say, and what a terminal shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "admin/progress.h"
#include "admin/progress_text.h"
#include "base/buf.h"
#include "base/memory.h"

/* ---- rate and time ---- */

static void rate_of_the_last_seconds(void **state)
{
    struct rate rate = {0};

    (void)state;
    assert_int_equal(rate_bytes_per_s(&rate), -1);
    rate_note(&rate, 1000, 0);
    assert_int_equal(rate_bytes_per_s(&rate), -1);
    rate_note(&rate, 1200, 1000000);
    assert_int_equal(rate_bytes_per_s(&rate), -1); /* too short to say */
    rate_note(&rate, 3000, 4000000);
    assert_int_equal(rate_bytes_per_s(&rate), 2000000);
    for (int s = 4; s <= 20; s++)
        rate_note(&rate, s * 1000, 4000000);
    assert_int_equal(rate_bytes_per_s(&rate), 0);
}

static void rate_never_negative(void **state)
{
    struct rate rate = {0};

    (void)state;
    rate_note(&rate, 0, 5000);
    rate_note(&rate, 2000, 1000);
    assert_int_equal(rate_bytes_per_s(&rate), 0);
}

static void rate_of_many_samples(void **state)
{
    struct rate rate = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        rate_note(&rate, i * 100, i * 100);
    assert_int_equal(rate_bytes_per_s(&rate), 1000);
}

static void time_left(void **state)
{
    (void)state;
    assert_int_equal(rate_left_s(1000, 100), 10);
    assert_int_equal(rate_left_s(1001, 100), 11);
    assert_int_equal(rate_left_s(0, 100), 0);
    assert_int_equal(rate_left_s(-1, 100), -1);
    assert_int_equal(rate_left_s(1000, 0), -1);
    assert_int_equal(rate_left_s(1000, -1), -1);
    assert_int_equal(rate_left_s(INT64_MAX, 1), INT64_MAX);
}

static void time_in_words(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "0 s"},          {59, "59 s"},          {60, "1 min 0 s"},
        {125, "2 min 5 s"},  {3599, "59 min 59 s"}, {3600, "1 h 0 min"},
        {3780, "1 h 3 min"}, {86400, "1 d 0 h"},    {176400, "2 d 1 h"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        progress_time_print(cases[i].seconds, &text);
        assert_string_equal(text.data, cases[i].text);
    }
}

/* ---- bars and names ---- */

static void bar(void **state)
{
    static const struct {
        int64_t bytes;
        int64_t of_bytes;
        size_t columns;
        const char *text;
    } cases[] = {
        {0, 100, 12, "[..........]"},
        {50, 100, 12, "[#####.....]"},
        {99, 100, 12, "[#########.]"},
        {100, 100, 12, "[##########]"},
        {200, 100, 12, "[##########]"},
        {5, -1, 5, "[...]"},
        {0, 0, 5, "[###]"},
        {1, 2, 3, "[.]"},
        {1, 2, 2, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        progress_bar_print(cases[i].bytes, cases[i].of_bytes, cases[i].columns, &text);
        assert_string_equal(text.data, cases[i].text);
    }
}

static void name_in_columns(void **state)
{
    static const struct {
        const char *name;
        size_t columns;
        const char *text;
    } cases[] = {
        {"flask", 8, "flask   "},
        {"flask", 5, "flask"},
        {"abcdefghij", 9, "abc...hij"},
        {"abcdefghij", 8, "abc...ij"},
        {"abcdefghij", 3, "..."},
        {"abcdefghij", 2, ".."},
        {"abcdefghij", 0, ""},
        {"", 2, "  "},
        {"\xe9\xa9\xbf\xe7\xab\x99", 6, "\xe9\xa9\xbf\xe7\xab\x99  "}, /* two columns each */
        {"\xe9\xa9\xbf\xe7\xab\x99\xe9\xa9\xbf\xe7\xab\x99", 7, "\xe9\xa9\xbf...\xe7\xab\x99"}, /* 8 in 7 */
        {"\xe9\xa9\xbf\xe7\xab\x99\xe9\xa9\xbf\xe7\xab\x99", 6, "\xe9\xa9\xbf... "},
        {"e\xcc\x81t\xc3\xa9", 4, "e\xcc\x81t\xc3\xa9 "}, /* a mark on the letter before takes no column */
        {"a\x1b[2Jb", 6, "a?[2Jb"},
        {"a\xff\xe9z", 5, "a??z "},
        {"cut \xe9\xa9", 6, "cut ??"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        progress_name_print(cases[i].name, cases[i].columns, &text);
        if (strcmp(text.data, cases[i].text) != 0)
            fail_msg("\"%s\" in %zu columns became \"%s\" and not \"%s\"", cases[i].name, cases[i].columns,
                     text.data, cases[i].text);
    }
}

static void transfer_fits(void **state)
{
    static const int64_t sizes[] = {-1, 0, 1024, (int64_t)1 << 50};

    (void)state;
    for (size_t columns = 0; columns < 200; columns++) {
        for (size_t i = 0; i < 4; i++) {
            struct buf CLEANUP_BUF line = BUF_INIT;
            progress_transfer_print("a-rather-long-name-of-a-wheel-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
                                    1047527424, sizes[i], columns, &line);
            if (line.len > columns)
                fail_msg("in %zu columns: \"%s\"", columns, line.data);
        }
    }
}

static void transfer_line(void **state)
{
    struct buf CLEANUP_BUF line = BUF_INIT;

    (void)state;
    progress_transfer_print("flask.whl", 512, 1024, 79, &line);
    assert_string_equal(line.data, "flask.whl                           [########........] 512 B of 1.0 KiB");
}

static void totals_line(void **state)
{
    static const struct {
        struct progress_totals totals;
        const char *text;
    } cases[] = {
        {{123, 456, 1 << 30, (int64_t)3 << 30, 16 << 20},
         "123 of 456 files, 1.0 GiB of 3.0 GiB, 16.0 MiB/s, 2 min 8 s left"},
        {{1, -1, 10, -1, -1}, "1 file, 10 B"},
        {{0, 1, 0, 10, 0}, "0 of 1 file, 0 B of 10 B, 0 B/s"},
        {{2, 2, 30, 20, 5}, "2 of 2 files, 30 B of 20 B, 5 B/s"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        progress_totals_print(&cases[i].totals, &text);
        assert_string_equal(text.data, cases[i].text);
    }
}

/* ---- without a terminal ---- */

/* All that can be read now. */
static void read_now(int fd, struct buf *out)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char block[4096];

    buf_reset(out);
    while (poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN)) {
        ssize_t got = read(fd, block, sizeof(block));
        if (got <= 0)
            return;
        buf_add(out, block, (size_t)got);
    }
}

static void some_transfers(struct progress *progress)
{
    progress_total(progress, 3, 3000);
    int first = progress_begin(progress, "first", 2048);
    int second = progress_begin(progress, "second", -1);
    int third = progress_begin(progress, "third", 7);
    progress_update(progress, first, 100, 2048);
    progress_draw(progress, 1000);
    progress_end(progress, second, PROGRESS_FAILED, 0, "no\nsuch file");
    progress_end(progress, third, PROGRESS_HELD, 7, NULL);
    progress_end(progress, first, PROGRESS_DONE, 2048, NULL);
    progress_say(progress, "a %s", "word");
    progress_draw(progress, 2000);
}

static void check_output(enum progress_mode mode, const char *expected)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    struct progress *progress = progress_new(mode, fds[1]);
    some_transfers(progress);
    progress_free(&progress);
    read_now(fds[0], &text);
    assert_string_equal(text.data, expected);
    close(fds[0]);
    close(fds[1]);
}

static void plain_lines(void **state)
{
    static const char lines[] = "failed second: no?such file\ndone first 2.0 KiB\na word\n";

    (void)state;
    check_output(PROGRESS_PLAIN, lines);
    check_output(PROGRESS_AUTO, lines); /* a pipe is no terminal */
    check_output(PROGRESS_QUIET, "");
}

/* ---- on a terminal ---- */

struct screen {
    int keeper; /* the side of the emulator */
    int fd;
    struct progress *progress;
    struct buf text;
};

static int open_screen(void **state)
{
    struct screen *screen = xcalloc(1, sizeof(*screen));
    const struct winsize size = {.ws_row = 24, .ws_col = 80};

    setenv("TERM", "xterm", 1);
    screen->keeper = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(screen->keeper >= 0 && grantpt(screen->keeper) == 0 && unlockpt(screen->keeper) == 0);
    screen->fd = open(ptsname(screen->keeper), O_RDWR | O_NOCTTY);
    assert_true(screen->fd >= 0);
    assert_int_equal(ioctl(screen->fd, TIOCSWINSZ, &size), 0);
    screen->progress = progress_new(PROGRESS_AUTO, screen->fd);
    buf_init(&screen->text);
    *state = screen;
    return 0;
}

static int close_screen(void **state)
{
    struct screen *screen = *state;

    progress_free(&screen->progress);
    close(screen->fd);
    close(screen->keeper);
    buf_release(&screen->text);
    free(screen);
    return 0;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part))) {
        count++;
        text += strlen(part);
    }
    return count;
}

static void terminal_frames(void **state)
{
    struct screen *screen = *state;

    progress_total(screen->progress, 2, 2000);
    int first = progress_begin(screen->progress, "first", 1000);
    progress_begin(screen->progress, "second", 1000);
    progress_update(screen->progress, first, 500, 1000);
    progress_draw(screen->progress, 0);
    read_now(screen->keeper, &screen->text);
    assert_non_null(strstr(screen->text.data, "[########........] 500 B of 1000 B\033[K\r\n"));
    assert_non_null(strstr(screen->text.data, "0 of 2 files, 500 B of 2.0 KiB\033[K\r\n"));
    assert_null(strstr(screen->text.data, "A\r"));
    progress_draw(screen->progress, 199);
    read_now(screen->keeper, &screen->text);
    assert_int_equal(screen->text.len, 0); /* too soon */
    progress_end(screen->progress, first, PROGRESS_DONE, 1000, NULL);
    progress_draw(screen->progress, 1000);
    read_now(screen->keeper, &screen->text);
    assert_ptr_equal(strstr(screen->text.data, "\033[3A\r\033[J"), screen->text.data);
    assert_null(strstr(screen->text.data, "first"));
    assert_non_null(
        strstr(screen->text.data, "1 of 2 files, 1000 B of 2.0 KiB, 500 B/s, 2 s left\033[K\r\n"));
}

static void terminal_more_than_fit(void **state)
{
    struct screen *screen = *state;
    const struct winsize small = {.ws_row = 6, .ws_col = 40};

    for (int i = 0; i < 50; i++)
        progress_begin(screen->progress, "name", 10);
    progress_draw(screen->progress, 0);
    read_now(screen->keeper, &screen->text);
    assert_int_equal(count_of(screen->text.data, "\n"), 17);
    assert_int_equal(ioctl(screen->fd, TIOCSWINSZ, &small), 0);
    progress_draw(screen->progress, 1000);
    read_now(screen->keeper, &screen->text);
    assert_int_equal(count_of(screen->text.data, "\n"), 5);
}

static void terminal_messages_stand_above(void **state)
{
    struct screen *screen = *state;

    int id = progress_begin(screen->progress, "broken", 10);
    progress_draw(screen->progress, 0);
    progress_end(screen->progress, id, PROGRESS_FAILED, 0, "gone");
    read_now(screen->keeper, &screen->text);
    progress_free(&screen->progress);
    read_now(screen->keeper, &screen->text);
    assert_string_equal(screen->text.data, "\033[2A\r\033[Jfailed broken: gone\r\n");
}

static void terminal_of_another_language(void **state)
{
    struct screen *screen = *state;

    progress_free(&screen->progress);
    setenv("LC_ALL", "C.UTF-8", 1);
    screen->progress = progress_new(PROGRESS_AUTO, screen->fd);
    progress_begin(screen->progress, "\xe9\xa9\xbf\xe7\xab\x99", 10);
    progress_draw(screen->progress, 0);
    read_now(screen->keeper, &screen->text);
    assert_non_null(strstr(screen->text.data, "\xe9\xa9\xbf\xe7\xab\x99  "));
    progress_free(&screen->progress);
    setenv("LC_ALL", "C", 1);
    screen->progress = progress_new(PROGRESS_AUTO, screen->fd);
    progress_begin(screen->progress, "\xe9\xa9\xbf", 10);
    progress_draw(screen->progress, 0);
    read_now(screen->keeper, &screen->text);
    assert_non_null(strstr(screen->text.data, "???  "));
}

static void terminal_that_is_dumb(void **state)
{
    struct screen *screen = *state;

    progress_free(&screen->progress);
    setenv("TERM", "dumb", 1);
    screen->progress = progress_new(PROGRESS_AUTO, screen->fd);
    int id = progress_begin(screen->progress, "name", 10);
    progress_draw(screen->progress, 0);
    progress_end(screen->progress, id, PROGRESS_DONE, 10, NULL);
    read_now(screen->keeper, &screen->text);
    assert_string_equal(screen->text.data, "done name 10 B\r\n");
}

#define ON_SCREEN(name) cmocka_unit_test_setup_teardown(name, open_screen, close_screen)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_of_the_last_seconds),
        cmocka_unit_test(rate_never_negative),
        cmocka_unit_test(rate_of_many_samples),
        cmocka_unit_test(time_left),
        cmocka_unit_test(time_in_words),
        cmocka_unit_test(bar),
        cmocka_unit_test(name_in_columns),
        cmocka_unit_test(transfer_fits),
        cmocka_unit_test(transfer_line),
        cmocka_unit_test(totals_line),
        cmocka_unit_test(plain_lines),
        ON_SCREEN(terminal_frames),
        ON_SCREEN(terminal_more_than_fit),
        ON_SCREEN(terminal_messages_stand_above),
        ON_SCREEN(terminal_of_another_language),
        ON_SCREEN(terminal_that_is_dumb),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
