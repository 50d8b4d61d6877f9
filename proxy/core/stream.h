/* The bytes of one blob while they arrive: where they are kept, how far they reach, and their readers.
 *
 * Generations. When the bytes of an upstream prove wrong, the blob is fetched again from byte 0 into a new
 * backing: a new generation. A reader that has been sent bytes of the old generation may only continue when
 * the new bytes up to its position were compared and are the same, and the length it was told still holds;
 * otherwise it is cut short.
 *
 * Hold-back. Until the whole blob is verified, a reader does not get the last STREAM_HOLD_BACK bytes of what
 * it asked for, so no answer that contains wrong bytes is ever complete.
 *
 * Spill. When the disk takes no more bytes, the rest goes into memory (a memfd) and is passed through: only
 * the last STREAM_WINDOW_BYTES before the frontier are kept, and the transfer is paused while the slowest
 * reader is that far from it.
 *
 * All fields are guarded by the fill's lock; files are read and written outside of it, and written by the
 * fetch thread only. */
#ifndef PROXY_CORE_STREAM_H
#define PROXY_CORE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "proxy/core/memcache.h"
#include "storage/store.h"

#define STREAM_HOLD_BACK (64 * 1024)
#define STREAM_WINDOW_BYTES (64 * 1024 * 1024)

/* One generation's bytes. Reference-counted: a reader may be reading it while a new generation begins. */
struct backing {
    struct shared shared;
    /* fetch thread only; NULL once committed, aborted, or where the disk refused */
    struct blob_writer *writer;
    int fd;                       /* the .part file, or -1 */
    int memory_fd;                /* -1 while nothing has spilled */
    _Atomic int64_t spilled_from; /* bytes at and after this offset are in memory; INT64_MAX: none */
};

struct stream_reader {
    struct stream_reader *prev, *next;
    int64_t total_bytes; /* of the blob, as the head of its answer tells */
    int64_t start;       /* where its answer begins */
    int64_t at;          /* next offset in the blob to be sent */
    int64_t end;         /* first offset not wanted */
    int generation;      /* that the bytes already sent belong to */
};

struct stream {
    struct lock *lock; /* set once: the fill's, which guards all below */
    struct backing *current;
    struct backing *previous; /* of the generation before, while bytes of it may still be compared */
    int generation;
    int64_t total_bytes; /* -1 unknown */
    int64_t ready_bytes; /* contiguous from 0 in `current` */
    bool verified;
    int64_t previous_ready;
    int64_t same_bytes;    /* current equals previous up to here ... */
    bool compared_to_end;  /* ... and not beyond */
    int64_t dropped_bytes; /* spilled bytes before this offset are gone */
    bool paused;
    struct stream_reader *readers;
};

/* The lock must live as long as the stream. */
void stream_init(struct stream *stream, struct lock *lock);
void stream_release(struct stream *stream);

/* A new backing in the store for `total_bytes` (-1 unknown), in memory where the store has no room. */
struct backing *backing_new(struct store *store, int64_t total_bytes);
/* A backing for a blob that is complete: takes the descriptor. */
struct backing *backing_of_file(int fd);
/* Fetch thread. Spills to memory when the disk refuses. Returns 0, or negative errno when memory refuses
 * too. */
int backing_write(struct backing *backing, int64_t offset, const void *data, size_t len);
/* Reads exactly len bytes. Returns 0 or -EIO. */
int backing_read(const struct backing *backing, int64_t offset, void *data, size_t len);
/* Compares data with the bytes at offset; returns how many bytes at the start are the same. */
size_t backing_same(const struct backing *backing, int64_t offset, const void *data, size_t len);

/* Makes `backing` the next generation (takes the reference). Returns the one before the last (a reference) or
 * NULL: to be dropped once the lock is released, because the last close of an unlinked file frees its blocks,
 * which takes long. */
struct backing *stream_begin_locked(struct stream *stream, struct backing *backing, int64_t total_bytes)
    __attribute__((warn_unused_result));
/* How much further the new generation is the same as the previous one, with these bytes that have just come.
 * Fetch thread, which alone changes what this reads, so without the lock; the results are set under it. */
void stream_compare(const struct stream *stream, int64_t offset, const void *data, size_t len,
                    int64_t *same_bytes, bool *compared_to_end);
/* Whether a reader may read, must wait, or is cut short. */
enum reader_state { READER_GO, READER_WAIT, READER_CUT };
/* READER_GO: *available > 0 bytes may be read at reader->at from stream->current. */
enum reader_state stream_check_locked(struct stream *stream, struct stream_reader *reader,
                                      int64_t *available);
/* True if the pause should be ended now: the slowest reader has come near. */
bool stream_drop_read_locked(struct stream *stream, int64_t *drop_from, int64_t *drop_to);
/* True if the transfer must pause until readers come near. */
bool stream_must_pause_locked(struct stream *stream);
/* NULL-safe. Not under the fill's lock. */
void backing_unref(struct backing *backing);

#endif
