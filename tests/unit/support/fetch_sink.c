#include "tests/unit/support/fetch_sink.h"

#include "base/check.h"
#include "base/memory.h"

#define WAIT_MS 20000

void sink_init(struct sink *sink)
{
    memset(sink, 0, sizeof(*sink));
    lock_init(&sink->lock, LOCK_RANK_FILL);
    lock_condition_init(&sink->changed);
    buf_init(&sink->data);
}

void sink_release(struct sink *sink)
{
    buf_release(&sink->data);
    free(sink->reason);
    free(sink->url);
    free(sink->etag);
    free(sink->digest);
    free(sink->link);
    pthread_cond_destroy(&sink->changed);
    lock_destroy(&sink->lock);
}

static void keep_answer_locked(struct sink *sink, const struct fetch_answer *answer)
{
    free(sink->url);
    free(sink->etag);
    free(sink->digest);
    free(sink->link);
    sink->url = xstrdup(answer->url);
    sink->etag = xstrdup(answer->etag);
    sink->digest = xstrdup(answer->digest);
    sink->link = xstrdup(answer->link);
    sink->upstream = upstream_name(answer->upstream);
}

static int on_begin(void *arg, const struct fetch_answer *answer)
{
    struct sink *sink = arg;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&sink->lock);
    sink->begins++;
    sink->total_bytes = answer->total_bytes;
    buf_reset(&sink->data);
    keep_answer_locked(sink, answer);
    return sink->begin_fails ? -1 : 0;
}

static int on_write(void *arg, int64_t offset, const void *data, size_t len)
{
    struct sink *sink = arg;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&sink->lock);
    CHECK(offset == (int64_t)sink->data.len && len > 0 && sink->begins > 0);
    buf_add(&sink->data, data, len);
    sink->writes++;
    pthread_cond_broadcast(&sink->changed);
    if (sink->fail_write && sink->writes == sink->fail_write)
        return -1;
    if (!sink->pause_every || sink->writes % sink->pause_every)
        return 0;
    sink->pauses++;
    return 1;
}

static enum fetch_decision on_complete(void *arg)
{
    struct sink *sink = arg;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&sink->lock);
    sink->completes++;
    pthread_cond_broadcast(&sink->changed);
    if (sink->pending)
        return FETCH_PENDING;
    if (!sink->want)
        return FETCH_ACCEPT;
    bool right = sink->data.len == sink->want_len && memcmp(sink->data.data, sink->want, sink->want_len) == 0;
    return right ? FETCH_ACCEPT : FETCH_REJECT;
}

static void on_finish(void *arg, enum fetch_outcome outcome, const struct fetch_answer *answer,
                      const char *reason)
{
    struct sink *sink = arg;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&sink->lock);
    sink->finishes++;
    sink->outcome = outcome;
    sink->answered = answer != NULL;
    if (answer)
        keep_answer_locked(sink, answer);
    free(sink->reason);
    sink->reason = xstrdup(reason);
    pthread_cond_broadcast(&sink->changed);
}

const struct fetch_sink_ops sink_ops = {on_begin, on_write, on_complete, on_finish};

static void wait_for(struct sink *sink, const int *seen, int count)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&sink->lock);
    while (*seen < count)
        CHECK(lock_wait(&sink->lock, &sink->changed, WAIT_MS));
}

enum fetch_outcome sink_wait(struct sink *sink)
{
    wait_for(sink, &sink->finishes, 1);
    return sink->outcome;
}

void sink_wait_writes(struct sink *sink, int count)
{
    wait_for(sink, &sink->writes, count);
}

void sink_wait_pauses(struct sink *sink, int count)
{
    wait_for(sink, &sink->pauses, count);
}

void sink_wait_completes(struct sink *sink, int count)
{
    wait_for(sink, &sink->completes, count);
}

bool sink_holds(struct sink *sink, const void *data, size_t len)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&sink->lock);
    return sink->data.len == len && memcmp(sink->data.data, data, len) == 0;
}

struct upstream *test_upstream(const char *name, const char *base_url, int timeout_s)
{
    struct upstream_options options = {
        .name = name,
        .base_url = base_url,
        .connections = 4,
        .connect_timeout_s = timeout_s,
        .first_byte_timeout_s = timeout_s,
        .stall_timeout_s = timeout_s,
        .proxy = "",
    };
    return upstream_new(&options);
}

struct fetch_options test_blob(struct fetch_candidate *candidates, size_t count)
{
    return (struct fetch_options){
        .label = "test object",
        .class = FETCH_BLOB,
        .max_bytes = -1,
        .expected_bytes = -1,
        .candidates = candidates,
        .candidate_count = count,
    };
}

char *test_bytes(size_t len)
{
    char *bytes = xmalloc(len + 1);
    uint32_t state = 1;

    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (char)(state >> 24);
    }
    bytes[len] = '\0';
    return bytes;
}
