/* The [prefetch] sections of mirror.conf, run by the server: one after the other, each at its times. */
#ifndef ADMIN_SCHEDULE_H
#define ADMIN_SCHEDULE_H

#include <stdint.h>

struct buf;
struct config;
struct prefetch_config;
struct proxy;
struct schedule;

/* All sections make sense: 0, or -1 with a sentence in `error`. Lists are not read. */
int schedule_check(const struct config *config, struct buf *error);

/* Starts the thread; a reloaded configuration takes effect by itself. */
void schedule_start(struct proxy *proxy, struct schedule **out);
/* Interrupts a run. NULL-safe. */
void schedule_stop(struct schedule **schedule);

/* When a section is due that began last at last_s (0: never), as of started_s, in wall time. */
int64_t schedule_due_s(const struct prefetch_config *config, int64_t last_s, int64_t started_s);

#endif
