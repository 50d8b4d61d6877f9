/* All counters of the process, in one table: /metrics prints them in this order as yizhan_<name>. Rooms add
 * to them with counter_add(); nobody resets them. */
#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/* X(id, name, type, help). A gauge goes up and down. */
#define COUNTER_TABLE(X)                                                                                     \
    X(COUNTER_REQUESTS, "requests_total", "counter", "client requests answered")                             \
    X(COUNTER_BYTES_SENT, "response_bytes_total", "counter", "body bytes of answers to clients")             \
    X(COUNTER_CONNECTIONS, "connections", "gauge", "open client connections")                                \
    X(COUNTER_REFUSED, "connections_refused_total", "counter", "client connections over a limit")            \
    X(COUNTER_CUT, "connections_cut_total", "counter", "clients cut off: too slow, or headers too late")     \
    X(COUNTER_HITS, "hits_total", "counter", "requests served from the store, fresh")                        \
    X(COUNTER_MISSES, "misses_total", "counter", "requests that waited for an upstream")                     \
    X(COUNTER_STALE, "stale_total", "counter", "requests served past the TTL")                               \
    X(COUNTER_NEGATIVE_HITS, "negative_hits_total", "counter", "requests answered from a remembered 404")    \
    X(COUNTER_FILLS, "fills_total", "counter", "fills started")                                              \
    X(COUNTER_FILLS_FAILED, "fills_failed_total", "counter", "fills that no upstream could finish")          \
    X(COUNTER_FILLS_RUNNING, "fills_running", "gauge", "fills running now")                                  \
    X(COUNTER_FILLS_UNCACHED, "fills_uncached_total", "counter", "fills passed through because of the disk") \
    X(COUNTER_READERS_CUT, "readers_cut_total", "counter", "readers cut short after bad upstream bytes")     \
    X(COUNTER_UPSTREAM_REQUESTS, "upstream_requests_total", "counter", "requests sent to upstreams")         \
    X(COUNTER_TOKEN_REQUESTS, "upstream_token_requests_total", "counter", "tokens asked for at registries")  \
    X(COUNTER_UPSTREAM_BYTES, "upstream_bytes_total", "counter", "body bytes received from upstreams")       \
    X(COUNTER_UPSTREAM_ERRORS, "upstream_errors_total", "counter", "upstream answers that were no use")      \
    X(COUNTER_UPSTREAM_RESUMED, "upstream_resumed_total", "counter", "transfers continued by Range")         \
    X(COUNTER_UPSTREAM_MISMATCHES, "upstream_mismatches_total", "counter", "wrong digests or lengths")       \
    X(COUNTER_STORE_BLOBS, "store_blobs", "gauge", "blobs in the store")                                     \
    X(COUNTER_STORE_BYTES, "store_bytes", "gauge", "bytes of blobs in the store")                            \
    X(COUNTER_STORE_ORDERS, "store_orders", "gauge", "orders the store has not done yet")                    \
    X(COUNTER_STORE_COMMITS, "store_commits_total", "counter", "blobs committed")                            \
    X(COUNTER_STORE_EVICTED, "store_evicted_total", "counter", "blobs evicted")                              \
    X(COUNTER_STORE_ERRORS, "store_errors_total", "counter", "failed writes or commits")                     \
    X(COUNTER_MEMORY_BYTES, "memory_cache_bytes", "gauge", "bytes of hot objects in memory")

enum counter_id {
#define X(id, name, type, help) id,
    COUNTER_TABLE(X)
#undef X
        COUNTERS
};

extern _Atomic int64_t counters[COUNTERS];

static inline void counter_add(enum counter_id id, int64_t amount)
{
    atomic_fetch_add_explicit(&counters[id], amount, memory_order_relaxed);
}

static inline int64_t counter_get(enum counter_id id)
{
    return atomic_load_explicit(&counters[id], memory_order_relaxed);
}

static inline void counter_set(enum counter_id id, int64_t value)
{
    atomic_store_explicit(&counters[id], value, memory_order_relaxed);
}

struct buf;
/* Appends all of them in the Prometheus text format, version 0.0.4. */
void counters_print(struct buf *out);

#endif
