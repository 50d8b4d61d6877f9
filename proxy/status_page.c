/* Writes the status page. No state; runs on the worker that was asked.
 *
 * Everything that did not come from this file is escaped, the names in mirror.conf too; the Host header,
 * which is the client's, is shown only if it looks like one. No scripts and nothing loaded from elsewhere, so
 * the page works in a network without Internet. */
#include "proxy/status_page.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/counters.h"
#include "base/text.h"
#include "base/version.h"

#define HOST_MAX_BYTES 261 /* a name of 255 bytes, a colon and a port */

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Yizhan 驿站</title>\n"
    "<style>\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#222}\n"
    "pre{background:#f3f3f0;padding:.7em 1em;overflow-x:auto}\n"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.2em 1.2em .2em 0;vertical-align:top}\n"
    ".bad{color:#a00}\n"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<h1>Yizhan <span lang=\"zh\">驿站</span></h1>\n"
    "<p>Caches packages and container images for this network: the first download waits, later ones are "
    "served locally.<br>\n"
    "<span lang=\"zh\">为局域网缓存软件包与容器镜像：首次下载需等待，之后直接从本地获取。</span></p>\n";

static void status_add_escaped(struct buf *out, const char *text)
{
    text_html_escape(text, strlen(text), out);
}

/* ---- how to use it ---- */

/* The Host header is whatever the client wrote; it is shown only if it can be a name or address with a
 * port. */
static bool looks_like_host(const char *host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";

    return host && *host && strspn(host, allowed) == strlen(host) && strlen(host) <= HOST_MAX_BYTES;
}

static size_t name_length(const char *host)
{
    /* Without the port: pip's trusted-host takes it with or without, and then applies to every port. */
    const char *end = host[0] == '[' ? strchr(host, ']') : NULL;

    return end ? (size_t)(end - host) + 1 : strcspn(host, ":");
}

/* pip accepts plain http from these without trusted-host, docker without insecure-registries. */
static bool is_local(const char *host)
{
    size_t len = name_length(host);

    return (len == 9 && strncasecmp(host, "localhost", 9) == 0) || text_equal_n(host, len, "[::1]") ||
           (len > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len);
}

static void add_index_url(struct buf *out, const struct status_input *input, const char *host)
{
    status_add_escaped(out, input->scheme);
    buf_add_text(out, "://");
    status_add_escaped(out, host);
    buf_add_text(out, "/simple/");
}

/* The address as clients write it. */
struct address {
    const char *scheme;
    const char *host;
    bool needs_trust; /* pip and docker refuse plain http unless told to trust it */
};

static void add_pip_usage(struct buf *out, const struct status_input *input, const struct address *address)
{
    buf_add_text(out, "<h3>pip, uv</h3>\n<pre>pip config set global.index-url ");
    add_index_url(out, input, address->host);
    if (address->needs_trust) {
        buf_add_text(out, "\npip config set global.trusted-host ");
        text_html_escape(address->host, name_length(address->host), out);
    }
    buf_add_text(
        out, "</pre>\n<p>Only once: <span lang=\"zh\">临时使用：</span></p>\n<pre>pip install --index-url ");
    add_index_url(out, input, address->host);
    if (address->needs_trust) {
        buf_add_text(out, " --trusted-host ");
        text_html_escape(address->host, name_length(address->host), out);
    }
    buf_add_text(out, " PACKAGE</pre>\n<p>uv:</p>\n<pre>export UV_DEFAULT_INDEX=");
    add_index_url(out, input, address->host);
    buf_add_text(out, "</pre>\n");
}

static void add_docker_usage(struct buf *out, const struct address *address)
{
    buf_add_text(out, "<h3>docker</h3>\n<p>In /etc/docker/daemon.json, then restart docker: "
                      "<span lang=\"zh\">写入 /etc/docker/daemon.json 后重启 docker："
                      "</span></p>\n<pre>{\"registry-mirrors\": [\"");
    status_add_escaped(out, address->scheme);
    buf_add_text(out, "://");
    status_add_escaped(out, address->host);
    buf_add_text(out, "\"]");
    if (address->needs_trust) {
        buf_add_text(out, ", \"insecure-registries\": [\"");
        status_add_escaped(out, address->host);
        buf_add_text(out, "\"]");
    }
    buf_add_text(out,
                 "}</pre>\n<p>Images of other registries: <span lang=\"zh\">拉取其他仓库的镜像：</span></p>\n"
                 "<pre>docker pull ");
    status_add_escaped(out, address->host);
    buf_add_text(out, "/ghcr.io/OWNER/IMAGE:TAG</pre>\n");
}

static void add_usage(struct buf *out, const struct status_input *input)
{
    const char *host = looks_like_host(input->host) ? input->host : input->fallback_host;
    const struct address address = {
        .scheme = input->scheme,
        .host = host,
        .needs_trust = strcmp(input->scheme, "http") == 0 && !is_local(host),
    };

    buf_add_text(out, "<h2>Use it <span lang=\"zh\">使用方法</span></h2>\n");
    if (input->pypi)
        add_pip_usage(out, input, &address);
    if (input->registries)
        add_docker_usage(out, &address);
}

/* ---- how it is ---- */

static void add_upstreams(struct buf *out, const struct status_input *input)
{
    buf_add_text(out, "<h2>Upstreams <span lang=\"zh\">上游</span></h2>\n");
    if (input->offline)
        buf_add_text(out, "<p class=\"bad\">Offline: no upstream is asked. "
                          "<span lang=\"zh\">离线模式：不访问任何上游。</span></p>\n");
    buf_add_text(out, "<table>\n");
    for (size_t i = 0; i < input->upstream_count; i++) {
        const struct status_upstream *upstream = &input->upstreams[i];
        buf_add_text(out, "<tr><td>");
        status_add_escaped(out, upstream->name);
        buf_add_text(out, "</td><td>");
        status_add_escaped(out, upstream->url);
        buf_add_text(out, upstream->healthy ? "</td><td>answers <span lang=\"zh\">正常</span></td></tr>\n"
                                            : "</td><td class=\"bad\">failed lately, tried last <span "
                                              "lang=\"zh\">近期出错，暂排在最后</span></td></tr>\n");
    }
    buf_add_text(out, "</table>\n");
}

static void add_uptime(struct buf *out, int64_t seconds)
{
    if (seconds >= 86400)
        buf_printf(out, "%" PRId64 " d ", seconds / 86400);
    if (seconds >= 3600)
        buf_printf(out, "%" PRId64 " h ", seconds / 3600 % 24);
    buf_printf(out, "%" PRId64 " min", seconds / 60 % 60);
}

static void add_row_start(struct buf *out, const char *english, const char *chinese)
{
    buf_printf(out, "<tr><th>%s <span lang=\"zh\">%s</span></th><td>", english, chinese);
}

static void add_count(struct buf *out, const char *english, const char *chinese, enum counter_id id)
{
    add_row_start(out, english, chinese);
    buf_printf(out, "%" PRId64 "</td></tr>\n", counter_get(id));
}

static void add_figures(struct buf *out, const struct status_input *input)
{
    buf_add_text(out, "<h2>Store <span lang=\"zh\">缓存</span></h2>\n<table>\n");
    add_row_start(out, "Stored", "已缓存");
    text_print_size(out, input->store_bytes);
    buf_add_text(out, " / ");
    text_print_size(out, input->store_max_bytes);
    buf_printf(out, ", %" PRId64 " blobs</td></tr>\n", input->store_blobs);
    add_count(out, "Hits", "命中", COUNTER_HITS);
    add_count(out, "Misses", "未命中", COUNTER_MISSES);
    add_count(out, "Stale", "返回过期缓存", COUNTER_STALE);
    add_row_start(out, "Running for", "运行时长");
    add_uptime(out, input->uptime_s);
    buf_add_text(out, "</td></tr>\n</table>\n");
}

void status_page(struct buf *out_html, const struct status_input *input)
{
    buf_add_text(out_html, head);
    add_usage(out_html, input);
    add_upstreams(out_html, input);
    add_figures(out_html, input);
    buf_add_text(out_html,
                 "<p>Yizhan " YIZHAN_VERSION " · <a href=\"simple/\">simple/</a> · "
                 "<a href=\"metrics\">metrics</a> · <a href=\"healthz\">healthz</a></p>\n</body>\n</html>\n");
}

void status_health(struct buf *out)
{
    buf_add_text(out, "ok\n");
}
