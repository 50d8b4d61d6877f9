/* Members of TOML tables with their faults, and the nodes, markers, hashes and files of lock files. */
#include "admin/prefetch/lists/lock_file.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/python/marker.h"
#include "formats/python/project.h"

/* ---- locks ---- */

void list_locks_free(struct list_locks *locks)
{
    struct lock_file_marker *marker;
    struct lock_file_marker *next;

    if (!locks)
        return;
    HASH_ITER (hh, locks->markers, marker, next) {
        HASH_DEL(locks->markers, marker);
        free(marker);
    }
    for (size_t i = 0; i < locks->count; i++) {
        free(locks->items[i]->nodes);
        free(locks->items[i]);
    }
    free(locks->items); /* strings, groups and edges are in the arena of wants */
    free(locks);
}

static struct list_locks *locks_of(struct wants *wants)
{
    if (!wants->locks)
        wants->locks = xcalloc(1, sizeof(struct list_locks));
    return wants->locks;
}

struct lock_file *lock_file_new(struct list_reader *reader, size_t *number)
{
    struct list_locks *locks = locks_of(reader->wants);
    struct lock_file *lock = xcalloc(1, sizeof(*lock));

    lock->path = arena_strdup(&reader->wants->arena, reader->path);
    *number = locks->count;
    LIST_GROW(locks->items, locks->count);
    locks->items[locks->count++] = lock;
    return lock;
}

struct lock_file_node *lock_file_add_node(struct lock_file *lock, const char *project)
{
    LIST_GROW(lock->nodes, lock->node_count);
    struct lock_file_node *node = &lock->nodes[lock->node_count++];

    *node = (struct lock_file_node){.package = LOCK_NO_PACKAGE, .project = project};
    return node;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct lock_file_node *first = a;
    const struct lock_file_node *second = b;

    return strcmp(first->project, second->project);
}

int lock_file_read_toml(struct list_reader *reader, const char *text, size_t len,
                        int (*read)(struct lock_file_reader *reader, const json_t *root))
{
    static const struct toml_limits limits = {
        .bytes = LIST_MAX_BYTES, .depth = LIST_MAX_NESTING, .values = LIST_MAX_VALUES};
    struct buf CLEANUP_BUF fault = BUF_INIT;
    struct toml_place place = {1, 1};
    struct toml CLEANUP_TOML *toml = toml_read(text, len, &limits, &place, &fault);
    struct lock_file_reader reading = {.list = reader, .toml = toml};

    if (!toml)
        return list_fault(reader, place.line, place.column, "%s", fault.data);
    struct lock_file *lock = reading.lock_file = lock_file_new(reader, &reading.number);
    int result = read(&reading, toml_root(toml));
    /* select.c looks for projects by bisection. */
    if (lock->node_count)
        qsort(lock->nodes, lock->node_count, sizeof(*lock->nodes), compare_nodes);
    return result;
}

/* ---- faults ---- */

/* jansson has one object for all that is true and one for all that is false, so these have no place of
 * their own. */
static struct toml_place value_place(const struct lock_file_reader *reader, const json_t *holder,
                                     const json_t *value)
{
    return toml_place_of(reader->toml, value && !json_is_boolean(value) ? value : holder);
}

size_t lock_file_line(const struct lock_file_reader *reader, const json_t *value)
{
    return toml_place_of(reader->toml, value).line;
}

int lock_file_expected(struct lock_file_reader *reader, const json_t *holder, const json_t *value,
                       const char *format, ...)
{
    struct toml_place place = value_place(reader, holder, value);
    struct buf CLEANUP_BUF sentence = BUF_INIT;
    va_list args;

    buf_add_text(&sentence, "expected ");
    va_start(args, format);
    buf_vprintf(&sentence, format, args);
    va_end(args);
    buf_add_text(&sentence, ", found ");
    if (json_is_string(value)) {
        buf_add_char(&sentence, '"');
        list_add_quoted(json_string_value(value), json_string_length(value), &sentence);
        buf_add_char(&sentence, '"');
    } else if (json_is_integer(value)) {
        buf_printf(&sentence, "%lld", (long long)json_integer_value(value));
    } else {
        buf_add_text(&sentence, !value                   ? "nothing"
                                : json_is_array(value)   ? "an array"
                                : json_is_object(value)  ? "a table"
                                : json_is_boolean(value) ? "true or false"
                                                         : "a number");
    }
    return list_fault(reader->list, place.line, place.column, "%s", sentence.data);
}

/* ---- members ---- */

int lock_file_text(struct lock_file_reader *reader, const json_t *table, const char *key, const char **out)
{
    const json_t *value = json_object_get(table, key);

    *out = json_string_value(value);
    if (value && !*out)
        return lock_file_expected(reader, table, value, "a string as %s", key);
    return 0;
}

int lock_file_array(struct lock_file_reader *reader, const json_t *table, const char *key, const json_t **out)
{
    *out = json_object_get(table, key);
    return *out && !json_is_array(*out) ? lock_file_expected(reader, table, *out, "an array as %s", key) : 0;
}

int lock_file_table(struct lock_file_reader *reader, const json_t *table, const char *key, const json_t **out)
{
    *out = json_object_get(table, key);
    return *out && !json_is_object(*out) ? lock_file_expected(reader, table, *out, "a table as %s", key) : 0;
}

int lock_file_item(struct lock_file_reader *reader, const json_t *array, size_t i, const json_t **out)
{
    *out = json_array_get(array, i);
    return json_is_object(*out) ? 0 : lock_file_expected(reader, array, *out, "a table in this array");
}

int lock_file_project(struct lock_file_reader *reader, const json_t *table, const char *key, const char **out)
{
    const json_t *value = json_object_get(table, key);
    const char *name = json_string_value(value);
    struct buf CLEANUP_BUF project = BUF_INIT;

    if (!name || !project_name_valid(name, strlen(name)))
        return lock_file_expected(reader, table, value, "the name of a project as %s", key);
    project_normalize(name, strlen(name), &project);
    *out = arena_strdup(&reader->list->wants->arena, project.data);
    return 0;
}

int lock_file_version(struct lock_file_reader *reader, const json_t *table, const char **out)
{
    const json_t *value = json_object_get(table, "version");
    const char *text = json_string_value(value);
    struct version version;

    *out = NULL;
    if (!value)
        return 0;
    if (!text || version_parse(text, strlen(text), &version, NULL) < 0)
        return lock_file_expected(reader, table, value, "a version of PEP 440");
    *out = arena_strdup(&reader->list->wants->arena, text);
    return 0;
}

/* ---- markers ---- */

const struct lock_file_marker *lock_file_intern(struct wants *wants, const char *text)
{
    struct list_locks *locks = locks_of(wants);
    struct lock_file_marker *marker;
    size_t len = strlen(text);

    HASH_FIND(hh, locks->markers, text, len, marker);
    if (marker)
        return marker;
    marker = xcalloc(1, sizeof(*marker));
    marker->text = arena_strndup(&wants->arena, text, len);
    marker->number = locks->marker_count++;
    HASH_ADD_KEYPTR(hh, locks->markers, marker->text, len, marker); /* by the copy, which stays */
    return marker;
}

void lock_file_markers_add(struct wants *wants, struct lock_file_markers *markers,
                           const struct lock_file_marker *marker)
{
    size_t count = markers->count;

    if (!(count & (count - 1))) {
        const struct lock_file_marker **items =
            arena_alloc(&wants->arena, (count ? 2 * count : 1) * sizeof(*items));
        if (count) /* the old array stays in the arena: at most as much again */
            memcpy(items, markers->items, count * sizeof(*items));
        markers->items = items;
    }
    markers->items[markers->count++] = marker;
}

/* 0 with the marker, or with NULL for an empty one, which always holds; -1 with a fault. */
static int lock_file_marker_read(struct lock_file_reader *reader, const json_t *holder, const json_t *value,
                                 const struct lock_file_marker **out)
{
    struct list_locks *locks = locks_of(reader->list->wants);
    const char *text = json_string_value(value);
    struct buf CLEANUP_BUF fault = BUF_INIT;
    struct lock_file_marker *known;
    size_t column = 1;

    *out = NULL;
    if (!text)
        return lock_file_expected(reader, holder, value, "a marker as a string");
    if (!*text)
        return 0;
    /* One that is known was parsed before, when it was added. */
    HASH_FIND(hh, locks->markers, text, strlen(text), known);
    struct marker CLEANUP_MARKER *marker = known ? NULL : marker_parse(text, strlen(text), &fault);
    if (!known && !marker) {
        struct toml_place place = value_place(reader, holder, value);
        const char *sentence = list_split_column(fault.data, &column);
        return list_fault(reader->list, place.line, place.column, "in character %zu of this marker: %s",
                          column, sentence);
    }
    *out = known ? known : lock_file_intern(reader->list->wants, text);
    return 0;
}

int lock_file_marker_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                            const struct lock_file_marker **out)
{
    const json_t *value = json_object_get(table, key);

    *out = NULL;
    return value ? lock_file_marker_read(reader, table, value, out) : 0;
}

int lock_file_markers_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                             struct lock_file_markers *out)
{
    const json_t *value = json_object_get(table, key);
    bool array = json_is_array(value);
    bool always = false;

    *out = (struct lock_file_markers){NULL, 0};
    for (size_t i = 0; value && i < (array ? json_array_size(value) : 1); i++) {
        const struct lock_file_marker *marker;
        if (lock_file_marker_read(reader, array ? value : table, array ? json_array_get(value, i) : value,
                                  &marker) < 0)
            return -1;
        always |= !marker;
        if (marker)
            lock_file_markers_add(reader->list->wants, out, marker);
    }
    if (always) /* one that always holds makes the others irrelevant, and none means always */
        out->count = 0;
    return 0;
}

int lock_file_python_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                            const char **out)
{
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;
    const char *text;

    *out = NULL;
    if (lock_file_text(reader, table, key, &text) < 0)
        return -1;
    if (!text)
        return 0;
    /* Parsed only as a check: select.c parses it again for the target, which is not known yet. */
    if (specifier_set_parse(text, strlen(text), &set, NULL) < 0)
        return lock_file_expected(reader, table, json_object_get(table, key),
                                  "versions of Python such as \">=3.9\"");
    *out = arena_strdup(&reader->list->wants->arena, text);
    return 0;
}

/* ---- files ---- */

int lock_file_hash(struct lock_file_reader *reader, const json_t *holder, const json_t *value,
                   struct checksum *out)
{
    const char *text = json_string_value(value);
    const char *colon = text ? strchr(text, ':') : NULL;

    if (!colon || colon == text)
        return lock_file_expected(reader, holder, value, "a hash such as \"sha256:\" and its hex digits");
    /* A kind that we do not know may be that of a newer tool: the file may have other hashes. */
    int kind = hash_kind_by_name(text, (size_t)(colon - text));
    if (kind < 0)
        return 0;
    if (checksum_parse((enum hash_kind)kind, colon + 1, strlen(colon + 1), out) < 0)
        return lock_file_expected(reader, holder, value, "all hex digits of a hash of that kind");
    return 1;
}

int lock_file_size(struct lock_file_reader *reader, const json_t *table, int64_t *out)
{
    const json_t *value = json_object_get(table, "size");

    *out = -1;
    if (!value)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return lock_file_expected(reader, table, value, "a number of bytes as size");
    *out = json_integer_value(value);
    return 0;
}

int lock_file_filename(struct lock_file_reader *reader, const json_t *holder, const char *url,
                       const char **out)
{
    struct buf CLEANUP_BUF name = BUF_INIT;
    bool is_url = strstr(url, "://");
    /* A path may come from Windows; in a URL a backslash is a character like any other. */
    size_t len = is_url ? strcspn(url, "?#") : strlen(url);
    size_t start = len;

    while (start && url[start - 1] != '/' && (is_url || url[start - 1] != '\\'))
        start--;
    if (is_url && text_percent_decode(url + start, len - start, &name) < 0)
        buf_reset(&name);
    if (!is_url)
        buf_add(&name, url + start, len - start);
    if (!filename_valid(name.data, name.len)) {
        struct toml_place place = toml_place_of(reader->toml, holder);
        return list_fault(reader->list, place.line, place.column,
                          "expected the name of a file after the last \"/\" of its URL or path, found none");
    }
    *out = arena_strndup(&reader->list->wants->arena, name.data, name.len);
    return 0;
}

int lock_file_add_package(struct lock_file_reader *reader, const json_t *table, struct lock_file_node *node,
                          const struct list_package *package)
{
    struct list_package added = *package;
    size_t line = lock_file_line(reader, table);

    added.origin = list_origin(reader->list, line);
    added.lock = reader->number;
    if (list_add_package(reader->list, line, &added) < 0)
        return -1;
    node->package = reader->list->wants->package_count - 1;
    return 0;
}
