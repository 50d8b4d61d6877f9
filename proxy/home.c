#include "proxy/home.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/memory.h"
#include "proxy/respond.h"
#include "proxy/status.h"
#include "storage/store.h"
#include "upstreams/upstream.h"

enum MHD_Result home_page(struct request *request)
{
    const struct site *site = request->site;
    struct buf CLEANUP_BUF html = BUF_INIT;
    struct store_figures figures;
    struct status_upstream *CLEANUP_FREE upstreams = xcalloc(site->pypi_count, sizeof(*upstreams));

    for (size_t i = 0; i < site->pypi_count; i++)
        upstreams[i] = (struct status_upstream){
            .name = upstream_name(site->pypi[i]),
            .url = upstream_get_options(site->pypi[i])->base_url,
            .healthy = upstream_healthy(site->pypi[i]),
        };
    store_get_figures(request->proxy->store, &figures);
    const struct status_input input = {
        .scheme = "http",
        .host = request_header(request, "Host"),
        .fallback_host = request->proxy->address,
        .upstreams = upstreams,
        .upstream_count = site->pypi_count,
        .store_bytes = figures.bytes,
        .store_max_bytes = site->config->storage.max_size_bytes,
        .store_blobs = figures.blobs,
        .uptime_s = clock_wall_s() - request->proxy->started_at_s,
        .offline = site->config->server.offline,
    };
    status_page(&html, &input);
    return respond_text(request, STATUS_CONTENT_TYPE, &html);
}

enum MHD_Result home_health(struct request *request)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    status_health(&text);
    return respond_text(request, "text/plain; charset=utf-8", &text);
}

/* One line per upstream, after the counters. Names come from mirror.conf, which allows no quotes in them. */
static void print_upstreams(const struct site *site, struct buf *out)
{
    buf_add_text(out, "# HELP yizhan_upstream_healthy whether the upstream answered when last asked\n"
                      "# TYPE yizhan_upstream_healthy gauge\n");
    for (size_t i = 0; i < site->pypi_count; i++)
        buf_printf(out, "yizhan_upstream_healthy{upstream=\"%s\"} %d\n", upstream_name(site->pypi[i]),
                   upstream_healthy(site->pypi[i]));
}

enum MHD_Result home_metrics(struct request *request)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    counters_print(&text);
    print_upstreams(request->site, &text);
    return respond_text(request, "text/plain; version=0.0.4; charset=utf-8", &text);
}
