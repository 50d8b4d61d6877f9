/* Routes by the first segment and the number of segments. The registry's paths end in their meaning
 * (/v2/NAME/manifests/TAG, where NAME has slashes), so /v2/ is taken apart by registry/api.c. */
#include "proxy/route.h"

#include <string.h>

#include "proxy/http/respond.h"
#include "proxy/monitoring.h"
#include "proxy/pypi/pypi.h"
#include "proxy/registry/registry.h"

#define ANY_NUMBER 99

/* Paths by their first segment and how many they have. The first match wins. */
static const struct {
    const char *first;
    size_t min_segments;
    size_t max_segments;
    request_handler handler;
} routes[] = {
    {"simple", 1, 1, pypi_simple_list},
    {"simple", 2, 2, pypi_simple_project},
    {"packages", 2, ANY_NUMBER, pypi_file},
    {"pypi", 3, 4, pypi_json},
    {"v2", 1, ANY_NUMBER, registry_api},
    {"", 0, 0, home_page},
    {"healthz", 1, 1, home_health},
    {"metrics", 1, 1, home_metrics},
    {"fills", 1, 1, home_fills},
};

static enum MHD_Result respond_unknown(struct request *request)
{
    return respond_error(
        request, MHD_HTTP_NOT_FOUND,
        "nothing is served at %.200s: point pip at /simple/, docker at / (see / for the exact lines)",
        request->target.path);
}

request_handler route_find(const struct target *target)
{
    const char *first = target->segment_count ? target->segments[0].text : "";

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (target->segment_count >= routes[i].min_segments &&
            target->segment_count <= routes[i].max_segments && strcmp(first, routes[i].first) == 0)
            return routes[i].handler;
    return respond_unknown;
}
