/* The growing bytes of a blob: what readers may have, when they are cut, and the passing through of bytes
 * that the store does not take. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <utlist.h>

#include "base/buf.h"
#include "proxy/core/stream.h"

/* A store of its own for each test. */
struct fixture {
    char path[64];
    struct store *store;
    struct lock lock; /* held throughout a test */
    struct stream stream;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct buf CLEANUP_BUF error = BUF_INIT;

    memset(&fixture, 0, sizeof(fixture));
    memcpy(fixture.path, "/tmp/stream-test-XXXXXX", 24);
    assert_non_null(mkdtemp(fixture.path));
    struct store_options options = {.path = fixture.path, .max_size_bytes = 1 << 30};
    if (store_open(&options, &fixture.store, &error) < 0)
        fail_msg("%s", error.data);
    lock_init(&fixture.lock, LOCK_RANK_FILL);
    stream_init(&fixture.stream, &fixture.lock);
    lock_acquire(&fixture.lock);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[100];

    for (struct backing *b = fixture->stream.current; b;
         b = b == fixture->stream.previous ? NULL : fixture->stream.previous)
        blob_abort(&b->writer);
    lock_release(&fixture->lock);
    stream_release(&fixture->stream);
    lock_destroy(&fixture->lock);
    store_close(&fixture->store);
    snprintf(command, sizeof(command), "rm -rf %s", fixture->path);
    return system(command);
}

static void begin(struct fixture *fixture, int64_t total)
{
    struct backing *oldest = stream_begin_locked(&fixture->stream, backing_new(fixture->store, total), total);

    if (oldest)
        blob_abort(&oldest->writer);
    backing_unref(oldest);
}

/* Bytes of a pattern that is different for each seed. */
static void append(struct fixture *fixture, size_t len, unsigned seed)
{
    unsigned char *data = malloc(len);
    struct stream *stream = &fixture->stream;

    for (size_t i = 0; i < len; i++)
        data[i] = (unsigned char)(((uint64_t)stream->ready_bytes + i) * 7 + seed);
    assert_int_equal(backing_write(stream->current, stream->ready_bytes, data, len), 0);
    stream_compare(stream, stream->ready_bytes, data, len, &stream->same_bytes, &stream->compared_to_end);
    stream->ready_bytes += (int64_t)len;
    free(data);
}

static struct stream_reader reader_of(struct fixture *fixture, int64_t start, int64_t end)
{
    return (struct stream_reader){.total_bytes = fixture->stream.total_bytes,
                                  .start = start,
                                  .at = start,
                                  .end = end,
                                  .generation = fixture->stream.generation};
}

static void stream_holds_back_the_end_until_verified(void **state)
{
    struct fixture *fixture = *state;
    int64_t total = 4 * STREAM_HOLD_BACK, available = 0;

    begin(fixture, total);
    struct stream_reader reader = reader_of(fixture, 0, total);
    append(fixture, (size_t)total, 0);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_GO);
    assert_int_equal(available, total - STREAM_HOLD_BACK);
    reader.at = available;
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_WAIT);
    fixture->stream.verified = true;
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_GO);
    assert_int_equal(available, STREAM_HOLD_BACK);
}

static void stream_holds_back_the_end_of_a_range_too(void **state)
{
    struct fixture *fixture = *state;
    int64_t available = 0;

    begin(fixture, 1024 * 1024);
    append(fixture, 512 * 1024, 0);
    struct stream_reader reader = reader_of(fixture, 0, 1000);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_WAIT);
}

static void stream_lets_a_reader_go_on_where_the_new_bytes_are_the_same(void **state)
{
    struct fixture *fixture = *state;
    int64_t total = 1024 * 1024, available = 0;

    begin(fixture, total);
    struct stream_reader reader = reader_of(fixture, 0, total);
    append(fixture, 300 * 1024, 0);
    reader.at = 200 * 1024;
    begin(fixture, total);
    append(fixture, 100 * 1024, 0);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_WAIT);
    append(fixture, 200 * 1024, 0);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_GO);
    assert_int_equal(available, 100 * 1024);
}

static void stream_cuts_a_reader_that_has_other_bytes(void **state)
{
    struct fixture *fixture = *state;
    int64_t total = 1024 * 1024, available = 0;

    begin(fixture, total);
    struct stream_reader reader = reader_of(fixture, 0, total);
    append(fixture, 300 * 1024, 0);
    reader.at = 200 * 1024;
    begin(fixture, total);
    append(fixture, 100 * 1024, 0);
    append(fixture, 50 * 1024, 1);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_CUT);
}

static void stream_restarts_a_reader_that_has_no_bytes_yet(void **state)
{
    struct fixture *fixture = *state;
    int64_t total = 1024 * 1024, available = 0;

    begin(fixture, total);
    struct stream_reader reader = reader_of(fixture, 0, total);
    append(fixture, 100 * 1024, 0);
    begin(fixture, total);
    append(fixture, 150 * 1024, 1);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_GO);
    assert_int_equal(available, 150 * 1024);
}

static void stream_cuts_a_reader_when_the_new_length_differs(void **state)
{
    struct fixture *fixture = *state;
    int64_t available = 0;

    begin(fixture, 1000 * 1024);
    struct stream_reader reader = reader_of(fixture, 0, 1000 * 1024);
    begin(fixture, 900 * 1024);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_CUT);
}

/* Its answer would end where the file does not. */
static void stream_cuts_a_reader_when_the_new_length_is_greater(void **state)
{
    struct fixture *fixture = *state;
    int64_t available = 0;

    begin(fixture, 1000 * 1024);
    append(fixture, 500 * 1024, 0);
    struct stream_reader reader = reader_of(fixture, 0, 1000 * 1024);
    reader.at = 300 * 1024;
    begin(fixture, 1100 * 1024);
    append(fixture, 500 * 1024, 0);
    assert_int_equal(stream_check_locked(&fixture->stream, &reader, &available), READER_CUT);
}

static void backing_counts_the_bytes_that_are_the_same(void **state)
{
    struct fixture *fixture = *state;
    char data[40000];

    memset(data, 'a', sizeof(data));
    begin(fixture, sizeof(data));
    assert_int_equal(backing_write(fixture->stream.current, 0, data, sizeof(data)), 0);
    assert_int_equal(backing_same(fixture->stream.current, 0, data, sizeof(data)), sizeof(data));
    data[33333] = 'b';
    assert_int_equal(backing_same(fixture->stream.current, 0, data, sizeof(data)), 33333);
    data[0] = 'b';
    assert_int_equal(backing_same(fixture->stream.current, 0, data, sizeof(data)), 0);
}

/* As if the disk had become full at this offset. */
static void spill_from_now(struct fixture *fixture)
{
    fixture->stream.current->spilled_from = fixture->stream.ready_bytes;
}

static void stream_reads_across_the_spill(void **state)
{
    struct fixture *fixture = *state;
    unsigned char data[20000];

    begin(fixture, 20000);
    append(fixture, 10000, 0);
    spill_from_now(fixture);
    append(fixture, 10000, 0);
    assert_int_equal(backing_read(fixture->stream.current, 0, data, sizeof(data)), 0);
    for (size_t i = 0; i < sizeof(data); i++)
        assert_int_equal(data[i], (unsigned char)(i * 7));
}

static void stream_pauses_when_the_slowest_reader_is_a_window_behind(void **state)
{
    struct fixture *fixture = *state;
    struct stream *stream = &fixture->stream;
    int64_t total = 4 * (int64_t)STREAM_WINDOW_BYTES, from, to;

    begin(fixture, total);
    struct stream_reader reader = reader_of(fixture, 0, total);
    DL_APPEND(stream->readers, &reader);
    spill_from_now(fixture);
    append(fixture, STREAM_WINDOW_BYTES - 1, 0);
    assert_false(stream_must_pause_locked(stream));
    append(fixture, 1, 0);
    assert_true(stream_must_pause_locked(stream));
    reader.at = STREAM_WINDOW_BYTES / 4;
    assert_false(stream_drop_read_locked(stream, &from, &to));
    assert_int_equal(to, STREAM_WINDOW_BYTES / 4);
    reader.at = STREAM_WINDOW_BYTES / 2 + 65536;
    assert_true(stream_drop_read_locked(stream, &from, &to));
    assert_int_equal(from, STREAM_WINDOW_BYTES / 4);
    DL_DELETE(stream->readers, &reader);
}

static void stream_cuts_a_reader_whose_bytes_were_dropped(void **state)
{
    struct fixture *fixture = *state;
    struct stream *stream = &fixture->stream;
    int64_t total = 4 * (int64_t)STREAM_WINDOW_BYTES, from, to, available;

    begin(fixture, total);
    spill_from_now(fixture);
    append(fixture, STREAM_WINDOW_BYTES / 2, 0);
    assert_false(stream_drop_read_locked(stream, &from, &to));
    assert_true(to > 0);
    struct stream_reader late = reader_of(fixture, 0, total);
    assert_int_equal(stream_check_locked(stream, &late, &available), READER_CUT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(stream_holds_back_the_end_until_verified),
        TEST(stream_holds_back_the_end_of_a_range_too),
        TEST(stream_lets_a_reader_go_on_where_the_new_bytes_are_the_same),
        TEST(stream_cuts_a_reader_that_has_other_bytes),
        TEST(stream_restarts_a_reader_that_has_no_bytes_yet),
        TEST(stream_cuts_a_reader_when_the_new_length_differs),
        TEST(stream_cuts_a_reader_when_the_new_length_is_greater),
        TEST(backing_counts_the_bytes_that_are_the_same),
        TEST(stream_reads_across_the_spill),
        TEST(stream_pauses_when_the_slowest_reader_is_a_window_behind),
        TEST(stream_cuts_a_reader_whose_bytes_were_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
