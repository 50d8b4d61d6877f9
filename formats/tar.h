/* Headers of tar files as this program writes them: plain files in the ustar form of POSIX.1-2017 (pax,
 * "ustar Interchange Format"), with fixed owner, mode and time, so that the same content always makes the
 * same bytes. Sizes of 8 GiB and more are in base 256, as GNU tar writes them.
 *
 * A file is its header, its bytes, and zeros up to a whole block; after the last file are TAR_END_BYTES
 * zeros. */
#ifndef FORMATS_TAR_H
#define FORMATS_TAR_H

#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK_BYTES 512
#define TAR_NAME_MAX 100
#define TAR_END_BYTES (2 * TAR_BLOCK_BYTES)

/* The name has 1 to TAR_NAME_MAX bytes. */
void tar_make_header(unsigned char out[TAR_BLOCK_BYTES], const char *name, int64_t size_bytes);
/* Reads a header that tar_make_header() made. Returns 0; -1 if it would have made another one, by as little
 * as a bit, of the same name and size. */
int tar_read_header(const unsigned char header[TAR_BLOCK_BYTES], char name[TAR_NAME_MAX + 1],
                    int64_t *size_bytes);
/* How many zeros follow a file's bytes. */
size_t tar_padding(int64_t size_bytes);

#endif
