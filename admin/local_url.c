/* Addresses to listen on as URLs to connect to. No state. */
#include "admin/local_url.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

void local_url_print(const char *address, struct buf *out)
{
    static const struct {
        const char *all;
        const char *loopback;
    } hosts[] = {{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}};

    if (text_starts(address, "unix:")) {
        buf_add_text(out, address);
        return;
    }
    /* These are not addresses to connect to, though Linux lets them mean this machine. */
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (text_starts(address, hosts[i].all)) {
            buf_printf(out, "http://%s%s", hosts[i].loopback, address + strlen(hosts[i].all));
            return;
        }
    }
    buf_printf(out, "http://%s", address);
}
