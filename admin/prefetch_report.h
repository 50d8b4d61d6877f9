/* The output of `yizhan prefetch`: bars on a terminal, otherwise a line for each item, or JSON. */
#ifndef ADMIN_PREFETCH_REPORT_H
#define ADMIN_PREFETCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin/prefetch/run.h"

struct buf;
struct progress;

struct printed_report {
    struct prefetch_report report; /* for prefetch_init() */
    const char *command;           /* for messages */
    bool json;
    bool quiet;
    struct progress *progress; /* NULL: not begun, or JSON */
    int64_t started_ms;
};

void printed_report_init(struct printed_report *out, const char *command, bool json, bool quiet);
/* The items that would be fetched, with sizes. */
void printed_report_plan(struct printed_report *printed, const struct prefetch *prefetch);
/* How many items were fetched, held and failed, with bytes and time. */
void printed_report_summary(struct printed_report *printed, const struct prefetch *prefetch);
void printed_report_release(struct printed_report *printed);

/* {"type":"summary",...}; a new reference. */
json_t *prefetch_summary(const struct prefetch *prefetch, int64_t duration_ms);
/* "12 fetched (3.4 MiB), 5 there already (1.2 MiB), 1 failed". */
void prefetch_print_summary(const struct prefetch *prefetch, struct buf *out);

#endif
