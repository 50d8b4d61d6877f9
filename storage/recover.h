/* Making the index agree with the blobs' folders: after an unclean stop, and when the index is new. */
#ifndef STORAGE_RECOVER_H
#define STORAGE_RECOVER_H

struct store;

/* Gives every blob file without a row its row, and drops rows without a file. Names are trusted to be
 * digests, files of other names are left alone. Counts the totals again. Returns 0 or negative errno. Before
 * the store thread runs. */
int recover_index(struct store *store);

#endif
