/* The answer of a registry to a request for something that was not found. */
#ifndef PROXY_REGISTRY_MISSING_H
#define PROXY_REGISTRY_MISSING_H

#include "proxy/document/freshness.h"
#include "proxy/http/request.h"

/* What a handler returns after any result of document_get() but HAVE; after WAIT there is nothing to answer
 * yet. `code` is the specification's error code for a 404, `what` names the thing for people. */
enum MHD_Result registry_respond_missing(struct request *request, enum document_result result,
                                         const char *code, const char *what);

#endif
