/* The server that a command works with: named, running, or its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/local_url.h"
#include "admin/server_url.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/store.h"
#include "tests/unit/support/scripted_server.h"
#include "upstreams/http_client.h"

static const char page[] = "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"sample\",\"files\":[]}";

struct fixture {
    char folder[32];
    char *config_path;
    struct scripted_server *upstream;
    struct buf error;

    /* what the work does and sees */
    bool held_only;
    char *url;
    int status;
    char *body;
    int own_result;
};

static bool answer_page(struct scripted_request *request)
{
    return scripted_reply(request, 200, "Content-Type: application/vnd.pypi.simple.v1+json\r\n", page,
                          sizeof(page) - 1);
}

/* Signals are for the main thread: the upstream stands for another process. */
static struct scripted_server *start_upstream(void *arg)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    struct scripted_server *upstream = scripted_start(answer_page, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return upstream;
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    log_set_level(LOG_ERROR);
    f->upstream = start_upstream(f);
    memcpy(f->folder, "/tmp/server_url_test.XXXXXX", sizeof("/tmp/server_url_test.XXXXXX"));
    assert_non_null(mkdtemp(f->folder));
    f->config_path = xasprintf("%s/mirror.conf", f->folder);
    FILE *file = fopen(f->config_path, "w");
    assert_non_null(file);
    fprintf(file,
            "[server]\nlisten = 127.0.0.1:1\nworkers = 1\n[storage]\npath = %s/store\nmin_free = 0\n[pypi "
            "\"u\"]\nindex = %s\n",
            f->folder, scripted_url(f->upstream, "127.0.0.1", "/simple/"));
    assert_int_equal(fclose(file), 0);
    buf_init(&f->error);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    scripted_stop(f->upstream);
    nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    buf_release(&f->error);
    free(f->config_path);
    free(f->url);
    free(f->body);
    free(f);
    return 0;
}

static void on_answer(void *arg, const struct http_client_answer *answer)
{
    struct fixture *f = arg;

    f->status = answer->status;
    free(f->body);
    f->body = xstrdup(answer->body);
}

static int ask_page(void *arg, const char *url, const _Atomic bool *stop)
{
    struct fixture *f = arg;
    struct http_client *client = NULL;

    free(f->url);
    f->url = xstrdup(url);
    assert_false(*stop);
    assert_int_equal(http_client_new(url, NULL, &client, &f->error), 0);
    http_client_ask(client,
                    &(struct http_client_request){.path = "/simple/sample/",
                                                  .accept = "application/vnd.pypi.simple.v1+json",
                                                  .want = HTTP_CLIENT_BODY,
                                                  .held_only = f->held_only,
                                                  .max_bytes = 10000},
                    on_answer, f);
    while (http_client_busy(client))
        http_client_step(client, 200);
    http_client_free(&client);
    return f->own_result;
}

static int run(struct fixture *f, const char *server_url, server_work *work)
{
    return with_server(f->config_path, server_url, work, f, &f->error);
}

static void private_server_fetches(void **state)
{
    struct fixture *f = *state;

    f->own_result = 7;
    assert_int_equal(run(f, NULL, ask_page), 7);
    assert_string_equal(f->error.data, "");
    assert_true(text_starts(f->url, "http://127.0.0.1:"));
    assert_int_equal(f->status, 200);
    assert_non_null(strstr(f->body, "\"sample\""));
    assert_int_equal(scripted_requests(f->upstream), 1);
}

static void private_server_leaves_all_stored(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, NULL, ask_page), 0);
    f->held_only = true;
    f->status = 0;
    assert_int_equal(run(f, NULL, ask_page), 0);
    assert_int_equal(f->status, 200);
    assert_int_equal(scripted_requests(f->upstream), 1);
}

static int wait_for_stop(void *arg, const char *url, const _Atomic bool *stop)
{
    struct fixture *f = arg;

    (void)url;
    kill(getpid(), f->own_result);
    while (!*stop)
        usleep(1000);
    return 3;
}

static void private_server_ends_by_signal(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    struct fixture *f = *state;
    sigset_t after;

    for (int i = 0; i < 3; i++) {
        f->own_result = signals[i];
        assert_int_equal(run(f, NULL, wait_for_stop), 3);
    }
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sigismember(&after, signals[i]), 0);
}

static void private_server_needs_the_store(void **state)
{
    struct fixture *f = *state;
    char *CLEANUP_FREE path = xasprintf("%s/store", f->folder);
    struct store_options options = {.path = path, .max_size_bytes = INT64_MAX};
    struct store *store = NULL;

    assert_int_equal(store_open(&options, &store, &f->error), 0);
    assert_int_equal(run(f, NULL, ask_page), -1);
    store_close(&store);
    assert_non_null(strstr(f->error.data, path));
    assert_non_null(strstr(f->error.data, "is in use by process"));
    assert_null(f->url);
}

static void named_server_is_taken(void **state)
{
    struct fixture *f = *state;
    const char *url = scripted_url(f->upstream, "127.0.0.1", "/sub");

    f->own_result = 4;
    unlink(f->config_path); /* it is not needed */
    assert_int_equal(run(f, url, ask_page), 4);
    assert_string_equal(f->url, url);
    assert_int_equal(f->status, 200);
    assert_string_equal(f->body, page);
    f->own_result = SIGINT;
    assert_int_equal(run(f, url, wait_for_stop), 3);
}

static void config_is_needed(void **state)
{
    struct fixture *f = *state;

    unlink(f->config_path);
    assert_int_equal(run(f, NULL, ask_page), -1);
    assert_non_null(strstr(f->error.data, f->config_path));
}

static void address_as_url(void **state)
{
    static const char *const cases[][2] = {
        {"127.0.0.1:8080", "http://127.0.0.1:8080"}, {"0.0.0.0:80", "http://127.0.0.1:80"},
        {"[::]:8080", "http://[::1]:8080"},          {"[::1]:8080", "http://[::1]:8080"},
        {"[fd00::1]:8080", "http://[fd00::1]:8080"}, {"192.168.1.5:8080", "http://192.168.1.5:8080"},
        {"unix:/run/y.sock", "unix:/run/y.sock"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF url = BUF_INIT;
        local_url_print(cases[i][0], &url);
        assert_string_equal(url.data, cases[i][1]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(private_server_fetches),        TEST(private_server_leaves_all_stored),
        TEST(private_server_ends_by_signal), TEST(private_server_needs_the_store),
        TEST(named_server_is_taken),         TEST(config_is_needed),
        cmocka_unit_test(address_as_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
