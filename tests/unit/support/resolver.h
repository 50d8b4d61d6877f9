/* Names for tests: every name under ".test" is 127.0.0.1, and "slow.test" is not known before
 * resolver_release(). The C library's getaddrinfo() is replaced in the whole program; other names go through
 * to it. */
#ifndef TESTS_RESOLVER_H
#define TESTS_RESOLVER_H

/* Waits until somebody asks for "slow.test". */
void resolver_wait_asked(void);
void resolver_release(void);

#endif
