/* No state. The messages reach the user of docker or containerd, so they say what to do. */
#include "proxy/registry/missing.h"

#include <stdlib.h>

#include "base/memory.h"
#include "proxy/http/respond.h"

enum MHD_Result registry_respond_missing(struct request *request, enum document_result result,
                                         const char *code, const char *what)
{
    char *CLEANUP_FREE reason = NULL;

    switch (result) {
    case DOCUMENT_WAIT:
        return MHD_YES;
    case DOCUMENT_NOT_FOUND:
        if (request_offline(request))
            return respond_not_held(request, code, what);
        return respond_registry_error(request, MHD_HTTP_NOT_FOUND, code,
                                      "%s: every upstream says that it does not exist", what);
    case DOCUMENT_DENIED: /* not 401: our clients have no credentials that could help */
        reason = request_fill_reason(request);
        return respond_registry_error(request, MHD_HTTP_NOT_FOUND, code,
                                      "%s: it does not exist, or needs credentials that the mirror.conf of "
                                      "this mirror must give%s%s",
                                      what, reason ? ": " : "", reason ? reason : "");
    default:
        return respond_unavailable(request, what, "no upstream can serve it now");
    }
}
