/* The metadata of wheels that are here (PEP 658), kept in memory as ready answers and in the store under
 * SPACE_METADATA. `key` is the key of the wheel, "/packages/...". */
#ifndef PROXY_PYPI_WHEEL_METADATA_H
#define PROXY_PYPI_WHEEL_METADATA_H

#include <stdbool.h>

#include "proxy/core/fill.h"
#include "proxy/core/proxy.h"
#include "proxy/http/respond.h"

/* From memory or the store: a reference, or NULL. stored_only: not from memory, whose copy may still fail to
 * be stored. */
struct object *wheel_metadata_held(struct proxy *proxy, const char *key, bool stored_only);
/* Makes the answer of the body (taken over) and keeps it in memory. */
struct object *wheel_metadata_keep(struct proxy *proxy, const char *key, struct buf *body);

/* Joins the fill that takes the metadata out of the wheel, whose bytes are fd (taken over). Returns a
 * reference; the fill's product is the object. NULL: too many fills are running. */
struct fill *wheel_metadata_join(struct proxy *proxy, const char *key, const char *project, int fd);

/* Jobs thread: takes the metadata out of a wheel that is about to be committed. A blob_fill's
 * before_commit. */
void wheel_metadata_before_commit(struct proxy *proxy, const char *key, const char *scope, int fd);

#endif
