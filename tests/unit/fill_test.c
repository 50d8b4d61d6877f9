/* The table of fills: who shares one, and when it can be found. Waiting needs libmicrohttpd: see the feature
 * tests. Here its two calls only count. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/counters.h"
#include "base/json.h"
#include "base/memory.h"
#include "proxy/core/connections.h"
#include "proxy/core/fill.h"
#include "proxy/fill_list.h"

static struct fills *fills;

static int setup(void **state)
{
    (void)state;
    fills = fills_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fills_free(fills);
    return 0;
}

static struct fill *join(const char *key, bool expect_new)
{
    bool created;
    struct fill *fill = fill_join(fills, key, &created);

    assert_int_equal(created, expect_new);
    return fill;
}

static void fill_join_shares_a_running_one(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);
    struct fill *other = join("b", true);

    assert_ptr_equal(join("a", false), fill);
    shared_unref(&fill->shared);
    fill_end(fill, FETCH_OK, NULL, NULL);
    fill_end(other, FETCH_OK, NULL, NULL);
    shared_unref(&fill->shared);
    shared_unref(&other->shared);
}

static void fill_join_refuses_more_than_the_limit(void **state)
{
    (void)state;
    static struct fill *all[FILLS_MAX];
    char key[16];

    for (int i = 0; i < FILLS_MAX; i++) {
        snprintf(key, sizeof(key), "%d", i);
        all[i] = join(key, true);
    }
    assert_null(join("one more", false));
    assert_ptr_equal(join("0", false), all[0]);
    shared_unref(&all[0]->shared);
    for (int i = 0; i < FILLS_MAX; i++) {
        fill_end(all[i], FETCH_OK, NULL, NULL);
        shared_unref(&all[i]->shared);
    }
}

static void fill_settled_stays_until_it_leaves(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);

    fill_settle(fill, FETCH_OK, NULL, NULL);
    assert_int_equal(fill->state, FILL_DONE);
    assert_ptr_equal(fill_find(fills, "a"), fill);
    shared_unref(&fill->shared);
    fill_leave_table(fill);
    assert_null(fill_find(fills, "a"));
    shared_unref(&fill->shared);
}

static void fill_end_settles_and_leaves(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);
    int64_t running = counter_get(COUNTER_FILLS_RUNNING);

    fill_end(fill, FETCH_UNAVAILABLE, "all are down", NULL);
    assert_int_equal(fill->state, FILL_FAILED);
    assert_int_equal(fill->outcome, FETCH_UNAVAILABLE);
    assert_string_equal(fill->reason, "all are down");
    assert_int_equal(counter_get(COUNTER_FILLS_RUNNING), running - 1);
    struct fill *next = join("a", true);
    assert_ptr_not_equal(next, fill);
    fill_end(next, FETCH_OK, NULL, NULL);
    shared_unref(&next->shared);
    shared_unref(&fill->shared);
}

static void fill_does_not_wait_when_it_is_over(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);
    struct waiter waiter = {.fd = -1};

    fill_end(fill, FETCH_OK, NULL, NULL);
    lock_acquire(&fill->lock);
    assert_false(fill_wait_locked(fill, &waiter, WAIT_FOR_START));
    assert_false(fill_wait_locked(fill, &waiter, WAIT_FOR_END));
    lock_release(&fill->lock);
    shared_unref(&fill->shared);
}

/* ---- clients that hang up while they wait ---- */

static int suspended;
static struct fill *polled; /* its lock must be free while sockets are asked */
static int polls;

void MHD_suspend_connection(struct MHD_Connection *connection)
{
    (void)connection;
    suspended++;
}

void MHD_resume_connection(struct MHD_Connection *connection)
{
    (void)connection;
    suspended--;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's are reserved. */
int poll(struct pollfd *sockets, nfds_t count, int timeout_ms)
{
    struct timespec at_once = {0};

    (void)timeout_ms;
    if (polled) {
        polls++;
        lock_acquire(&polled->lock); /* aborts if this thread has it */
        lock_release(&polled->lock);
    }
    return ppoll(sockets, count, &at_once, NULL);
}

static struct connections *connections;

/* A request that waits, and the client's end of its socket. */
struct waiting {
    struct waiter waiter;
    int client_fd;
    int fd;
};

static void begin_waiting(struct fill *fill, struct waiting *waiting)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(connections_admit(connections, &address, sizeof(address)), 0);
    *waiting = (struct waiting){.client_fd = ends[0], .fd = ends[1]};
    waiting->waiter.client = connections_opened(connections, ends[1], &address);
    waiting->waiter.fd = ends[1];
    lock_acquire(&fill->lock);
    assert_true(fill_wait_locked(fill, &waiting->waiter, WAIT_FOR_END));
    lock_release(&fill->lock);
}

static void end_waiting(struct waiting *waiting)
{
    connections_closed(waiting->waiter.client);
    close(waiting->client_fd);
    close(waiting->fd);
}

static void fill_wakes_clients_that_hung_up(void **state)
{
    (void)state;
    const struct connections_limits limits = {.max_connections = 8, .max_per_client = 8};
    struct fill *fill = join("a", true);
    struct waiting waiting[3];

    connections = connections_new(&limits);
    for (int i = 0; i < 3; i++)
        begin_waiting(fill, &waiting[i]);
    polled = fill;
    fills_tick(fills, INT64_MAX, INT64_MAX);
    assert_int_equal(suspended, 3);
    shutdown(waiting[1].client_fd, SHUT_RDWR);
    fills_tick(fills, INT64_MAX, INT64_MAX);
    polled = NULL;
    assert_int_equal(suspended, 2);
    assert_int_equal(polls, 2);
    assert_false(waiting[0].waiter.gone || waiting[2].waiter.gone);
    assert_true(waiting[1].waiter.gone);
    fill_end(fill, FETCH_OK, NULL, NULL);
    assert_int_equal(suspended, 0);
    for (int i = 0; i < 3; i++)
        end_waiting(&waiting[i]);
    connections_free(&connections);
    shared_unref(&fill->shared);
}

/* ---- listing them ---- */

static void describe(struct fill *fill, const struct fill_subject *subject)
{
    lock_acquire(&fill->lock);
    fill_describe_locked(fill, subject);
    lock_release(&fill->lock);
}

/* Begins fills of files whose paths have name_len bytes, the first of them first_len. */
static void begin_files(struct fill **all, size_t count, size_t name_len, size_t first_len)
{
    for (size_t i = 0; i < count; i++) {
        struct buf CLEANUP_BUF path = BUF_INIT;
        buf_printf(&path, "/%zu-", i);
        while (path.len < (i ? name_len : first_len))
            buf_add_text(&path, "\x01");
        all[i] = join(path.data, true);
        describe(all[i], &(struct fill_subject){.kind = FILL_KIND_FILE, .path = path.data});
    }
}

static void end_files(struct fill **all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fill_end(all[i], FETCH_OK, NULL, NULL);
        shared_unref(&all[i]->shared);
    }
}

/* Returns how many are listed, in a form that prefetch can read. */
static size_t count_listed(void)
{
    static const struct json_limits limits = {8, 4096, 16384};
    struct buf CLEANUP_BUF json = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    fills_print(fills, &json);
    assert_true(json.len < FILLS_SHOWN_BYTES_MAX + 100);
    json_t *CLEANUP_JSON root = json_read_object(json.data, json.len, &limits, &error);
    if (!root)
        fail_msg("%s", error.data);
    return json_array_size(json_object_get(root, "fills"));
}

static void fill_list_has_files_under_way(void **state)
{
    (void)state;
    struct fill *page = join("page:a", true);
    struct fill *all[3];

    assert_int_equal(count_listed(), 0);
    begin_files(all, 3, 10, 10);
    assert_int_equal(count_listed(), 3);
    fill_settle(all[1], FETCH_OK, NULL, NULL);
    assert_int_equal(count_listed(), 2);
    fill_leave_table(all[1]);
    shared_unref(&all[1]->shared);
    all[1] = page;
    end_files(all, 3);
}

static void fill_list_is_not_too_long(void **state)
{
    (void)state;
    static struct fill *all[FILLS_MAX];

    begin_files(all, FILLS_MAX, 20, 20);
    assert_int_equal(count_listed(), FILLS_SHOWN_MAX);
    end_files(all, FILLS_MAX);
}

static void fill_list_has_few_long_names(void **state)
{
    (void)state;
    static struct fill *all[FILLS_MAX];

    /* Each byte of these names takes six. */
    begin_files(all, FILLS_MAX, 500, 500);
    size_t count = count_listed();
    assert_true(count > 50 && count < FILLS_SHOWN_BYTES_MAX / (6 * 480));
    end_files(all, FILLS_MAX);
    /* One that does not fit hides no others. */
    begin_files(all, 3, 20, FILLS_SHOWN_BYTES_MAX);
    assert_int_equal(count_listed(), 2);
    end_files(all, 3);
}

static void fill_list_passes_over_names_that_are_not_utf8(void **state)
{
    (void)state;
    struct fill *all[2] = {join("a", true), join("b", true)};

    describe(all[0], &(struct fill_subject){.kind = FILL_KIND_FILE, .path = "/\xff"});
    describe(all[1], &(struct fill_subject){.kind = FILL_KIND_FILE, .path = "/b"});
    assert_int_equal(count_listed(), 1);
    end_files(all, 2);
}

static void assert_listed_as(const struct fill_subject *subject, int64_t total_bytes, const char *row)
{
    struct fill *fill = join("a", true);
    struct buf CLEANUP_BUF json = BUF_INIT;
    struct buf CLEANUP_BUF expected = BUF_INIT;

    describe(fill, subject);
    fill->stream.total_bytes = total_bytes;
    fills_print(fills, &json);
    buf_printf(&expected, "{\"version\":2,\"storing\":0,\"fills\":[%s]}\n", row);
    assert_string_equal(json.data, expected.data);
    end_files(&fill, 1);
}

static void fill_list_says_what_comes(void **state)
{
    (void)state;
    struct fill_subject blob = {.kind = FILL_KIND_BLOB,
                                .registry = "docker.io",
                                .repository = "library/nginx",
                                .digest = "sha256:01"};

    assert_listed_as(&(struct fill_subject){.kind = FILL_KIND_FILE, .path = "/packages/a.whl"}, 7,
                     "{\"kind\":\"file\",\"path\":\"/packages/a.whl\",\"bytes\":0,\"of\":7}");
    assert_listed_as(&(struct fill_subject){.kind = FILL_KIND_METADATA, .path = "/packages/a.whl.metadata"},
                     -1, "{\"kind\":\"metadata\",\"path\":\"/packages/a.whl.metadata\",\"bytes\":0}");
    assert_listed_as(&blob, 7,
                     "{\"kind\":\"blob\",\"registry\":\"docker.io\",\"repository\":\"library/nginx\","
                     "\"digest\":\"sha256:01\",\"bytes\":0,\"of\":7}");
    blob.repository = NULL;
    assert_listed_as(&blob, -1,
                     "{\"kind\":\"blob\",\"registry\":\"docker.io\",\"digest\":\"sha256:01\",\"bytes\":0}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fill_join_shares_a_running_one),     TEST(fill_join_refuses_more_than_the_limit),
        TEST(fill_settled_stays_until_it_leaves), TEST(fill_end_settles_and_leaves),
        TEST(fill_does_not_wait_when_it_is_over), TEST(fill_wakes_clients_that_hung_up),
        TEST(fill_list_has_files_under_way),      TEST(fill_list_is_not_too_long),
        TEST(fill_list_has_few_long_names),       TEST(fill_list_passes_over_names_that_are_not_utf8),
        TEST(fill_list_says_what_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
