/* PyPI: the simple repository API, package files and the legacy JSON API. The handlers of the routes. */
#ifndef PROXY_PYPI_PYPI_H
#define PROXY_PYPI_PYPI_H

#include "proxy/http/request.h"

/* GET /simple/  /simple/<project>/ (simple.c) */
enum MHD_Result pypi_simple_list(struct request *request);
enum MHD_Result pypi_simple_project(struct request *request);
/* GET /packages/... (files.c) */
enum MHD_Result pypi_file(struct request *request);
/* GET /pypi/<project>/json  /pypi/<project>/<version>/json (json_api.c) */
enum MHD_Result pypi_json(struct request *request);

#endif
