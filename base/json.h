/* JSON of others (RFC 8259): its shape is looked at before memory is spent on it, then jansson makes a tree. Read into
 * memory a value takes many times its text, "{}" a hundred times. */
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

/* Errors of all: -1 or NULL, with the end of a sentence in `error` that repeats nothing of the text: it may hold
 * secrets and control characters. */

/* 0 when the text keeps within the limits, whether it is JSON or not. */
int json_check_limits(const char *text, size_t len, const struct json_limits *limits, struct buf *error);

/* Reads the one object that the text is. A member that is named twice is an error, since readers differ in which of
 * the two they take. The caller owns the reference. */
json_t *json_read_object(const char *text, size_t len, const struct json_limits *limits, struct buf *error);

/* The same for one of several documents that follow each other: reads what is at *at and moves *at behind it. Behind
 * the last it returns NULL with *at == len and `error` untouched; on errors *at is less. The limits are for the caller
 * to check. */
json_t *json_read_next_object(const char *text, size_t len, size_t *at, struct buf *error);

/* A member that is a string with something in it, else NULL. Views into the tree; no string has a NUL inside. */
const char *json_text_member(const json_t *object, const char *name);
/* A member that is an integer, else 0. */
int64_t json_number_member(const json_t *object, const char *name);

/* json_t *CLEANUP_JSON root = ...; gives the reference up when the scope ends. */
#define CLEANUP_JSON __attribute__((cleanup(json_cleanup)))
void json_cleanup(json_t **value);

#endif
