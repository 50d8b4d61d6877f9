#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/http/access_log.h"

static const struct access_line usual = {
    .client = "192.0.2.7",
    .method = "GET",
    .target = "/simple/six/",
    .protocol = "HTTP/1.1",
    .user_agent = "pip/24.0",
    .how = "hit",
    .status = 200,
    .bytes = 5120,
    .duration_us = 183,
};

/* ---- a log in a folder of its own ---- */

struct place {
    char *folder;
    char *path;
    struct access_log *log;
};

static int setup(void **state)
{
    char folder[] = "/tmp/yizhan-access-XXXXXX";
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct place *place = xcalloc(1, sizeof(*place));

    assert_non_null(mkdtemp(folder));
    place->folder = xstrdup(folder);
    place->path = xasprintf("%s/access.log", folder);
    assert_int_equal(access_log_open(place->path, &place->log, &error), 0);
    assert_true(access_log_wanted(place->log));
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    char *CLEANUP_FREE old = xasprintf("%s.1", place->path);

    access_log_close(&place->log);
    assert_null(place->log);
    unlink(place->path);
    unlink(old);
    assert_int_equal(rmdir(place->folder), 0);
    free(place->path);
    free(place->folder);
    free(place);
    return 0;
}

static void read_file(const char *path, struct buf *out)
{
    int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
    char bytes[65536];
    ssize_t n;

    assert_true(fd >= 0);
    buf_reset(out);
    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        buf_add(out, bytes, (size_t)n);
}

/* Not with strstr: AddressSanitizer measures the whole rest of the text at each call, minutes for the megabytes here. */
static size_t count(const struct buf *text, const char *part)
{
    const char *at = text->data;
    const char *end = at + text->len;
    size_t n = 0;

    for (; (at = memmem(at, (size_t)(end - at), part, strlen(part))); at += strlen(part))
        n++;
    return n;
}

/* Adds one line, flushes, and returns what follows the time stamp. */
static void written(struct place *place, const struct access_line *line, struct buf *out)
{
    struct buf CLEANUP_BUF whole = BUF_INIT;

    access_log_add(place->log, line);
    access_log_flush(place->log);
    read_file(place->path, &whole);
    const char *rest = strchr(whole.data, ']');
    assert_non_null(rest);
    buf_set(out, "%s", rest + 1);
}

/* ---- the line ---- */

static void access_log_line_is_combined(void **state)
{
    struct place *place = *state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    written(place, &usual, &text);
    assert_string_equal(text.data,
                        " \"GET /simple/six/ HTTP/1.1\" 200 5120 \"-\" \"pip/24.0\" hit 0.000183\n");
    read_file(place->path, &text);
    assert_true(text_starts(text.data, "192.0.2.7 - - ["));
}

static void access_log_missing_fields_are_dashes(void **state)
{
    struct access_line line = {.status = 400, .duration_us = 2500000};
    struct buf CLEANUP_BUF text = BUF_INIT;

    written(*state, &line, &text);
    assert_string_equal(text.data, " \"- - -\" 400 0 \"-\" \"-\" - 2.500000\n");
}

static void access_log_hostile_bytes_are_escaped(void **state)
{
    struct access_line line = usual;
    struct buf CLEANUP_BUF text = BUF_INIT;

    line.target = "/a\"b\\c\r\nd\x1b\xe4\x7f";
    line.user_agent = "x\" 200 \"y";
    written(*state, &line, &text);
    assert_string_equal(text.data, " \"GET /a\\\"b\\\\c\\x0D\\x0Ad\\x1B\\xE4\\x7F HTTP/1.1\" 200 5120 \"-\" "
                                   "\"x\\\" 200 \\\"y\" hit 0.000183\n");
}

static void access_log_long_fields_are_cut(void **state)
{
    struct access_line line = usual;
    struct buf CLEANUP_BUF target = BUF_INIT;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&target, "/");
    for (int i = 0; i < 2047; i++)
        buf_add_char(&target, 'a');
    line.target = target.data;
    written(*state, &line, &text);
    assert_null(strstr(text.data, "..."));
    buf_add_char(&target, 'a');
    line.target = target.data;
    written(*state, &line, &text);
    assert_int_equal(count(&text, "a... HTTP/1.1"), 1);
}

static void access_log_time_has_the_zone(void **state)
{
    struct place *place = *state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF unused = BUF_INIT;
    struct tm parts = {0};

    time_t before = time(NULL);
    written(place, &usual, &unused);
    time_t after = time(NULL);
    read_file(place->path, &text);
    const char *end = strptime(strchr(text.data, '[') + 1, "%d/%b/%Y:%H:%M:%S ", &parts);
    assert_non_null(end);
    assert_true(text_starts(end, "+0530]"));
    time_t logged = timegm(&parts) - (5 * 60 + 30) * 60;
    assert_true(logged >= before && logged <= after);
}

/* ---- the file ---- */

static void access_log_writes_only_on_flush(void **state)
{
    struct place *place = *state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    access_log_add(place->log, &usual);
    read_file(place->path, &text);
    assert_int_equal(text.len, 0);
    access_log_flush(place->log);
    read_file(place->path, &text);
    assert_int_equal(count(&text, "\n"), 1);
}

static void access_log_appends(void **state)
{
    struct place *place = *state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    access_log_add(place->log, &usual);
    access_log_close(&place->log);
    assert_int_equal(access_log_open(place->path, &place->log, &text), 0);
    access_log_add(place->log, &usual);
    access_log_flush(place->log);
    read_file(place->path, &text);
    assert_int_equal(count(&text, "\n"), 2);
}

static void access_log_reopens_after_rename(void **state)
{
    struct place *place = *state;
    char *CLEANUP_FREE old = xasprintf("%s.1", place->path);
    struct buf CLEANUP_BUF text = BUF_INIT;

    access_log_add(place->log, &usual);
    access_log_flush(place->log);
    assert_int_equal(rename(place->path, old), 0);
    access_log_reopen(place->log);
    access_log_add(place->log, &usual);
    access_log_flush(place->log);
    read_file(place->path, &text);
    assert_int_equal(count(&text, "\n"), 1);
    read_file(old, &text);
    assert_int_equal(count(&text, "\n"), 1);
}

static void access_log_off_writes_nothing(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct access_log *log;

    assert_int_equal(access_log_open("off", &log, &error), 0);
    assert_false(access_log_wanted(log));
    access_log_add(log, &usual);
    access_log_reopen(log);
    access_log_flush(log);
    access_log_close(&log);
    assert_int_equal(access("off", F_OK), -1);
}

static void access_log_dash_is_standard_output(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct access_log *log;
    char bytes[1024] = "";
    int ends[2];
    int saved = dup(STDOUT_FILENO);

    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    int opened = access_log_open("-", &log, &text);
    access_log_add(log, &usual);
    access_log_close(&log);
    bool still_open = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[1]);
    assert_int_equal(opened, 0);
    assert_true(still_open);
    assert_true(read(ends[0], bytes, sizeof(bytes) - 1) > 0);
    close(ends[0]);
    assert_non_null(strstr(bytes, "GET /simple/six/"));
}

static void access_log_bad_path_is_told(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct access_log *log = NULL;

    assert_int_equal(access_log_open("/nonexistent/folder/access.log", &log, &error), -1);
    assert_null(log);
    assert_non_null(strstr(error.data, "/nonexistent/folder/access.log"));
    assert_non_null(strstr(error.data, "access_log"));
}

/* ---- too much, too fast ---- */

static void access_log_pending_is_bounded(void **state)
{
    struct place *place = *state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct stat status;
    int lines = 60000; /* of about 120 bytes: 7 MB */

    for (int i = 0; i < lines; i++)
        access_log_add(place->log, &usual);
    access_log_flush(place->log);
    assert_int_equal(stat(place->path, &status), 0);
    assert_in_range(status.st_size, (4 << 20) - 200, (4 << 20) + 200);
    read_file(place->path, &text);
    size_t kept = count(&text, "GET ");
    char *CLEANUP_FREE notice = xasprintf("\n# %zu lines were dropped", (size_t)lines - kept);
    assert_non_null(strstr(text.data, notice));

    access_log_add(place->log, &usual);
    access_log_flush(place->log);
    read_file(place->path, &text);
    assert_int_equal(count(&text, "lines were dropped"), 1);
    assert_int_equal(count(&text, "GET "), kept + 1);
}

/* A file size limit stands in for a full disk: a write is cut in the middle of a line, the next fails. */
static void access_log_goes_on_after_a_full_disk(void **state)
{
    struct place *place = *state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct rlimit usual_limit;
    struct rlimit small;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual_limit), 0);
    small = usual_limit;
    small.rlim_cur = 150;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 5; i++)
        access_log_add(place->log, &usual);
    access_log_flush(place->log);
    access_log_add(place->log, &usual);
    access_log_flush(place->log);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual_limit), 0);

    access_log_add(place->log, &usual);
    access_log_flush(place->log);
    read_file(place->path, &text);
    assert_non_null(strstr(text.data, "\n# 5 lines were dropped"));
    assert_int_equal(count(&text, " hit 0.000183\n"), 2);
    assert_int_equal(count(&text, "\n"), 4);
}

static void *add_many(void *arg)
{
    struct place *place = arg;

    for (int i = 0; i < 2000; i++)
        access_log_add(place->log, &usual);
    return NULL;
}

static void access_log_takes_lines_from_many_threads(void **state)
{
    struct place *place = *state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, place), 0);
    for (int i = 0; i < 20; i++)
        access_log_flush(place->log);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    access_log_flush(place->log);
    read_file(place->path, &text);
    assert_int_equal(count(&text, " hit 0.000183\n"), 6000);
    assert_int_equal(count(&text, "192.0.2.7 - - ["), 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(access_log_line_is_combined, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_missing_fields_are_dashes, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_hostile_bytes_are_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_long_fields_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_time_has_the_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_writes_only_on_flush, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_appends, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_reopens_after_rename, setup, teardown),
        cmocka_unit_test(access_log_off_writes_nothing),
        cmocka_unit_test(access_log_dash_is_standard_output),
        cmocka_unit_test(access_log_bad_path_is_told),
        cmocka_unit_test_setup_teardown(access_log_pending_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_goes_on_after_a_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(access_log_takes_lines_from_many_threads, setup, teardown),
    };

    setenv("TZ", "IST-5:30", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
