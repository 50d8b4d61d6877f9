/* The pages of projects as documents, and the rules that all documents of PyPI share. A page is rendered with
 * what the store knows of the project's files, so it may say more than the upstream's (hashes, sizes,
 * metadata). */
#ifndef PROXY_PYPI_PROJECT_PAGE_H
#define PROXY_PYPI_PROJECT_PAGE_H

#include "formats/python/page.h"
#include "proxy/document/document.h"

/* Documents by normalised project name. */
extern const struct document_kind page_kind;
/* The page that a document of this kind holds. */
const struct page *document_page(const struct document *document);

/* JSON first: it says more. A mirror that has only HTML answers with that. */
#define SIMPLE_UPSTREAM_ACCEPT \
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
/* Of an enum simple_format; for document_kind.content_type. */
const char *simple_content_type(int format);

/* Of the URL of an index: of "https://host/simple/", the length of "https://host/". */
size_t pypi_base_len(const char *index);
struct document_times pypi_times(const struct site *site, const char *key);

#endif
