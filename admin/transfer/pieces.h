/* A stream in several files, FILE.001, FILE.002, ..., for media and drop boxes that limit the size of files.
 * A thread moves the bytes between the files and a pipe. */
#ifndef ADMIN_TRANSFER_PIECES_H
#define ADMIN_TRANSFER_PIECES_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct pieces;

#define PIECES_MAX 999

/* Writes files of piece_bytes from a pipe, whose other end *fd is the caller's to write into and close. Until
 * the end they are called FILE.001.part. Returns 0, or -1 with a sentence in `error`. */
int pieces_write(const char *path, int64_t piece_bytes, struct pieces **out, int *fd, struct buf *error);
/* Reads the pieces of FILE, from FILE.001 to the last one there is, into a pipe, whose other end *fd is the
 * caller's to read and close. */
int pieces_read(const char *path, struct pieces **out, int *fd, struct buf *error);
/* Once fd has been closed: waits for the thread. keep: the files get their names; else they are removed.
 * Returns 0, or -1 with a sentence if files could not be read or written. */
int pieces_end(struct pieces **pieces, bool keep, struct buf *error);

/* The name of the whole that a path is a piece of: "b.tar" for "b.tar.001", and for "b.tar" if only
 * "b.tar.001" exists. Heap memory; NULL if the path is not a piece. */
char *pieces_whole(const char *path);

#endif
