/* A stream as several files, FILE.001, FILE.002, ..., for media and drop boxes that take no larger ones. A
 * thread moves the bytes between the files and a pipe. */
#ifndef ADMIN_TRANSFER_PIECES_H
#define ADMIN_TRANSFER_PIECES_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct pieces;

#define PIECES_MAX 999

/* Writes what comes out of the pipe whose end *fd is the caller's, in files of piece_bytes. Until the end
 * they are called FILE.001.part. Returns 0, or -1 with a sentence in `error`. */
int pieces_write(const char *path, int64_t piece_bytes, struct pieces **out, int *fd, struct buf *error);
/* Reads the pieces of FILE, from FILE.001 to the last one there is, into the pipe whose end *fd is the
 * caller's. */
int pieces_read(const char *path, struct pieces **out, int *fd, struct buf *error);
/* After fd was closed: waits for the end. keep: what was written gets its name; else it is removed. Returns
 * 0; -1 with a sentence where files could not be read or written. */
int pieces_end(struct pieces **pieces, bool keep, struct buf *error);

/* The name of the whole that a path is a piece of: "b.tar" for "b.tar.001", and for "b.tar" if only
 * "b.tar.001" exists. Heap memory; NULL if the path is not a piece. */
char *pieces_whole(const char *path);

#endif
