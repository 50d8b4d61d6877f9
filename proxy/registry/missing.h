/* The answer to what was not found. */
#ifndef PROXY_REGISTRY_MISSING_H
#define PROXY_REGISTRY_MISSING_H

#include "proxy/document/document_serve.h"
#include "proxy/http/request.h"

/* Answers when document_get() has not found it: `code` is the error for 404. */
enum MHD_Result registry_respond_missing(struct request *request, enum document_result result,
                                         const char *code, const char *what);

#endif
