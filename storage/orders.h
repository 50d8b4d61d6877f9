/* Requests to the store thread, and the queue of them. They are carried out in the order in which they
 * were added. */
#ifndef STORAGE_ORDERS_H
#define STORAGE_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store.h"

enum order_kind {
    ORDER_NOTHING, /* does nothing: store_flush() waits for its turn */
    ORDER_COMMIT,
    ORDER_DISCARD,    /* close and remove the writer's file, which takes the disk a while if it is large */
    ORDER_CHECK_BLOB, /* a reader found its file gone or of a wrong size */
    ORDER_PUT_ENTRY,
    ORDER_CONFIRM_ENTRY,
    ORDER_DELETE_ENTRY,
    ORDER_CALL /* between two groups, with the index to itself */
};

struct order {
    struct order *prev, *next;
    enum order_kind kind;
    uint64_t number;
    struct blob_writer *writer; /* COMMIT, DISCARD */
    struct digest digest;       /* COMMIT, CHECK_BLOB */
    int64_t size_bytes;
    struct entry *entries; /* COMMIT: any number, else one; from entry_copy() */
    size_t entry_count;
    void (*done)(void *arg, int error);
    void *arg;
    int (*call)(struct store *store, void *arg); /* CALL; done() is told what it returns */
    void *call_arg;

    /* The store thread's own. */
    int error;
    bool placed; /* our file has been renamed to the blob's name */
};

struct orders;

struct order *order_new(enum order_kind kind);
void order_free(struct order *order);

struct orders *orders_new(void);
void orders_free(struct orders **orders);

/* Any thread; also done() of an order while the queue is being stopped. Consumes the order; returns its
 * number. */
uint64_t orders_add(struct orders *orders, struct order *order);
/* Makes orders_take() return although the queue may be empty, so that the limits and free space are looked
 * at. */
void orders_wake(struct orders *orders);
/* orders_take() returns false once everything has been taken. */
void orders_stop(struct orders *orders);
/* Waits until the store thread has said orders_done() for this number. */
void orders_wait_done(struct orders *orders, uint64_t number);
/* Waits until orders_end_wait() was called for the same flag, which is false at first. For one order
 * alone: orders_wait_done() also waits for the eviction after it. */
void orders_wait_end(struct orders *orders, const bool *ended);
void orders_end_wait(struct orders *orders, bool *ended);

/* Store thread. Waits up to wait_ms for orders and takes up to `max` of them, oldest first, into *batch (NULL
 * if there are none). Returns false when the thread is to end. */
bool orders_take(struct orders *orders, int max, int wait_ms, struct order **batch);
/* Everything that was taken is done, and eviction has done what it can. */
void orders_done(struct orders *orders);

#endif
