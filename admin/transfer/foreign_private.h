/* Private to foreign.c, foreign_archive.c and foreign_folder.c: the table, and the intake that fills it. */
#ifndef ADMIN_TRANSFER_FOREIGN_PRIVATE_H
#define ADMIN_TRANSFER_FOREIGN_PRIVATE_H

#include "admin/transfer/foreign.h"
#include "base/arena.h"
#include "base/buf.h"

#define FOREIGN_PIECE_BYTES (256 * 1024)

struct foreign {
    const char *name;
    int fd; /* of the archive, borrowed; or of the folder, owned */
    bool owns_fd;
    /* Reads the files a second time: foreign_read() for an archive, or a folder. */
    int (*read)(struct foreign *foreign, const struct foreign_sink *sink, struct buf *error);
    struct arena arena;
    struct foreign_file *files;
    size_t count;
    size_t capacity;
    size_t *by_name; /* indexes, once foreign_finish() has been called */
    size_t json_bytes;
};

/* One file that is coming in. */
struct foreign_intake {
    struct foreign *foreign;
    struct foreign_file *file;
    struct hasher *hasher;
    struct buf text; /* that may be JSON */
    bool keep;
};

/* An empty table; the opener sets `read`. */
struct foreign *foreign_new(const char *name, int fd, bool owns_fd);
/* Appends to out the name without "./" and doubled slashes. Returns 0; -1 if it is absolute, leads out, or is
 * too long. base: what it is relative to, a normal name, or "". Empty is the root. */
int foreign_normal_name(const char *base, const char *name, struct buf *out);
/* Adds a file, whose name is copied. Returns NULL with a sentence when there are too many. */
struct foreign_file *foreign_add(struct foreign *foreign, const char *name, struct buf *error);

void foreign_intake_begin(struct foreign_intake *intake, struct foreign *foreign, struct foreign_file *file);
/* `arg` is the intake. Always returns 0, so that it can be the callback of what reads a file. */
int foreign_intake_bytes(void *arg, const void *data, size_t len);
/* Returns 0, or -1 with a sentence when there is too much JSON. */
int foreign_intake_end(struct foreign_intake *intake, struct buf *error);
void foreign_intake_release(struct foreign_intake *intake);

/* Sorts the files by name, so that they can be found. Returns 0, or -1 if one name has two different
 * files. */
int foreign_finish(struct foreign *foreign, struct buf *error);

#endif
