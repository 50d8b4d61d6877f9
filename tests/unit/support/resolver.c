#include "tests/unit/support/resolver.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/text.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool asked;
static bool released;

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's names are reserved */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    static getaddrinfo_fn *real;

    pthread_mutex_lock(&mutex);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    getaddrinfo_fn *call = real;
    if (name && strcmp(name, "slow.test") == 0) {
        asked = true;
        pthread_cond_broadcast(&changed);
        while (!released)
            pthread_cond_wait(&changed, &mutex);
    }
    pthread_mutex_unlock(&mutex);
    return call(name && text_ends(name, ".test") ? "127.0.0.1" : name, service, hints, out);
}

void resolver_wait_asked(void)
{
    pthread_mutex_lock(&mutex);
    while (!asked)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

void resolver_release(void)
{
    pthread_mutex_lock(&mutex);
    released = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}
