/* The jobs thread: work that takes processor time or small local disk reads and belongs neither on a worker
 * nor on the fetch thread: parsing and rendering pages, compressing, taking metadata out of wheels. It never
 * touches the network and never waits for a request. */
#ifndef PROXY_CORE_JOBS_H
#define PROXY_CORE_JOBS_H

struct jobs;

enum job_urgency {
    JOB_WAITED_FOR, /* a client waits for it */
    JOB_LATER,      /* runs when nothing urgent is queued */
};

struct jobs *jobs_start(void);
/* Runs what is queued, and what that adds, then ends the thread. No job may be added afterwards. */
void jobs_stop(struct jobs **jobs);
/* `run` is called once with `arg` on the jobs thread. Any thread may add. */
void jobs_add(struct jobs *jobs, enum job_urgency urgency, void (*run)(void *arg), void *arg);

#endif
