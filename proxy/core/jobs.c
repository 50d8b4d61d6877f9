/* Owns: two queues (guarded by `lock`) and the one thread that empties them, urgent jobs first.
 *
 * One thread, so that a burst of misses, each of which may mean parsing a page of megabytes, takes at most
 * one core from the workers. Nothing bounds the queues: nearly every job belongs to a running fill, and the
 * number of fills is bounded.
 *
 * States: running -> stopping (runs what is queued, and what that adds) -> gone. No job is ever dropped: most
 * of them settle a fill, and a fill that is never settled would leave requests suspended. */
#include "proxy/core/jobs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/check.h"
#include "base/lock.h"
#include "base/memory.h"

struct job {
    struct job *prev, *next;
    void (*run)(void *arg);
    void *arg;
};

struct jobs {
    pthread_t thread; /* set once */
    struct lock lock;
    pthread_cond_t changed;
    struct job *queues[2]; /* by urgency */
    bool stopping;
};

/* Returns the next job, or NULL when the thread must end. */
static struct job *next_job(struct jobs *jobs)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&jobs->lock);
    for (;;) {
        for (int urgency = 0; urgency < 2; urgency++) {
            struct job *job = jobs->queues[urgency];
            if (job) {
                DL_DELETE(jobs->queues[urgency], job);
                return job;
            }
        }
        if (jobs->stopping)
            return NULL;
        lock_wait(&jobs->lock, &jobs->changed, -1);
    }
}

static void *jobs_thread(void *arg)
{
    struct jobs *jobs = arg;
    struct job *job;

    pthread_setname_np(pthread_self(), "jobs");
    while ((job = next_job(jobs))) {
        job->run(job->arg);
        free(job);
    }
    return NULL;
}

struct jobs *jobs_start(void)
{
    struct jobs *jobs = xcalloc(1, sizeof(*jobs));

    lock_init(&jobs->lock, LOCK_RANK_JOBS);
    lock_condition_init(&jobs->changed);
    CHECK(pthread_create(&jobs->thread, NULL, jobs_thread, jobs) == 0);
    return jobs;
}

void jobs_stop(struct jobs **jobs_)
{
    struct jobs *jobs = *jobs_;

    if (!jobs)
        return;
    lock_acquire(&jobs->lock);
    jobs->stopping = true;
    pthread_cond_signal(&jobs->changed);
    lock_release(&jobs->lock);
    pthread_join(jobs->thread, NULL);
    *jobs_ = NULL; /* not before: a job may add another one */
    pthread_cond_destroy(&jobs->changed);
    lock_destroy(&jobs->lock);
    free(jobs);
}

void jobs_add(struct jobs *jobs, enum job_urgency urgency, void (*run_job)(void *arg), void *arg)
{
    struct job *job = xcalloc(1, sizeof(*job));

    job->run = run_job;
    job->arg = arg;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&jobs->lock);
    DL_APPEND(jobs->queues[urgency], job);
    pthread_cond_signal(&jobs->changed);
}
