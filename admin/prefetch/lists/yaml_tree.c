/* libyaml's events as trees. Its own yaml_document_t is not used, since that has no limits. An anchor can
 * be used once its node is complete, so there are no cycles. Too many nodes or too much nesting: a fault.
 * All memory is in the arena of the tree and goes with the document. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>
#include <yaml.h>

#include "admin/prefetch/lists/yaml.h"
#include "base/check.h"
#include "base/memory.h"

struct anchor {
    const char *name;
    struct yaml_node *node; /* NULL: not complete */
    UT_hash_handle hh;
};

/* A node whose end has not come. */
struct open {
    struct yaml_node *node;
    struct anchor *anchor;
};

struct tree {
    struct list_reader *reader;
    struct arena arena;
    struct anchor *anchors;
    struct open stack[LIST_MAX_NESTING];
    size_t depth;
    size_t nodes;
    struct yaml_node *root;
};

bool yaml_is(const struct yaml_node *node, const char *text)
{
    return node->kind == YAML_TEXT && node->len == strlen(text) && memcmp(node->text, text, node->len) == 0;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return node->kind == YAML_TEXT && node->plain &&
           (!node->len || yaml_is(node, "~") || (node->len == 4 && strcasecmp(node->text, "null") == 0));
}

static int mark_fault(struct tree *tree, const yaml_mark_t *mark, const char *sentence)
{
    return list_fault(tree->reader, mark->line + 1, mark->column + 1, "%s", sentence);
}

/* ---- nodes ---- */

static struct yaml_node *new_node(struct tree *tree, const yaml_event_t *event, enum yaml_kind kind)
{
    struct yaml_node *node;

    if (++tree->nodes > LIST_MAX_NODES) {
        mark_fault(tree, &event->start_mark, "expected a file of at most a million values, found more");
        return NULL;
    }
    node = arena_alloc(&tree->arena, sizeof(*node));
    node->kind = kind;
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
    return node;
}

/* YAML allows an anchor to be defined again; aliases mean the last one before them. */
static struct anchor *new_anchor(struct tree *tree, const yaml_char_t *name)
{
    struct anchor *anchor;

    if (!name)
        return NULL;
    HASH_FIND_STR(tree->anchors, (const char *)name, anchor);
    if (!anchor) {
        anchor = arena_alloc(&tree->arena, sizeof(*anchor));
        anchor->name = arena_strdup(&tree->arena, (const char *)name);
        HASH_ADD_KEYPTR(hh, tree->anchors, anchor->name, strlen(anchor->name), anchor);
    }
    anchor->node = NULL; /* until it is complete: an alias inside of it would be a cycle */
    return anchor;
}

/* Appends a complete node to the innermost open one, or makes it the root. */
static int place_node(struct tree *tree, const yaml_event_t *event, struct yaml_node *node)
{
    if (!tree->depth) {
        tree->root = node;
        return 0;
    }
    struct yaml_node *parent = tree->stack[tree->depth - 1].node;

    CHECK(parent);
    size_t count = parent->count;
    if (!(count & (count - 1))) {
        struct yaml_node **items = arena_alloc(&tree->arena, (count ? 2 * count : 1) * sizeof(*items));
        if (count)
            memcpy(items, parent->items, count * sizeof(struct yaml_node *));
        parent->items = items;
    }
    parent->items[parent->count++] = node;
    /* From the leaves up: an alias brings the height of its whole node, which the stack does not see. */
    if (node->height + 1 > parent->height)
        parent->height = node->height + 1;
    if (parent->height > LIST_MAX_NESTING)
        return mark_fault(tree, &event->start_mark,
                          "expected values that nest at most 64 levels, found more");
    return 0;
}

static int take_scalar(struct tree *tree, const yaml_event_t *event)
{
    struct yaml_node *node = new_node(tree, event, YAML_TEXT);

    if (!node)
        return -1;
    node->text =
        arena_strndup(&tree->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
    node->len = event->data.scalar.length;
    node->plain = event->data.scalar.plain_implicit && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct anchor *anchor = new_anchor(tree, event->data.scalar.anchor);
    if (anchor)
        anchor->node = node;
    return place_node(tree, event, node);
}

static int take_alias(struct tree *tree, const yaml_event_t *event)
{
    struct anchor *anchor;

    HASH_FIND_STR(tree->anchors, (const char *)event->data.alias.anchor, anchor);
    if (!anchor)
        return mark_fault(tree, &event->start_mark,
                          "expected the alias of an anchor before it, found one without an anchor");
    if (!anchor->node)
        return mark_fault(tree, &event->start_mark,
                          "expected the alias of an anchor before it, found one inside its own "
                          "anchor");
    /* Counted like a node: a file could else be mostly aliases. */
    if (++tree->nodes > LIST_MAX_NODES)
        return mark_fault(tree, &event->start_mark,
                          "expected a file of at most a million values, found more");
    return place_node(tree, event, anchor->node);
}

static int take_collection_start(struct tree *tree, const yaml_event_t *event, enum yaml_kind kind,
                                 const yaml_char_t *anchor)
{
    struct yaml_node *node = new_node(tree, event, kind);

    if (!node)
        return -1;
    if (tree->depth == LIST_MAX_NESTING)
        return mark_fault(tree, &event->start_mark,
                          "expected values that nest at most 64 levels, found more");
    tree->stack[tree->depth++] = (struct open){node, new_anchor(tree, anchor)};
    return 0;
}

/* ---- documents ---- */

static void forget_document(struct tree *tree)
{
    HASH_CLEAR(hh, tree->anchors);
    arena_release(&tree->arena);
    tree->root = NULL;
    tree->depth = 0;
}

static int take_event(struct tree *tree, const yaml_event_t *event,
                      int (*read)(struct list_reader *reader, struct yaml_node *root))
{
    const struct open *ended;

    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(tree, event);
    case YAML_ALIAS_EVENT:
        return take_alias(tree, event);
    case YAML_SEQUENCE_START_EVENT:
        return take_collection_start(tree, event, YAML_LIST, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return take_collection_start(tree, event, YAML_MAP, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        ended = &tree->stack[--tree->depth];
        if (ended->anchor)
            ended->anchor->node = ended->node;
        return place_node(tree, event, ended->node);
    case YAML_DOCUMENT_END_EVENT:
        if (tree->root && !yaml_is_null(tree->root))
            (void)read(tree->reader, tree->root);
        forget_document(tree);
        return tree->reader->stopped ? -1 : 0;
    default:
        return 0;
    }
}

static int read_events(struct tree *tree, yaml_parser_t *parser,
                       int (*read)(struct list_reader *reader, struct yaml_node *root))
{
    yaml_event_t event;
    bool ended = false;
    int result = 0;

    while (!ended && result == 0) {
        if (!yaml_parser_parse(parser, &event)) {
            /* libyaml gives errors of its character reader only an offset in bytes; the parser's own mark is
             * close to it. */
            const yaml_mark_t *mark =
                parser->error == YAML_READER_ERROR ? &parser->mark : &parser->problem_mark;
            return list_fault(tree->reader, mark->line + 1, mark->column + 1,
                              "expected YAML, found an error: %s",
                              parser->problem ? parser->problem : "unknown");
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        result = take_event(tree, &event, read);
        yaml_event_delete(&event);
    }
    return result;
}

int yaml_read(struct list_reader *reader, const char *text, size_t len,
              int (*read)(struct list_reader *reader, struct yaml_node *root))
{
    struct tree tree = {.reader = reader, .arena = ARENA_INIT};
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser))
        return list_file_fault(reader, "cannot read YAML: out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    int result = read_events(&tree, &parser, read);
    forget_document(&tree);
    yaml_parser_delete(&parser);
    return result;
}
