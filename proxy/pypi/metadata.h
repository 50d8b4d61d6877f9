/* GET /packages/....metadata (PEP 658 / 714): the METADATA of a wheel. */
#ifndef PROXY_PYPI_METADATA_H
#define PROXY_PYPI_METADATA_H

#include "proxy/http/request.h"
#include "proxy/pypi/file_lookup.h"

/* `lookup` is of the wheel. */
enum MHD_Result pypi_metadata(struct request *request, struct file_lookup *lookup);

#endif
