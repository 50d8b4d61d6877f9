/* A request that is given up takes the client with it, and with that all others: its answer would be
 * written to a stack frame that is gone. So after a stop nothing can be asked any more, which is all that
 * a stop needs. */
#include "admin/prefetch/ask.h"

#include <stdlib.h>

#include "admin/prefetch/options.h"
#include "admin/prefetch/run.h"
#include "base/memory.h"
#include "upstreams/http_client.h"

#define STEP_MS 200 /* how often a stop is noticed, and the report ticks, while nothing arrives */

struct waiting {
    struct reply *reply;
    bool done;
};

static void on_reply(void *arg, const struct http_client_answer *answer)
{
    struct waiting *waiting = arg;
    struct reply *reply = waiting->reply;

    waiting->done = true;
    reply->status = answer->status;
    buf_add(&reply->body, answer->body, answer->len);
    buf_add_text(&reply->trouble, answer->trouble);
    reply->content_type = xstrdup(answer->content_type);
    reply->digest = xstrdup(answer->digest);
}

bool prefetch_step(struct prefetch *prefetch)
{
    if (prefetch_stopped(prefetch))
        http_client_free(&prefetch->client);
    if (!prefetch->client)
        return false;
    http_client_step(prefetch->client, STEP_MS);
    prefetch->report->tick(prefetch->report->arg);
    return true;
}

void prefetch_ask(struct prefetch *prefetch, const struct http_client_request *request, struct reply *out)
{
    struct waiting waiting = {.reply = out};
    struct http_client_request asked = *request;

    *out = (struct reply)REPLY_INIT;
    /* Nothing may be fetched then, whatever the single request says. */
    asked.held_only = asked.held_only || prefetch->options->held_only;
    if (prefetch->client)
        http_client_ask(prefetch->client, &asked, on_reply, &waiting);
    while (!waiting.done && prefetch_step(prefetch))
        ;
    /* Status 0: the client is gone, so on_reply() cannot be called for this frame later. */
    if (!waiting.done)
        buf_set(&out->trouble, "interrupted");
}

void reply_release(struct reply *reply)
{
    buf_release(&reply->body);
    buf_release(&reply->trouble);
    free(take_ptr(&reply->content_type));
    free(take_ptr(&reply->digest));
}
