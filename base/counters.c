/* State: one number for each counter, changed by any thread without a lock. Relaxed order: a reader may see
 * two counters of one event apart, and nobody decides anything by them. */
#include "base/counters.h"

#include <inttypes.h>

#include "base/buf.h"

_Atomic int64_t counters[COUNTERS];

static const struct {
    const char *name;
    const char *type;
    const char *help;
} table[] = {
#define X(id, name, type, help) {name, type, help},
    COUNTER_TABLE(X)
#undef X
};

void counters_print(struct buf *out)
{
    for (int i = 0; i < COUNTERS; i++)
        buf_printf(out, "# HELP yizhan_%s %s\n# TYPE yizhan_%s %s\nyizhan_%s %" PRId64 "\n", table[i].name,
                   table[i].help, table[i].name, table[i].type, table[i].name,
                   counter_get((enum counter_id)i));
}
