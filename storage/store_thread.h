/* The thread that makes all changes, what others ask of it, and what the files that run on it share. */
#ifndef STORAGE_STORE_THREAD_H
#define STORAGE_STORE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

struct store;

/* ---- any thread ---- */

void store_thread_start(struct store *store);
/* Carries out everything that was asked for, also by done() in the meantime, and ends. */
void store_thread_stop(struct store *store);
/* For callers that wait for the store thread: on that thread they would wait for themselves. */
void store_thread_check_not_self(const struct store *store);

/* Has the store thread run `call` with nothing else under way, and waits for it. Returns what it returns. */
int store_call(struct store *store, int (*call)(struct store *store, void *arg), void *arg);
/* Asks for eviction until the file system has this much free. */
void store_want_space(struct store *store, int64_t bytes);

/* ---- the store thread, or before it runs ---- */

/* Ends what index_begin() began, and publishes the totals. error 0: commits. Else, and where the commit
 * fails, rolls back; `files`: files were already changed for this transaction, so that folders and index
 * differ now and the next start must compare them. Returns 0, or negative errno. */
int store_end_transaction(struct store *store, int error, bool files);
/* Copies the index's totals to where other threads see them. */
void store_publish_totals(struct store *store);

#endif
