/* TOML 1.0.0: tables, keys and arrays. The parser goes through the text once and builds jansson's values as
 * it goes.
 *
 * The hard part of TOML is which definitions may follow which. Each table and array has a node that says how
 * it came to be (enum node_kind) and in which section, and the rules are questions to these nodes: a dotted
 * key may extend a table that a dotted key of the same section made; a header may complete a table that only
 * a longer header implied, once; [[x]] may extend [[x]]; all else is a second definition. The specification
 * leaves corners open; there we do what Python's `tomllib` does, which the tests compare with generated
 * documents.
 *
 * Recursion: read_toml_value() into arrays and inline tables, as deep as the limits allow. */
#include "formats/toml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/toml_private.h"

/* Beside the caller's limit of depth, so that a key fits into a fixed array. */
#define KEY_PARTS_MAX 64

enum node_kind {
    NODE_VALUE,       /* a scalar, an array that was written as one, or an inline table: closed forever */
    NODE_IMPLICIT,    /* a table named only before the last dot of a header */
    NODE_HEADER,      /* a table that has its header */
    NODE_DOTTED,      /* a table that a dotted key made; open in its section */
    NODE_TABLE_ARRAY, /* [[name]] */
};

/* Place and origin of a value, which jansson has no room for; found by the value's address, which is unique
 * as long as the document lives. */
struct toml_node {
    const json_t *value;
    size_t at, line, line_start;
    enum node_kind kind;
    unsigned section;
    UT_hash_handle hh;
};

struct toml {
    const char *text;
    json_t *root;
    struct toml_node *nodes; /* by value */
};

struct toml_key {
    char *parts[KEY_PARTS_MAX];
    size_t count;
};

#define CLEANUP_KEY __attribute__((cleanup(key_release)))

static void key_release(struct toml_key *key)
{
    for (size_t i = 0; i < key->count; i++)
        free(key->parts[i]);
}

/* ---- errors and places ---- */

static size_t column_of(const char *text, size_t line_start, size_t at)
{
    size_t column = 1;

    for (size_t i = line_start; i < at; i++)
        column += ((unsigned char)text[i] & 0xc0) != 0x80;
    return column;
}

/* Columns are counted only for errors and for toml_place_of(): keeping one for each value would make a long
 * line of a hostile document quadratic. */
static void set_place(struct toml_reader *reader)
{
    reader->place->line = reader->line;
    reader->place->column = column_of(reader->scan.text, reader->line_start, reader->scan.at);
}

int toml_expected(struct toml_reader *reader, const char *format, ...)
{
    va_list args;

    set_place(reader);
    buf_set(reader->error, "expected ");
    va_start(args, format);
    buf_vprintf(reader->error, format, args);
    va_end(args);
    buf_add_text(reader->error, ", found ");
    if (scan_peek(&reader->scan) == '\n' || scan_peek(&reader->scan) == '\r')
        buf_add_text(reader->error, "the end of the line");
    else
        scan_add_found(&reader->scan, reader->error);
    return -1;
}

int toml_fault(struct toml_reader *reader, const char *format, ...)
{
    va_list args;

    set_place(reader);
    buf_reset(reader->error);
    va_start(args, format);
    buf_vprintf(reader->error, format, args);
    va_end(args);
    return -1;
}

struct toml_place toml_place_of(const struct toml *toml, const json_t *value)
{
    struct toml_place place = {.line = 1, .column = 1};
    struct toml_node *node;

    HASH_FIND_PTR(toml->nodes, &value, node);
    if (node) {
        place.line = node->line;
        place.column = column_of(toml->text, node->line_start, node->at);
    }
    return place;
}

/* ---- nodes ---- */

static struct toml_node *find_node(const struct toml_reader *reader, const json_t *value)
{
    struct toml_node *node;

    HASH_FIND_PTR(reader->toml->nodes, &value, node);
    return node;
}

/* The thing at the cursor. jansson's booleans are the same two values everywhere: they have no node. */
static void note_node(struct toml_reader *reader, const json_t *value, enum node_kind kind)
{
    struct toml_node *node = xcalloc(1, sizeof(*node));

    node->value = value;
    node->at = reader->scan.at;
    node->line = reader->line;
    node->line_start = reader->line_start;
    node->kind = kind;
    node->section = reader->section;
    HASH_ADD_PTR(reader->toml->nodes, value, node);
}

static int count_value(struct toml_reader *reader)
{
    if (++reader->values > reader->limits->values)
        return toml_fault(reader, "has more than %zu values", reader->limits->values);
    return 0;
}

/* ---- blanks, comments, lines ---- */

bool toml_take_newline(struct toml_reader *reader)
{
    if (!scan_take(&reader->scan, "\n") && !scan_take(&reader->scan, "\r\n"))
        return false;
    reader->line++;
    reader->line_start = reader->scan.at;
    return true;
}

/* A CR that is not part of CRLF is a control character, and those are refused in comments, too. */
static int skip_comment(struct toml_reader *reader)
{
    struct scan *scan = &reader->scan;

    if (!scan_take(scan, "#"))
        return 0;
    for (int c;
         (c = scan_peek(scan)) != SCAN_END && c != '\n' && strncmp(scan->text + scan->at, "\r\n", 2) != 0;
         scan->at++)
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return toml_expected(reader, "no control character in a comment");
    return 0;
}

/* After a header or a value only a comment may follow in the line. */
static int read_line_end(struct toml_reader *reader, const char *after)
{
    scan_skip_blanks(&reader->scan);
    if (skip_comment(reader) < 0)
        return -1;
    if (!toml_take_newline(reader) && scan_peek(&reader->scan) != SCAN_END)
        return toml_expected(reader, "the end of the line after %s", after);
    return 0;
}

static int skip_lines(struct toml_reader *reader)
{
    do {
        scan_skip_blanks(&reader->scan);
        if (skip_comment(reader) < 0)
            return -1;
    } while (toml_take_newline(reader));
    return 0;
}

/* ---- keys ---- */

static int read_key_part(struct toml_reader *reader, struct toml_key *key)
{
    struct buf CLEANUP_BUF part = BUF_INIT;
    struct scan *scan = &reader->scan;
    int c = scan_peek(scan);

    if (key->count == KEY_PARTS_MAX || key->count > reader->limits->depth)
        return toml_fault(reader, "has a key of too many names with dots between them");
    if (c == '"' || c == '\'') {
        if (toml_read_string(reader, false, &part) < 0)
            return -1;
    } else {
        size_t start = scan->at;
        while (scan_alnum(scan) || scan_peek(scan) == '_' || scan_peek(scan) == '-')
            scan->at++;
        if (scan->at == start)
            return toml_expected(reader, "a key: letters, digits, - and _, or a name in quotes");
        buf_add(&part, scan->text + start, scan->at - start);
    }
    key->parts[key->count++] = buf_take(&part);
    return 0;
}

static int read_toml_key(struct toml_reader *reader, struct toml_key *key)
{
    do {
        scan_skip_blanks(&reader->scan);
        if (read_key_part(reader, key) < 0)
            return -1;
        scan_skip_blanks(&reader->scan);
    } while (scan_take(&reader->scan, "."));
    return 0;
}

/* A key is quoted in a message only if it is safe on a terminal. */
static const char *shown(const char *name)
{
    CHECK(name);
    for (const char *c = name; *c; c++)
        if (*c < ' ' || *c > '~')
            return "this key";
    return name;
}

/* ---- tables ---- */

static json_t *add_container(struct toml_reader *reader, json_t *table, const char *key, json_t *made,
                             enum node_kind kind)
{
    json_object_set_new_nocheck(table, key, made);
    note_node(reader, made, kind);
    return count_value(reader) < 0 ? NULL : made;
}

static int taken(struct toml_reader *reader, const char *key, const json_t *value)
{
    const struct toml_node *node = find_node(reader, value);

    if (node)
        return toml_fault(reader, "%s is defined a second time; first in line %zu", shown(key), node->line);
    return toml_fault(reader, "%s is defined a second time", shown(key));
}

/* The table before a dot of a header. Of an array of tables it is the last item: [a.b] after [[a]] belongs
 * there. */
static json_t *step_of_header(struct toml_reader *reader, json_t *table, const char *key)
{
    json_t *next = json_object_get(table, key);

    if (!next)
        return add_container(reader, table, key, json_object(), NODE_IMPLICIT);
    const struct toml_node *node = find_node(reader, next);
    if (node && node->kind == NODE_TABLE_ARRAY)
        return json_array_get(next, json_array_size(next) - 1);
    if (node && node->kind != NODE_VALUE)
        return next;
    toml_fault(reader, "%s is a value; expected a table that can be extended", shown(key));
    return NULL;
}

/* The table before a dot of a key. A table that headers only implied becomes this section's own: from then on
 * no header may define it. */
static json_t *step_of_key(struct toml_reader *reader, json_t *table, const char *key)
{
    json_t *next = json_object_get(table, key);

    if (!next)
        return add_container(reader, table, key, json_object(), NODE_DOTTED);
    struct toml_node *node = find_node(reader, next);
    if (node && node->kind == NODE_IMPLICIT) {
        node->kind = NODE_DOTTED;
        node->section = reader->section;
    }
    if (node && node->kind == NODE_DOTTED && node->section == reader->section)
        return next;
    taken(reader, key, next);
    return NULL;
}

static json_t *open_table(struct toml_reader *reader, json_t *parent, const char *key)
{
    json_t *table = json_object_get(parent, key);

    if (!table)
        return add_container(reader, parent, key, json_object(), NODE_HEADER);
    struct toml_node *node = find_node(reader, table);
    if (!node || node->kind != NODE_IMPLICIT) {
        taken(reader, key, table);
        return NULL;
    }
    node->kind = NODE_HEADER;
    node->at = reader->scan.at;
    node->line = reader->line;
    node->line_start = reader->line_start;
    return table;
}

static json_t *open_array_item(struct toml_reader *reader, json_t *parent, const char *key)
{
    json_t *array = json_object_get(parent, key);
    const struct toml_node *node = array ? find_node(reader, array) : NULL;

    if (array && (!node || node->kind != NODE_TABLE_ARRAY)) {
        taken(reader, key, array);
        return NULL;
    }
    if (!array && !(array = add_container(reader, parent, key, json_array(), NODE_TABLE_ARRAY)))
        return NULL;
    json_t *item = json_object();
    json_array_append_new(array, item);
    note_node(reader, item, NODE_HEADER);
    return count_value(reader) < 0 ? NULL : item;
}

/* The cursor goes back to the header's bracket in the meantime: that is the place of the tables it makes, and
 * of the errors. */
static json_t *open_section(struct toml_reader *reader, const struct toml_key *key, bool array, size_t start)
{
    size_t end = reader->scan.at;
    json_t *table = reader->toml->root;

    reader->scan.at = start;
    reader->section = ++reader->sections;
    for (size_t i = 0; table && i + 1 < key->count; i++)
        table = step_of_header(reader, table, key->parts[i]);
    if (table)
        table = (array ? open_array_item : open_table)(reader, table, key->parts[key->count - 1]);
    reader->scan.at = end;
    return table;
}

/* Returns the table that the following keys belong to. */
static json_t *read_header(struct toml_reader *reader)
{
    struct toml_key CLEANUP_KEY key = {.count = 0};
    size_t start = reader->scan.at;
    bool array = scan_take(&reader->scan, "[[");
    const char *end = array ? "]]" : "]";

    if (!array)
        reader->scan.at++;
    if (read_toml_key(reader, &key) < 0)
        return NULL;
    if (!scan_take(&reader->scan, end)) {
        toml_expected(reader, "\".\" or \"%s\" after the name of a table", end);
        return NULL;
    }
    json_t *table = open_section(reader, &key, array, start);
    if (!table || read_line_end(reader, "a header") < 0)
        return NULL;
    return table;
}

/* ---- values ---- */

static json_t *read_toml_value(struct toml_reader *reader);

static int read_key_value(struct toml_reader *reader, json_t *table)
{
    struct toml_key CLEANUP_KEY key = {.count = 0};
    struct scan *scan = &reader->scan;
    size_t start = scan->at;

    if (read_toml_key(reader, &key) < 0)
        return -1;
    if (scan_peek(scan) != '=')
        return toml_expected(reader, "\".\" or \"=\" after a key");
    /* Tables on the way, and a complaint about the key, have the place of the key, not of the "=". */
    size_t end = scan->at;
    scan->at = start;
    for (size_t i = 0; table && i + 1 < key.count; i++)
        table = step_of_key(reader, table, key.parts[i]);
    const char *name = key.parts[key.count - 1];
    const json_t *other = json_object_get(table, name);
    if (!table || (other && taken(reader, name, other) < 0))
        return -1;
    scan->at = end + 1;
    scan_skip_blanks(scan);
    json_t *value = read_toml_value(reader);
    if (!value)
        return -1;
    json_object_set_new_nocheck(table, name, value);
    return 0;
}

/* After "[". Lines may end between values, and a comma may follow the last one. */
static int read_items(struct toml_reader *reader, json_t *array)
{
    for (;;) {
        if (skip_lines(reader) < 0)
            return -1;
        if (scan_take(&reader->scan, "]"))
            return 0;
        json_t *value = read_toml_value(reader);
        if (!value)
            return -1;
        json_array_append_new(array, value);
        if (skip_lines(reader) < 0)
            return -1;
        if (scan_take(&reader->scan, "]"))
            return 0;
        if (!scan_take(&reader->scan, ","))
            return toml_expected(reader, "\",\" or \"]\" after a value of an array");
    }
}

/* After "{". All in one line, and no comma after the last member: TOML 1.1 would allow both. */
static int read_inline_members(struct toml_reader *reader, json_t *table)
{
    scan_skip_blanks(&reader->scan);
    if (scan_take(&reader->scan, "}"))
        return 0;
    for (;;) {
        scan_skip_blanks(&reader->scan);
        if (read_key_value(reader, table) < 0)
            return -1;
        scan_skip_blanks(&reader->scan);
        if (scan_take(&reader->scan, "}"))
            return 0;
        if (!scan_take(&reader->scan, ","))
            return toml_expected(reader, "\",\" or \"}\" after a value of an inline table");
    }
}

static json_t *read_container(struct toml_reader *reader)
{
    bool is_table = scan_peek(&reader->scan) == '{';
    unsigned outer = reader->section;

    if (reader->depth == reader->limits->depth) {
        toml_fault(reader, "nests deeper than %zu levels", reader->limits->depth);
        return NULL;
    }
    json_t *container = is_table ? json_object() : json_array();
    note_node(reader, container, NODE_VALUE);
    reader->depth++;
    reader->scan.at++;
    /* An inline table is a section of its own: its dotted keys extend only what it made itself. */
    if (is_table)
        reader->section = ++reader->sections;
    int result = (is_table ? read_inline_members : read_items)(reader, container);
    reader->section = outer;
    reader->depth--;
    if (result < 0)
        json_decref(container);
    return result < 0 ? NULL : container;
}

static json_t *read_toml_text(struct toml_reader *reader)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    return toml_read_string(reader, true, &text) < 0 ? NULL : json_stringn_nocheck(text.data, text.len);
}

static json_t *read_toml_value(struct toml_reader *reader)
{
    struct toml_reader start = *reader;
    int c = scan_peek(&reader->scan);

    if (count_value(reader) < 0)
        return NULL;
    if (c == '[' || c == '{')
        return read_container(reader);
    json_t *value = c == '"' || c == '\'' ? read_toml_text(reader) : toml_read_scalar(reader);
    if (value && !json_is_boolean(value))
        note_node(&start, value, NODE_VALUE);
    return value;
}

/* ---- the document ---- */

static int read_toml_document(struct toml_reader *reader)
{
    json_t *table = reader->toml->root;

    /* A byte order mark: editors on Windows write it. */
    scan_take(&reader->scan, "\xef\xbb\xbf");
    reader->line_start = reader->scan.at;
    while (skip_lines(reader) == 0) {
        int c = scan_peek(&reader->scan);
        if (c == SCAN_END)
            return 0;
        if (c == '[' && !(table = read_header(reader)))
            return -1;
        if (c != '[' && (read_key_value(reader, table) < 0 || read_line_end(reader, "a value") < 0))
            return -1;
    }
    return -1;
}

/* Finds the first line that is not UTF-8 by checking line by line, once the whole text is known to have
 * one. */
static int check_utf8(struct toml_reader *reader)
{
    const char *text = reader->scan.text;
    size_t len = reader->scan.len;
    size_t line_len;

    if (text_is_utf8(text, len))
        return 0;
    for (;; reader->line++, reader->scan.at += line_len + 1) {
        const char *line = text + reader->scan.at;
        const char *end = memchr(line, '\n', len - reader->scan.at);
        line_len = end ? (size_t)(end - line) : len - reader->scan.at;
        if (!end || !text_is_utf8(line, line_len))
            break;
    }
    reader->line_start = reader->scan.at;
    return toml_fault(reader, "this line is not valid UTF-8");
}

struct toml *toml_read(const char *text, size_t len, const struct toml_limits *limits,
                       struct toml_place *place, struct buf *error)
{
    struct toml *toml = xcalloc(1, sizeof(*toml));
    struct toml_reader reader = {
        .scan = {.text = text, .len = len},
        .line = 1,
        .limits = limits,
        .toml = toml,
        .place = place,
        .error = error,
    };

    toml->text = text;
    toml->root = json_object();
    if (len > limits->bytes)
        toml_fault(&reader, "has more than %zu bytes", limits->bytes);
    else if (check_utf8(&reader) == 0 && read_toml_document(&reader) == 0)
        return toml;
    toml_free(toml);
    return NULL;
}

const json_t *toml_root(const struct toml *toml)
{
    return toml->root;
}

void toml_free(struct toml *toml)
{
    struct toml_node *node;
    struct toml_node *next;

    if (!toml)
        return;
    HASH_ITER (hh, toml->nodes, node, next) {
        HASH_DEL(toml->nodes, node);
        free(node);
    }
    json_decref(toml->root);
    free(toml);
}

void toml_cleanup(struct toml **toml)
{
    toml_free(*toml);
}
