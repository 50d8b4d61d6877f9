/* GET /packages/....metadata (PEP 658 / 714). */
#ifndef PROXY_PYPI_METADATA_H
#define PROXY_PYPI_METADATA_H

#include "proxy/http/request.h"
#include "proxy/pypi/file_lookup.h"

enum MHD_Result pypi_metadata(struct request *request, struct file_lookup *lookup);

#endif
