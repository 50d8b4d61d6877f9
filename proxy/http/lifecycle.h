/* A request's life, as libmicrohttpd reports it: the callbacks that make a request, find and run its handler,
 * and end it. The request is checked here, before any handler sees it. */
#ifndef PROXY_HTTP_LIFECYCLE_H
#define PROXY_HTTP_LIFECYCLE_H

#include <microhttpd.h>
#include <stddef.h>

/* libmicrohttpd's MHD_OPTION_URI_LOG_CALLBACK: the only place that sees the raw target. Returns the
 * request. */
void *request_on_target(void *proxy, const char *target, struct MHD_Connection *connection);
/* libmicrohttpd's access handler callback. */
enum MHD_Result request_on_call(void *proxy, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **request);
/* libmicrohttpd's MHD_OPTION_NOTIFY_COMPLETED. */
void request_on_end(void *proxy, struct MHD_Connection *connection, void **request,
                    enum MHD_RequestTerminationCode why);

#endif
