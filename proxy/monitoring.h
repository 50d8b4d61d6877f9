/* Pages of the server itself: / for people, /healthz, /metrics and /fills for machines. */
#ifndef PROXY_MONITORING_H
#define PROXY_MONITORING_H

#include "proxy/http/request.h"

enum MHD_Result home_page(struct request *request);
enum MHD_Result home_health(struct request *request);
enum MHD_Result home_metrics(struct request *request);
enum MHD_Result home_fills(struct request *request);

#endif
