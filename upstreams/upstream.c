/* Owns the state of one upstream. Any thread may call: health, quota and the files base are guarded by the
 * lock, the rest is set once.
 *
 *   healthy ── failure, or Retry-After ──► resting until resting_until_ms ──► healthy
 *
 * The count of failures survives the rest and goes with a success only: an upstream that fails again right
 * after its rest rests twice as long. */
#include "upstreams/upstream.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/memory.h"

struct upstream {
    _Atomic int references;

    /* set once */
    uint64_t serial;
    struct upstream_options options;
    char *trusted_hosts[2]; /* NULL: not configured */

    /* guarded by lock */
    struct lock lock;
    unsigned failures; /* in a row */
    int64_t resting_until_ms;
    char *files_base;
    struct upstream_quota quota;
};

/* The host without brackets, or NULL; by the parser of curl, as in hop.c, where it is compared. */
static char *upstream_host_of(const char *url)
{
    CURLU *parts = url ? curl_url() : NULL;
    char *host = NULL;
    char *copy = NULL;

    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        size_t len = strlen(host);
        copy = host[0] == '[' ? xstrndup(host + 1, len - 2) : xstrndup(host, len);
        curl_free(host);
    }
    curl_url_cleanup(parts);
    return copy;
}

static const char *const *upstream_copy_texts(const char *const *texts, size_t count)
{
    char **copies = xcalloc(count, sizeof(*copies));

    for (size_t i = 0; i < count; i++)
        copies[i] = xstrdup(texts[i]);
    return (const char *const *)copies;
}

struct upstream *upstream_new(const struct upstream_options *options)
{
    static _Atomic uint64_t last_serial;
    struct upstream *upstream = xcalloc(1, sizeof(*upstream));

    CHECK(options->name && options->base_url);
    atomic_init(&upstream->references, 1);
    /* Relaxed: it only has to be unique. */
    upstream->serial = atomic_fetch_add_explicit(&last_serial, 1, memory_order_relaxed) + 1;
    upstream->options = *options;
    upstream->options.name = xstrdup(options->name);
    upstream->options.base_url = xstrdup(options->base_url);
    upstream->options.files_url = xstrdup_or_null(options->files_url);
    upstream->options.proxy = xstrdup_or_null(options->proxy);
    upstream->options.username = xstrdup_or_null(options->username);
    upstream->options.password = xstrdup_or_null(options->password);
    upstream->options.realms = upstream_copy_texts(options->realms, options->realm_count);
    upstream->quota = (struct upstream_quota){-1, -1};
    upstream->trusted_hosts[0] = upstream_host_of(options->base_url);
    upstream->trusted_hosts[1] = upstream_host_of(options->files_url);
    lock_init(&upstream->lock, LOCK_RANK_UPSTREAM);
    return upstream;
}

struct upstream *upstream_ref(struct upstream *upstream)
{
    atomic_fetch_add_explicit(&upstream->references, 1, memory_order_relaxed);
    return upstream;
}

void upstream_unref(struct upstream *upstream)
{
    if (!upstream || atomic_fetch_sub_explicit(&upstream->references, 1, memory_order_acq_rel) > 1)
        return;
    free((char *)upstream->options.name);
    free((char *)upstream->options.base_url);
    free((char *)upstream->options.files_url);
    free((char *)upstream->options.proxy);
    free((char *)upstream->options.username);
    free_secret((char *)upstream->options.password);
    for (size_t i = 0; i < upstream->options.realm_count; i++)
        free((char *)upstream->options.realms[i]);
    free((void *)upstream->options.realms);
    free(upstream->trusted_hosts[0]);
    free(upstream->trusted_hosts[1]);
    free(upstream->files_base);
    lock_destroy(&upstream->lock);
    free(upstream);
}

uint64_t upstream_serial(const struct upstream *upstream)
{
    return upstream->serial;
}

const char *upstream_name(const struct upstream *upstream)
{
    return upstream->options.name;
}

const struct upstream_options *upstream_get_options(const struct upstream *upstream)
{
    return &upstream->options;
}

int64_t upstream_resting_ms(struct upstream *upstream)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    int64_t left_ms = upstream->resting_until_ms - clock_mono_ms();
    return left_ms > 0 ? left_ms : 0;
}

bool upstream_healthy(struct upstream *upstream)
{
    return upstream_resting_ms(upstream) == 0;
}

void upstream_note_success(struct upstream *upstream)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    upstream->failures = 0;
    upstream->resting_until_ms = 0;
}

int64_t upstream_rest_after_ms(unsigned failures)
{
    CHECK(failures > 0);
    if (failures > 16) /* the shift would overflow */
        return UPSTREAM_REST_MAX_MS;
    int64_t rest_ms = (int64_t)UPSTREAM_REST_MIN_MS << (failures - 1);
    return rest_ms < UPSTREAM_REST_MAX_MS ? rest_ms : UPSTREAM_REST_MAX_MS;
}

void upstream_note_failure(struct upstream *upstream)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    int64_t now_ms = clock_mono_ms();
    if (now_ms < upstream->resting_until_ms) /* broke together with the one that was counted */
        return;
    upstream->failures++;
    upstream->resting_until_ms = now_ms + upstream_rest_after_ms(upstream->failures);
}

/* Never shortens a rest. Being busy is not a failure, so the next rest does not get longer by it. */
void upstream_note_busy(struct upstream *upstream, int64_t seconds)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    int64_t rest_ms = seconds < UPSTREAM_REST_MAX_MS / 1000 ? seconds * 1000 : UPSTREAM_REST_MAX_MS;
    int64_t until_ms = clock_mono_ms() + rest_ms;
    if (until_ms > upstream->resting_until_ms)
        upstream->resting_until_ms = until_ms;
}

void upstream_note_quota(struct upstream *upstream, const struct upstream_quota *quota)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    if (quota->limit >= 0)
        upstream->quota.limit = quota->limit;
    if (quota->remaining >= 0)
        upstream->quota.remaining = quota->remaining;
}

struct upstream_quota upstream_get_quota(struct upstream *upstream)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    return upstream->quota;
}

char *upstream_files_base(struct upstream *upstream)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    return xstrdup_or_null(upstream->files_base);
}

bool upstream_set_files_base(struct upstream *upstream, const char *url)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&upstream->lock);
    if (upstream->files_base && strcmp(upstream->files_base, url) == 0)
        return false;
    free(upstream->files_base);
    upstream->files_base = xstrdup(url);
    return true;
}

/* Names only: two addresses of one host in different notation are different, and the safe side is not to
 * trust. */
static bool upstream_is_host(const char *known, const char *host, size_t len)
{
    return known && strlen(known) == len && strncasecmp(known, host, len) == 0;
}

bool upstream_trusts_host(const struct upstream *upstream, const char *host)
{
    const struct upstream_options *options = &upstream->options;
    size_t len = strlen(host);

    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    for (size_t i = 0; i < options->realm_count; i++)
        if (upstream_is_host(options->realms[i], host, len))
            return true;
    return upstream_is_host(upstream->trusted_hosts[0], host, len) ||
           upstream_is_host(upstream->trusted_hosts[1], host, len);
}
