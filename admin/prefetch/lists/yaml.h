/* YAML documents as trees (yaml_tree.c), and the variables of Compose files (interpolate.c), for yaml.c. */
#ifndef ADMIN_PREFETCH_LISTS_YAML_H
#define ADMIN_PREFETCH_LISTS_YAML_H

#include "admin/prefetch/lists/list_private.h"

/* Comparisons of keys in one document: with merged mappings a small hostile one could take forever. */
#define YAML_MAX_STEPS 20000000

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

/* An alias is the node with the anchor itself, so a tree is really a graph: without cycles, at most
 * LIST_MAX_NESTING high. */
struct yaml_node {
    enum yaml_kind kind;
    bool plain;        /* text without quotes or a tag */
    bool seen, listed; /* for yaml.c: searched already; its containers read already */
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

/* Calls `read` for each document that is not empty, until that stops the reader. 0, or -1 with a fault. */
int yaml_read(struct list_reader *reader, const char *text, size_t len,
              int (*read)(struct list_reader *reader, struct yaml_node *root));

/* Appends the text with its variables replaced from the environment (compose-spec, "Interpolation"). 1; 0
 * when one is not set and has no default, with its name in `missing`; -1 when the syntax is wrong. */
int compose_interpolate(const char *text, size_t len, struct buf *out, struct buf *missing);

#endif
