/* Recognises what `yizhan import` was given, and turns it into a bundle:
 *
 *     format = import_format_of(path)               by what is in it
 *     import_feed_start(..., &feed, error)          looks at all of it; nothing is written yet
 *     the import reads import_feed_take_fd(feed)    a bundle, written by a thread of its own
 *     import_feed_end(&feed, error)                 whether that thread could do its part
 */
#ifndef ADMIN_TRANSFER_IMPORT_FORMAT_H
#define ADMIN_TRANSFER_IMPORT_FORMAT_H

struct buf;
struct config;
struct import_feed;

enum import_format { IMPORT_BUNDLE, IMPORT_DOCKER, IMPORT_OCI, IMPORT_WHEELS, IMPORT_FORMATS };
/* For usage messages: "bundle, docker, oci or wheels". */
#define IMPORT_FORMAT_NAMES "bundle, docker, oci or wheels"
/* Finds a format by its name. Returns a negative number if there is no such format. */
int import_format_by_name(const char *name);

/* Recognises the format by the content. Anything unknown counts as a bundle, whose reader says best what is
 * wrong. Returns a format, or -1 with a sentence in `error` when the path cannot be read, or is a folder of
 * something else. */
int import_format_of(const char *path, struct buf *error);

/* For all formats but bundles. path: a folder or a file; "-" is standard input, spooled to a file without a
 * name in $TMPDIR, like everything else that cannot be read twice. name: --name, or NULL. notes: gets
 * sentences, a line each. Returns 0, or -1 with a sentence. */
int import_feed_start(enum import_format format, const char *path, const struct config *config,
                      const char *name, struct buf *notes, struct import_feed **out, struct buf *error);
/* The end of the pipe where the bundle is read: the caller's from now on. */
int import_feed_take_fd(struct import_feed *feed);
/* Waits for the thread, whose pipe must have been read to its end or closed, and frees. Returns 0; -1 with a
 * sentence when it could not bring everything. */
int import_feed_end(struct import_feed **feed, struct buf *error);

#endif
