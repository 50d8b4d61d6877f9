/* Pages of the server itself: / for people, /healthz and /metrics for machines. */
#ifndef PROXY_HOME_H
#define PROXY_HOME_H

#include "proxy/request.h"

enum MHD_Result home_page(struct request *request);
enum MHD_Result home_health(struct request *request);
enum MHD_Result home_metrics(struct request *request);

#endif
