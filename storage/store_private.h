/* struct store, for the files that implement store.h and upkeep.h. */
#ifndef STORAGE_STORE_PRIVATE_H
#define STORAGE_STORE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "storage/evict.h"
#include "storage/layout.h"
#include "storage/store.h"

struct evicted;
struct index;
struct index_readers;
struct orders;
struct in_use;

struct store {
    /* Set once by store_open(). */
    struct layout layout;
    struct index_readers *readers;
    struct in_use *in_use;
    struct evicted *evicted;
    struct orders *orders;
    pthread_t thread;
    void (*spare)(void *arg, struct store *store, struct digest_set *out); /* or NULL */
    void *spare_arg;
    const struct store_units *units; /* or NULL */

    /* Any thread. */
    _Atomic int64_t max_size_bytes;
    _Atomic int64_t min_free_bytes;
    _Atomic int64_t keep_s;
    _Atomic int64_t growing_bytes; /* written into files that are not committed yet */
    _Atomic int64_t wanted_bytes;  /* free space that somebody found missing; taken by the next eviction */
    _Atomic uint64_t part_number;
    _Atomic int64_t open_writers;
    _Atomic uint64_t settings; /* how often limits, and with them maybe pins, were set */
    _Atomic bool hurry;        /* eviction needs no rests */
    _Atomic bool save_uses;    /* asked for: the index is told about uses before the next flush ends */
    /* Copies of the index's totals, for figures. */
    _Atomic int64_t blobs;
    _Atomic int64_t bytes;
    _Atomic int64_t entries;
    _Atomic int64_t evicted_blobs; /* since store_open() */
    _Atomic int64_t evicted_bytes;

    /* Owned by the store thread (by store_open() and store_close() before and after it). */
    struct index *index;
    struct eviction eviction;
    bool unreconciled; /* a failure has left files and rows that differ: the next start must compare them */
    int64_t failure_logged_ms; /* when a failed commit was logged last; 0: never since one succeeded */
};

#endif
