/* JSON of peers (RFC 8259): its shape is checked before memory is spent on it, then jansson makes a tree. In
 * memory a value takes many times the size of its text, "{}" a hundred times. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct json_limits {
    size_t depth;      /* objects and arrays inside each other; jansson's own limit is 2048 */
    size_t containers; /* objects and arrays together */
    size_t values;     /* counted by the commas between them */
};

/* On errors all of these return -1 or NULL, with the end of a sentence in `error` that repeats nothing of the
 * text, which may have secrets or control characters in it. */

/* 0 when the text keeps within the limits, whether it is JSON or not. */
int json_check_limits(const char *text, size_t len, const struct json_limits *limits, struct buf *error);

/* Reads a text that is one object. A member that is named twice is an error, since readers differ in which of
 * the two they take. The caller owns the reference. */
json_t *json_read_object(const char *text, size_t len, const struct json_limits *limits, struct buf *error);

/* Reads one of several objects that follow each other: the one at *at, which is moved past it. After the last
 * object it returns NULL with *at == len and leaves `error` alone; on errors *at is less. The caller checks
 * the limits. */
json_t *json_read_next_object(const char *text, size_t len, size_t *at, struct buf *error);

/* The member if it is a string that is not empty, else NULL. It points into the tree, and has no NUL
 * inside. */
const char *json_text_member(const json_t *object, const char *name);
/* A member that is an integer, else 0. */
int64_t json_number_member(const json_t *object, const char *name);

/* json_t *CLEANUP_JSON root = ...; drops the reference when the scope ends. */
#define CLEANUP_JSON __attribute__((cleanup(json_cleanup)))
void json_cleanup(json_t **value);

#endif
