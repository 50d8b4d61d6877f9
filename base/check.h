/* Checks of our own logic, active in every build: a wrong state stops the process before it serves a wrong
 * byte. They are not for errors of peers, disks or users, which are returned and logged. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition)                                                \
    do {                                                                \
        if (__builtin_expect(!(condition), 0))                          \
            bug_at(__FILE__, __LINE__, "check failed: %s", #condition); \
    } while (0)

/* Prints the message with its place on standard error and aborts. */
_Noreturn void bug_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
