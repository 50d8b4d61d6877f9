/* The METADATA file inside a wheel (PEP 427): ".metadata" of the wheel (PEP 658) must be the same, byte for
 * byte. */
#ifndef FORMATS_PYTHON_WHEEL_H
#define FORMATS_PYTHON_WHEEL_H

struct buf;

#define WHEEL_DIRECTORY_MAX_BYTES (32 * 1024 * 1024) /* of the archive's central directory */
#define WHEEL_ENTRIES_MAX 1000000

/* Appends <name>-<version>.dist-info/METADATA of the wheel open at fd to out. The directory must be that of
 * the wheel's own name and version, as `filename` spells them after normalisation, and there must be no
 * second one: otherwise installers would disagree on which one is meant. Memory and work are bounded whatever
 * the archive says. fd stays open; its file offset moves. Returns 0; -1, with a sentence in `error` and out
 * as it was, if there is no such file. */
int wheel_read_metadata(int fd, const char *filename, struct buf *out, struct buf *error);

#endif
