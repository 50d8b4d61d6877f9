/* PyPI: the simple repository API, package files and the legacy JSON API. The handlers of the routes, and
 * what they share. */
#ifndef PROXY_PYPI_PYPI_H
#define PROXY_PYPI_PYPI_H

#include "formats/python/page.h"
#include "proxy/document/document.h"
#include "proxy/http/request.h"
#include "storage/catalog/spaces.h"

/* GET /simple/  /simple/<project>/ */
enum MHD_Result pypi_simple_list(struct request *request);
enum MHD_Result pypi_simple_project(struct request *request);
/* GET /packages/... */
enum MHD_Result pypi_file(struct request *request);
/* GET /pypi/<project>/json  /pypi/<project>/<version>/json */
enum MHD_Result pypi_json(struct request *request);

/* Documents of kind "page", by normalised project name. */
extern const struct document_kind page_kind;

/* What all documents of PyPI go by. */
struct document_times pypi_times(const struct site *site, const char *key);
int64_t pypi_max_bytes(const struct site *site);

/* The page that a document of kind "page" holds. */
const struct page *document_page(const struct document *document);

#endif
