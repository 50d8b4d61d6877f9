/* Memory: allocation that cannot fail, and attributes that release at the end of a scope.
 *
 * Out of memory is not recoverable here: x*() abort with a message. Sizes that a peer controls are bounded
 * before they reach these functions. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
/* NULL stays NULL. */
char *xstrdup_or_null(const char *text);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The texts joined together. For the keys that every request needs: it takes a fifth of the time of
 * xasprintf(). */
#define xconcat(...) xconcat_to_null(__VA_ARGS__, (char *)NULL)
char *xconcat_to_null(const char *first, ...) __attribute__((sentinel));

/* Overwrites and frees a password or a token. NULL is allowed. */
void free_secret(char *text);

/* char *CLEANUP_FREE name = ...; is freed when the scope ends. Hand it on with take_ptr(&name). */
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free)))
/* int CLEANUP_CLOSE fd = -1; is closed when the scope ends if it is >= 0. Hand it on with take_fd(&fd). */
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_close)))

void cleanup_free(void *address_of_pointer);
void cleanup_close(int *fd);

/* Returns the value and leaves NULL (or -1) in its place, so that the scope's cleanup does nothing. */
#define take_ptr(address)                           \
    ({                                              \
        __typeof__(*(address)) taken_ = *(address); \
        *(address) = NULL;                          \
        taken_;                                     \
    })
int take_fd(int *fd);

#endif
