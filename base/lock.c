/* State: each lock's owner, and per thread the set of ranks that it holds. A thread that takes a lock out of
 * order is stopped with a message whether or not another thread is there to deadlock with, so that tests find
 * a wrong order without luck. */
#include "base/lock.h"

#include <errno.h>
#include <time.h>

#include "base/check.h"

/* The ranks held by this thread, a bit for each. Two locks of one rank are never held together: two fills,
 * say, have no order between them. */
static _Thread_local unsigned held_ranks;

void lock_init(struct lock *lock, enum lock_rank rank)
{
    CHECK(pthread_mutex_init(&lock->mutex, NULL) == 0);
    lock->rank = rank;
    lock->held = false;
}

void lock_destroy(struct lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

static void note_held(struct lock *lock)
{
    lock->owner = pthread_self();
    lock->held = true;
    held_ranks |= 1u << lock->rank;
}

static void note_free(struct lock *lock)
{
    lock_check_held(lock);
    lock->held = false;
    held_ranks &= ~(1u << lock->rank);
}

void lock_acquire(struct lock *lock)
{
    if (held_ranks >> lock->rank)
        BUG("lock order: rank %d wanted while holding ranks %#x", (int)lock->rank, held_ranks);
    CHECK(pthread_mutex_lock(&lock->mutex) == 0);
    note_held(lock);
}

void lock_release(struct lock *lock)
{
    note_free(lock);
    CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
}

void lock_check_held(struct lock *lock)
{
    CHECK((held_ranks & (1u << lock->rank)) && lock->held && pthread_equal(lock->owner, pthread_self()));
}

void lock_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    /* Waits must not end early or late when somebody sets the wall clock. */
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(condition, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

bool lock_wait(struct lock *lock, pthread_cond_t *condition, int wait_ms)
{
    int error;

    /* The mutex is free while we wait, so the books must say so; it is ours again on return, also after a
     * time-out. */
    note_free(lock);
    if (wait_ms < 0) {
        error = pthread_cond_wait(condition, &lock->mutex);
    } else {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += wait_ms / 1000;
        until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        error = pthread_cond_timedwait(condition, &lock->mutex, &until);
    }
    CHECK(error == 0 || error == ETIMEDOUT);
    note_held(lock);
    return error == 0;
}

void lock_scope_end(struct lock **lock)
{
    lock_release(*lock);
}
