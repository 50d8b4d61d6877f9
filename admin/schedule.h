/* Runs the [prefetch] sections of mirror.conf inside the server: each at its times, one after the other. */
#ifndef ADMIN_SCHEDULE_H
#define ADMIN_SCHEDULE_H

#include <stdint.h>

struct buf;
struct config;
struct prefetch_config;
struct proxy;
struct schedule;

/* Checks all sections without reading lists: 0; -1 with a sentence in `error`. */
int schedule_check(const struct config *config, struct buf *error);

/* Starts the thread; a reloaded configuration takes effect by itself. */
void schedule_start(struct proxy *proxy, struct schedule **out);
/* Interrupts a run. NULL-safe. */
void schedule_stop(struct schedule **schedule);

/* When a section is due that last began at last_s (0: never); started_s is when the server started. Wall
 * time. */
int64_t schedule_due_s(const struct prefetch_config *config, int64_t last_s, int64_t started_s);

#endif
