/*
 * Loops over thousands of places.
 *
 * The plain build tries every place; under a sanitizer, which takes twenty times as long, every `n`th is enough to see
 * what the code does with memory there.
 */
#ifndef TESTS_SANITIZED_H
#define TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STEP_IF_SANITIZED(n) (n)
#else
#define STEP_IF_SANITIZED(n) 1
#endif

#endif
