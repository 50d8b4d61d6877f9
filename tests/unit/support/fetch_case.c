#include "tests/unit/support/fetch_case.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"

int case_setup(void **state)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct fetch_case *c = xcalloc(1, sizeof(*c));

    log_set_level(LOG_ERROR);
    sink_init(&c->sink);
    c->bytes = test_bytes(CASE_BYTES);
    CHECK(fetcher_start(&c->fetcher, &error) == 0);
    c->options = test_blob(c->candidates, 0);
    c->timeout_s = 30;
    *state = c;
    return 0;
}

int case_teardown(void **state)
{
    struct fetch_case *c = *state;

    fetcher_stop(&c->fetcher);
    for (size_t i = 0; i < c->count; i++) {
        scripted_stop(c->servers[i]);
        upstream_unref(c->upstreams[i]);
    }
    sink_release(&c->sink);
    free(c->bytes);
    free(c);
    return 0;
}

size_t case_add(struct fetch_case *c, scripted_answer *answer)
{
    static const char *const names[] = {"first", "second", "third", "fourth"};
    size_t i = c->count++;

    CHECK(i < SINK_CANDIDATES_MAX);
    c->servers[i] = scripted_start(answer, c);
    c->upstreams[i] = test_upstream(names[i], scripted_url(c->servers[i], "127.0.0.1", "/"), c->timeout_s);
    c->candidates[i].upstream = c->upstreams[i];
    c->candidates[i].url = scripted_url(c->servers[i], "127.0.0.1", "/object");
    c->options.candidate_count = c->count;
    return i;
}

struct fetch *case_start(struct fetch_case *c)
{
    return fetch_start(c->fetcher, &c->options, &sink_ops, &c->sink);
}

enum fetch_outcome case_run(struct fetch_case *c)
{
    case_start(c);
    return sink_wait(&c->sink);
}

void case_again(struct fetch_case *c)
{
    sink_release(&c->sink);
    sink_init(&c->sink);
}

bool serve_right(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    return scripted_file(request, "", c->bytes, CASE_BYTES);
}

bool serve_404(struct scripted_request *request)
{
    return scripted_reply(request, 404, "", "no", 2);
}

bool serve_500(struct scripted_request *request)
{
    return scripted_reply(request, 500, "", "oh", 2);
}

bool serve_half(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    scripted_printf(request, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", CASE_BYTES);
    scripted_send(request, c->bytes, CASE_BYTES / 2);
    return false;
}
