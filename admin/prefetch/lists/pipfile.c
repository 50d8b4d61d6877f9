/* Pipfile.lock: pipenv's JSON (github.com/pypa/pipfile, and the source of pipenv). Each member but "_meta"
 * is a category of packages by name. jansson keeps no lines, so a fault in valid JSON names the members
 * that lead to it instead. */
#include <string.h>

#include "admin/prefetch/lists/lock_file.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/python/marker.h"
#include "formats/python/project.h"

/* The place in the file, for faults, and what its package is added to. */
struct pipfile_entry {
    struct list_reader *reader;
    struct lock_file *lock;
    size_t number;
    const char *category;
    const char *name;
    const json_t *table;
};

static int entry_fault(const struct pipfile_entry *entry, const char *member, const char *sentence)
{
    struct buf CLEANUP_BUF path = BUF_INIT;

    list_add_quoted(entry->category, strlen(entry->category), &path);
    if (entry->name) {
        buf_add_char(&path, '.');
        list_add_quoted(entry->name, strlen(entry->name), &path);
    }
    if (member)
        buf_printf(&path, ".%s", member);
    return list_file_fault(entry->reader, "%s: %s", path.data, sentence);
}

static int pipfile_read_version(const struct pipfile_entry *entry, const char **out)
{
    const char *text = json_string_value(json_object_get(entry->table, "version"));
    struct version version;

    if (!text)
        return entry_fault(entry, "version", "expected a string such as \"==1.0\", found none");
    size_t skip = text_starts(text, "===") ? 3 : text_starts(text, "==") ? 2 : 0;
    if (!skip || version_parse(text + skip, strlen(text + skip), &version, NULL) < 0)
        return entry_fault(entry, "version",
                           "expected \"==\" and a version of PEP 440, found something else");
    /* PEP 440 allows spaces before a version; the copy has none. */
    while (text[skip] == ' ')
        skip++;
    *out = arena_strdup(&entry->reader->wants->arena, text + skip);
    return 0;
}

static int pipfile_read_hashes(const struct pipfile_entry *entry, struct list_package *package)
{
    const json_t *hashes = json_object_get(entry->table, "hashes");
    struct checksum *found;

    if (hashes && !json_is_array(hashes))
        return entry_fault(entry, "hashes", "expected an array, found something else");
    found = arena_alloc(&entry->reader->wants->arena, json_array_size(hashes) * sizeof(*found) + 1);
    for (size_t i = 0; i < json_array_size(hashes); i++) {
        const char *text = json_string_value(json_array_get(hashes, i));
        const char *colon = text ? strchr(text, ':') : NULL;
        int kind = colon ? hash_kind_by_name(text, (size_t)(colon - text)) : -1;
        if (!colon)
            return entry_fault(entry, "hashes",
                               "expected strings of a kind, \":\" and hex digits, found something else");
        if (kind < 0) /* not a fault: the file may have hashes of other kinds */
            continue;
        if (checksum_parse((enum hash_kind)kind, colon + 1, strlen(colon + 1), &found[package->hash_count]) <
            0)
            return entry_fault(entry, "hashes",
                               "expected all hex digits of each hash, found another number of them");
        package->hash_count++;
    }
    package->hashes = found;
    return 0;
}

static int pipfile_read_marker(const struct pipfile_entry *entry, struct lock_file_markers *out)
{
    const json_t *value = json_object_get(entry->table, "markers");
    const char *text = json_string_value(value);
    struct buf CLEANUP_BUF fault = BUF_INIT;

    if (value && !text)
        return entry_fault(entry, "markers", "expected a string, found something else");
    if (!text || !*text)
        return 0;
    struct marker CLEANUP_MARKER *marker = marker_parse(text, strlen(text), &fault);
    if (!marker)
        return entry_fault(entry, "markers", fault.data);
    /* Parsed only as a check: select.c evaluates the text for each target. */
    lock_file_markers_add(entry->reader->wants, out, lock_file_intern(entry->reader->wants, text));
    return 0;
}

static int pipfile_read_entry(const struct pipfile_entry *entry)
{
    static const char *const elsewhere[] = {"git", "hg", "svn", "bzr", "path", "file"};
    struct wants *wants = entry->reader->wants;
    struct lock_file_node node = {.package = LOCK_NO_PACKAGE};
    struct list_package package = {.lock = entry->number,
                                   .origin = arena_strdup(&wants->arena, entry->reader->path)};
    struct buf CLEANUP_BUF project = BUF_INIT;

    if (!project_name_valid(entry->name, strlen(entry->name)))
        return entry_fault(entry, NULL, "expected the name of a project, found something else");
    if (!json_is_object(entry->table))
        return entry_fault(entry, NULL, "expected an object, found something else");
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
        struct buf CLEANUP_BUF category = BUF_INIT;
        if (!json_object_get(entry->table, elsewhere[i]))
            continue;
        list_add_quoted(entry->category, strlen(entry->category), &category);
        list_note(entry->reader, 0, "skipped %s.%s, which comes from \"%s\", not from an index",
                  category.data, entry->name, elsewhere[i]);
        return 0;
    }
    if (pipfile_read_version(entry, &package.version) < 0 || pipfile_read_hashes(entry, &package) < 0 ||
        pipfile_read_marker(entry, &node.markers) < 0)
        return -1;
    project_normalize(entry->name, strlen(entry->name), &project);
    package.project = node.project = arena_strdup(&wants->arena, project.data);
    if (list_add_package(entry->reader, 0, &package) < 0)
        return -1;
    node.package = wants->package_count - 1;
    *lock_file_add_node(entry->lock, node.project) = node;
    return 0;
}

static void pipfile_read_category(struct pipfile_entry *entry, json_t *category)
{
    json_t *table;

    entry->name = NULL;
    if (!json_is_object(category)) {
        (void)entry_fault(entry, NULL, "expected an object of packages, found something else");
        return;
    }
    json_object_foreach(category, entry->name, table)
    {
        if (entry->reader->stopped)
            return;
        entry->table = table;
        (void)pipfile_read_entry(entry); /* its fault is reported, the others may be good */
    }
}

static json_t *pipfile_read_json(struct list_reader *reader, const char *text, size_t len)
{
    static const struct json_limits limits = {LIST_MAX_NESTING, LIST_MAX_VALUES / 4, LIST_MAX_VALUES};
    struct buf CLEANUP_BUF fault = BUF_INIT;
    json_error_t error;

    if (json_check_limits(text, len, &limits, &fault) < 0) {
        list_fault(reader, 1, 1, "expected a Pipfile.lock of a usual size, found one that %s", fault.data);
        return NULL;
    }
    /* A package that is there twice could mean either version. */
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        /* jansson's sentence ends in a piece of the text, which is left out. */
        const char *near = strstr(error.text, " near ");
        struct buf CLEANUP_BUF what = BUF_INIT;
        list_add_quoted(error.text, near ? (size_t)(near - error.text) : strlen(error.text), &what);
        list_fault(reader, (size_t)error.line, error.column > 0 ? (size_t)error.column : 1,
                   "expected JSON, found an error: %s", what.data);
    }
    return root;
}

int list_read_pipfile_lock(struct list_reader *reader, const char *text, size_t len)
{
    struct pipfile_entry entry = {.reader = reader};
    json_t *category;

    if (list_check_utf8(reader, &text, &len) < 0)
        return -1;
    json_t *CLEANUP_JSON root = pipfile_read_json(reader, text, len);
    if (!root)
        return -1;
    if (!json_is_object(root) || !json_is_object(json_object_get(root, "default")))
        return list_fault(reader, 1, 1,
                          "expected an object with \"default\", as Pipfile.lock has it, found none");
    /* Without roots: all packages of all categories are wanted whose markers hold. */
    entry.lock = lock_file_new(reader, &entry.number);
    json_object_foreach(root, entry.category,
                        category) if (strcmp(entry.category, "_meta") != 0 && !reader->stopped)
        pipfile_read_category(&entry, category);
    return 0;
}
