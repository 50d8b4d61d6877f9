/* Package files: what the files' and the metadata's handlers share. */
#ifndef PROXY_PYPI_FILES_H
#define PROXY_PYPI_FILES_H

#include "proxy/http/request.h"
#include "proxy/pypi/file_lookup.h"

/* Joins the fill of the file, starting it where there is none; the reference is the caller's. NULL: no
 * upstream is known to have it. */
struct fill *file_fill_join(struct request *request, const struct file_lookup *lookup);
/* Whether every upstream has said lately that there is no such file: neither on a page nor where its path
 * says. If so, that is how the request is answered. */
bool file_known_absent(struct request *request, const struct file_lookup *lookup);
void file_remember_absent(struct request *request, const struct file_lookup *lookup);

/* GET /packages/....metadata (PEP 658). */
enum MHD_Result pypi_metadata(struct request *request, struct file_lookup *lookup);
/* Jobs thread: takes the metadata out of a wheel that is about to be committed. A blob_fill's
 * before_commit. */
void metadata_before_commit(struct proxy *proxy, const char *key, const char *scope, int fd);

#endif
