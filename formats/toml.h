/* TOML 1.0 (toml.io/en/v1.0.0), strictly: for lock files. The text becomes a tree of jansson:
 *
 *     string         string
 *     integer        integer; out of 64 bits: an error
 *     float          real; inf, -inf and nan, which jansson does not have, become strings
 *     boolean        boolean
 *     date, time     string, as in RFC 3339: "1979-05-27T07:32:00Z", "07:32:00.5"
 *     array, table   array, object, in the order of the text
 *
 * A NUL (\u0000) in a key or a string is refused, and a byte order mark at the beginning is skipped; nothing
 * else differs. Keys that may follow each other in a table are those of Python's `tomllib`. */
#ifndef FORMATS_TOML_H
#define FORMATS_TOML_H

#include <jansson.h>
#include <stddef.h>

struct buf;

struct toml_limits {
    size_t bytes;
    size_t depth;  /* arrays and tables inside each other in a value; names with dots between them in a key */
    size_t values; /* arrays and tables are values, too */
};

/* Both from 1; columns count characters. */
struct toml_place {
    size_t line;
    size_t column;
};

/* A document that was read, immutable. It keeps views of the text, which must live as long. */
struct toml;

/* Returns a document for toml_free(); NULL, with the place of the fault, and in `error` what was expected
 * there and what was found. */
struct toml *toml_read(const char *text, size_t len, const struct toml_limits *limits,
                       struct toml_place *place, struct buf *error);
void toml_free(struct toml *toml);
void toml_cleanup(struct toml **toml);
#define CLEANUP_TOML __attribute__((cleanup(toml_cleanup)))

/* The object that is the document. Borrowed. */
const json_t *toml_root(const struct toml *toml);
/* Where the value begins, or the header or key that made the table. For the root, for booleans (of which
 * jansson has only two) and for values of other documents: 1, 1. */
struct toml_place toml_place_of(const struct toml *toml, const json_t *value);

#endif
