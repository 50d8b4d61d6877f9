/* One group of orders, made durable together. Store thread only. */
#ifndef STORAGE_BATCH_H
#define STORAGE_BATCH_H

struct order;
struct store;

/* Carries the orders out, calls their done() without any lock, and frees them; calls (ORDER_CALL) come
 * last. Eviction runs on the same thread, so it never comes between a rename and the done() that lets the
 * caller open the blob. */
void batch_run(struct store *store, struct order *batch);

#endif
