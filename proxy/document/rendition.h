/* Renditions of documents: the bodies that clients get, rendered and compressed once. */
#ifndef PROXY_DOCUMENT_RENDITION_H
#define PROXY_DOCUMENT_RENDITION_H

#include "proxy/document/document.h"
#include "proxy/http/request.h"

/* Answers with a rendition, waiting for it if it must be made first. Call it again after the wait with the
 * same document. compressed: the client takes it. */
enum MHD_Result document_respond(struct request *request, struct document *document, int format,
                                 bool compressed);

/* Something that the document's renditions tell has changed (its project has a new wheel's metadata): they
 * are made again when next asked for. Any thread. */
void document_outdate(struct proxy *proxy, const struct document_kind *kind, const char *key);

#endif
