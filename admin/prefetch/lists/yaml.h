/* YAML documents as trees, and the variables of Compose files: what yaml.c is made of. */
#ifndef ADMIN_PREFETCH_LISTS_YAML_H
#define ADMIN_PREFETCH_LISTS_YAML_H

#include "admin/prefetch/lists/list_private.h"

/* Of looking for members in one document. */
#define YAML_MAX_STEPS 20000000

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

/* An alias is the node that has the anchor: a tree is a graph without cycles, not higher than LIST_MAX_NESTING. */
struct yaml_node {
    enum yaml_kind kind;
    bool plain;        /* a text without quotes or tag */
    bool seen, listed; /* for who walks */
    size_t line, column;
    size_t height;
    const char *text; /* ends in a NUL; may have others */
    size_t len;
    struct yaml_node **items; /* of a mapping: key, value, key, value */
    size_t count;
};

/* Is it this text? */
bool yaml_is(const struct yaml_node *node, const char *text);
/* Nothing, "~" or null (YAML 1.1, 1.2). */
bool yaml_is_null(const struct yaml_node *node);

/* Gives each document that is not empty to `read`, as long as that does not stop the reader. 0, or -1 with a fault. */
int yaml_read(struct list_reader *reader, const char *text, size_t len,
              int (*read)(struct list_reader *reader, struct yaml_node *root));

/* Appends the text with its variables in place, from the environment (compose-spec, "Interpolation"). 1; 0 when one is
 * not set and has no default, with its name in `missing`; -1 when the syntax is wrong. */
int compose_interpolate(const char *text, size_t len, struct buf *out, struct buf *missing);

#endif
