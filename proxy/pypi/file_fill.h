/* Fetching package files, for clients that ask for a file or for its metadata. */
#ifndef PROXY_PYPI_FILE_FILL_H
#define PROXY_PYPI_FILE_FILL_H

#include "proxy/http/request.h"
#include "proxy/pypi/file_lookup.h"

/* Joins the fill of the file, or starts it; the reference is the caller's. NULL: no upstream is known to have
 * it, or too many fills are running. */
struct fill *file_fill_join(struct request *request, const struct file_lookup *lookup);

#endif
