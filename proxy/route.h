/* Which handler answers which path. */
#ifndef PROXY_ROUTE_H
#define PROXY_ROUTE_H

#include "proxy/http/request.h"

/* Never NULL: unknown paths have a handler that says what there is. */
request_handler route_find(const struct target *target);

#endif
