/* poetry.lock as Poetry 1 and 2 write it (src/poetry/packages/locker.py).
 *
 * The file does not say which packages the project itself requires: only pyproject.toml does. Since
 * lock-version 2.1 each package has markers that say when it is needed; of older files all packages are
 * taken. */
#include <string.h>

#include "admin/prefetch/lists/lock_file.h"
#include "base/text.h"
#include "formats/python/wheel_tag.h"

/* ---- markers ---- */

/* A table has markers by group: one of them must hold, and a group without a marker always holds. */
static int poetry_read_markers(struct lock_file_reader *reader, const json_t *table,
                               struct lock_file_node *node)
{
    const json_t *markers = json_object_get(table, "markers");
    const json_t *groups = json_object_get(table, "groups");
    struct lock_file_markers found = {NULL, 0};
    const char *group;
    json_t *value;

    if (!json_is_object(markers))
        return lock_file_markers_member(reader, table, "markers", &node->markers);
    json_object_foreach((json_t *)markers, group, value)
    {
        const struct lock_file_marker *marker;
        if (lock_file_marker_member(reader, markers, group, &marker) < 0)
            return -1;
        if (!marker)
            return 0;
        lock_file_markers_add(reader->list->wants, &found, marker);
    }
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *name = json_string_value(json_array_get(groups, i));
        if (name && !json_object_get(markers, name))
            return 0;
    }
    node->markers = found;
    return 0;
}

/* ---- files ---- */

static int poetry_read_file(struct lock_file_reader *reader, const json_t *table, const char *url,
                            struct list_file *out)
{
    struct checksum *hash = arena_alloc(&reader->list->wants->arena, sizeof(*hash));
    const char *name;

    *out = (struct list_file){.filename = "", .hashes = hash, .size_bytes = -1, .url = url};
    if (lock_file_text(reader, table, "file", &name) < 0)
        return -1;
    if (!name)
        return lock_file_expected(reader, table, NULL, "the name of a file as file");
    int hashed = lock_file_hash(reader, table, json_object_get(table, "hash"), hash);
    out->hash_count = hashed > 0;
    return hashed < 0 ? -1 : lock_file_filename(reader, table, name, &out->filename);
}

/* Poetry 1.0 to 1.2 lists the files of all versions of a project in one array. */
static bool of_version(const char *filename, const char *version)
{
    struct wheel_name wheel;
    struct version wanted;

    if (!filename_is_wheel(filename))
        return strstr(filename, version);
    if (version_parse(version, strlen(version), &wanted, NULL) < 0 ||
        wheel_name_parse(filename, &wheel, NULL) < 0)
        return true;
    return version_compare(&wheel.version, &wanted, VERSION_WHOLE) == 0;
}

static int poetry_read_files(struct lock_file_reader *reader, const json_t *array, const char *url,
                             bool shared, struct list_package *package)
{
    size_t count = json_array_size(array);
    struct list_file *files = arena_alloc(&reader->list->wants->arena, count * sizeof(*files) + 1);
    const json_t *item;

    for (size_t i = 0; i < count; i++) {
        struct list_file *file = &files[package->file_count];
        if (lock_file_item(reader, array, i, &item) < 0 || poetry_read_file(reader, item, url, file) < 0)
            return -1;
        package->file_count += !shared || !package->version || of_version(file->filename, package->version);
    }
    package->files = files;
    return 0;
}

/* ---- packages ---- */

static int poetry_read_package(struct lock_file_reader *reader, const json_t *table)
{
    struct lock_file_node node = {.package = LOCK_NO_PACKAGE};
    struct arena *arena = &reader->list->wants->arena;
    const json_t *metadata = json_object_get(toml_root(reader->toml), "metadata");
    const json_t *shared = json_object_get(metadata, "files");
    const json_t *source;
    const json_t *files;
    const char *python;
    const char *type;
    const char *url;

    if (lock_file_project(reader, table, "name", &node.project) < 0 ||
        lock_file_version(reader, table, &node.version) < 0)
        return -1;
    if (!node.version)
        return lock_file_expected(reader, table, NULL, "a version of PEP 440");
    if (poetry_read_markers(reader, table, &node) < 0 ||
        lock_file_text(reader, table, "python-versions", &python) < 0)
        return -1;
    /* Kept as text: Poetry has operators that PEP 440 lacks ("^3.9"), and lock_file_python_fits() lets those
     * pass. */
    node.python = python ? arena_strdup(arena, python) : NULL;
    if (lock_file_table(reader, table, "source", &source) < 0 ||
        lock_file_text(reader, source, "type", &type) < 0 || lock_file_text(reader, source, "url", &url) < 0)
        return -1;
    bool by_url = type && strcmp(type, "url") == 0;
    if (type && strcmp(type, "legacy") != 0 && !by_url) {
        struct buf CLEANUP_BUF shown = BUF_INIT;
        list_add_quoted(type, strlen(type), &shown);
        list_note(reader->list, lock_file_line(reader, table),
                  "skipped %s, which comes from a source of type \"%s\", not from an index", node.project,
                  shown.data);
        return 0;
    }
    /* A "legacy" source is an index other than the default one: its URL is not that of a file. */
    url = by_url && url ? arena_strdup(arena, url) : NULL;
    struct list_package package = {.project = node.project, .version = node.version};
    if (lock_file_array(reader, table, "files", &files) < 0)
        return -1;
    /* Poetry 1.0 to 1.2 has them in [metadata.files] instead, by the name as the package has it. */
    const char *name = json_string_value(json_object_get(table, "name"));
    bool own = files;
    if ((!own && shared && lock_file_array(reader, shared, name, &files) < 0) ||
        poetry_read_files(reader, files, url, !own, &package) < 0 ||
        lock_file_add_package(reader, table, &node, &package) < 0)
        return -1;
    *lock_file_add_node(reader->lock_file, node.project) = node;
    return 0;
}

static int poetry_read_root(struct lock_file_reader *reader, const json_t *root)
{
    const json_t *metadata = json_object_get(root, "metadata");
    const json_t *version = json_object_get(metadata, "lock-version");
    const char *text = json_string_value(version);
    const json_t *packages;
    const json_t *package;

    if (!json_is_object(metadata))
        return lock_file_expected(reader, root, metadata, "a table [metadata], as poetry.lock has it");
    if (!text || (!text_starts(text, "1.") && !text_starts(text, "2.")))
        return lock_file_expected(reader, metadata, version, "a lock-version of 1 or 2");
    if (lock_file_array(reader, root, "package", &packages) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(packages) && !reader->list->stopped; i++)
        if (lock_file_item(reader, packages, i, &package) == 0)
            (void)poetry_read_package(reader, package);
    return 0;
}

int list_read_poetry_lock(struct list_reader *reader, const char *text, size_t len)
{
    return lock_file_read_toml(reader, text, len, poetry_read_root);
}
