/* The server's own pages. No state; runs on workers, and reads what other threads count and learn: each
 * figure is right for itself, but they are not of one moment. Nothing here waits, for a disk or an upstream,
 * so /healthz and /metrics answer whatever else is stuck. */
#include "proxy/monitoring.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/memory.h"
#include "proxy/fill_list.h"
#include "proxy/http/respond.h"
#include "proxy/status_page.h"
#include "storage/store.h"
#include "upstreams/upstream.h"

struct upstream_rows {
    struct status_upstream *rows;
    size_t count;
};

static void add_row(void *arg, struct upstream *upstream)
{
    struct upstream_rows *list = arg;

    list->rows = xrealloc(list->rows, (list->count + 1) * sizeof(*list->rows));
    list->rows[list->count++] = (struct status_upstream){
        .name = upstream_name(upstream),
        .url = upstream_get_options(upstream)->base_url,
        .healthy = upstream_healthy(upstream),
    };
}

enum MHD_Result home_page(struct request *request)
{
    const struct site *site = request->site;
    struct buf CLEANUP_BUF html = BUF_INIT;
    struct store_figures figures;
    struct upstream_rows upstreams = {0};

    site_each_upstream(site, add_row, &upstreams);
    store_get_figures(request->proxy->store, &figures);
    const struct status_input input = {
        .scheme = "http",
        /* As the client reached us, which may be a name or a forwarded port that we do not know. */
        .host = request_header(request, "Host"),
        .fallback_host = request->proxy->address,
        .pypi = site->pypi_count > 0,
        .registries = site->registry_count > 0,
        .upstreams = upstreams.rows,
        .upstream_count = upstreams.count,
        .store_bytes = figures.bytes,
        .store_max_bytes = site->config->storage.max_size_bytes,
        .store_blobs = figures.blobs,
        .uptime_s = clock_wall_s() - request->proxy->started_at_s,
        .offline = site->config->server.offline,
    };
    status_page(&html, &input);
    free(upstreams.rows);
    return respond_text(request, STATUS_CONTENT_TYPE, &html);
}

enum MHD_Result home_health(struct request *request)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    status_health(&text);
    return respond_text(request, "text/plain; charset=utf-8", &text);
}

/* Names come from mirror.conf, which allows no quotes in them, so none need be escaped. */
static void print_health(void *arg, struct upstream *upstream)
{
    buf_printf(arg, "yizhan_upstream_healthy{upstream=\"%s\"} %d\n", upstream_name(upstream),
               upstream_healthy(upstream));
}

static void print_limit(void *arg, struct upstream *upstream)
{
    int64_t limit = upstream_get_quota(upstream).limit;

    if (limit >= 0)
        buf_printf(arg, "yizhan_upstream_ratelimit{upstream=\"%s\"} %" PRId64 "\n", upstream_name(upstream),
                   limit);
}

static void print_remaining(void *arg, struct upstream *upstream)
{
    int64_t remaining = upstream_get_quota(upstream).remaining;

    if (remaining >= 0)
        buf_printf(arg, "yizhan_upstream_ratelimit_remaining{upstream=\"%s\"} %" PRId64 "\n",
                   upstream_name(upstream), remaining);
}

/* Gauges with a line for each upstream, in the text format 0.0.4. A gauge without any value is left out with
 * its HELP line; many upstreams never state a limit. */
static void print_upstreams(const struct site *site, struct buf *out)
{
    static const struct {
        const char *name;
        const char *help;
        void (*print)(void *out, struct upstream *upstream);
    } gauges[] = {
        {"yizhan_upstream_healthy", "1 unless the upstream failed lately", print_health},
        {"yizhan_upstream_ratelimit", "requests that the upstream allows in its period", print_limit},
        {"yizhan_upstream_ratelimit_remaining", "requests left in the current period", print_remaining},
    };

    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        struct buf CLEANUP_BUF values = BUF_INIT;
        site_each_upstream(site, gauges[i].print, &values);
        if (values.len)
            buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s", gauges[i].name, gauges[i].help,
                       gauges[i].name, values.data);
    }
}

enum MHD_Result home_metrics(struct request *request)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    counters_print(&text);
    print_upstreams(request->site, &text);
    return respond_text(request, "text/plain; version=0.0.4; charset=utf-8", &text);
}

enum MHD_Result home_fills(struct request *request)
{
    struct buf CLEANUP_BUF json = BUF_INIT;

    fills_print(request->proxy->fills, &json);
    return respond_text(request, "application/json", &json);
}
