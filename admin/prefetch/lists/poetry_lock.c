/* poetry.lock as poetry 1 and 2 write it (poetry's own src/poetry/packages/locker.py).
 *
 * Which packages the project itself wants stands in pyproject.toml and not here. Since lock-version 2.1 each package
 * says when it is needed; of older files all packages are. */
#include <string.h>

#include "admin/prefetch/lists/lock_file.h"
#include "base/text.h"
#include "formats/python/wheel_tag.h"

/* ---- markers ---- */

/* A table has them by group: any group's may apply, and a group without one always does. */
static int read_markers(struct lock_reader *lock, const json_t *table, struct lock_node *node)
{
    const json_t *markers = json_object_get(table, "markers");
    const json_t *groups = json_object_get(table, "groups");
    struct lock_markers found = {NULL, 0};
    const char *group;
    json_t *value;

    if (!json_is_object(markers))
        return lock_markers_member(lock, table, "markers", &node->markers);
    json_object_foreach((json_t *)markers, group, value)
    {
        const struct lock_marker *marker;
        if (lock_marker_member(lock, markers, group, &marker) < 0)
            return -1;
        if (!marker)
            return 0;
        lock_markers_add(lock->reader->wants, &found, marker);
    }
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *name = json_string_value(json_array_get(groups, i));
        if (name && !json_object_get(markers, name))
            return 0;
    }
    node->markers = found;
    return 0;
}

/* Poetry has more operators than PEP 440; what is written with those excludes no Python here. */
static int read_python(struct lock_reader *lock, const json_t *table, const char **out)
{
    const char *text;

    if (lock_text(lock, table, "python-versions", &text) < 0)
        return -1;
    *out = text ? arena_strdup(&lock->reader->wants->arena, text) : NULL;
    return 0;
}

/* ---- files ---- */

static int read_file(struct lock_reader *lock, const json_t *table, const char *url, struct list_file *out)
{
    struct checksum *hash = arena_alloc(&lock->reader->wants->arena, sizeof(*hash));
    const char *name;

    *out = (struct list_file){.filename = "", .hashes = hash, .size_bytes = -1, .url = url};
    if (lock_text(lock, table, "file", &name) < 0)
        return -1;
    if (!name)
        return lock_expected(lock, table, NULL, "the name of a file as file");
    int hashed = lock_hash(lock, table, json_object_get(table, "hash"), hash);
    out->hash_count = hashed > 0;
    return hashed < 0 ? -1 : lock_filename(lock, table, name, &out->filename);
}

/* Old files have those of all versions of a project in one array. */
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

static int read_files(struct lock_reader *lock, const json_t *array, const char *url, bool shared,
                      struct list_package *package)
{
    size_t count = json_array_size(array);
    struct list_file *files = arena_alloc(&lock->reader->wants->arena, count * sizeof(*files) + 1);
    const json_t *item;

    for (size_t i = 0; i < count; i++) {
        struct list_file *file = &files[package->file_count];
        if (lock_item(lock, array, i, &item) < 0 || read_file(lock, item, url, file) < 0)
            return -1;
        package->file_count += !shared || !package->version || of_version(file->filename, package->version);
    }
    package->files = files;
    return 0;
}

/* The package's own array, or that of [metadata.files]. */
static int find_files(struct lock_reader *lock, const json_t *table, const json_t **out, bool *shared)
{
    const json_t *metadata = json_object_get(toml_root(lock->toml), "metadata");
    const json_t *files = json_object_get(metadata, "files");
    const char *name = json_string_value(json_object_get(table, "name"));

    if (lock_array(lock, table, "files", out) < 0)
        return -1;
    *shared = !*out;
    return *out || !files ? 0 : lock_array(lock, files, name, out);
}

/* ---- packages ---- */

static int add_package(struct lock_reader *lock, const json_t *table, struct lock_node *node)
{
    struct list_package package = {.project = node->project, .version = node->version};
    const json_t *source;
    const json_t *files;
    const char *type;
    const char *url;
    bool shared;

    if (lock_table(lock, table, "source", &source) < 0 || lock_text(lock, source, "type", &type) < 0 ||
        lock_text(lock, source, "url", &url) < 0)
        return -1;
    if (type && strcmp(type, "legacy") != 0 && strcmp(type, "url") != 0) {
        struct buf CLEANUP_BUF shown = BUF_INIT;
        list_add_quoted(type, strlen(type), &shown);
        list_note(lock->reader, lock_line(lock, table),
                  "skipped %s, which comes from a source of type \"%s\" and no "
                  "index",
                  node->project, shown.data);
        return 0;
    }
    bool by_url = type && strcmp(type, "url") == 0 && url;
    url = by_url ? arena_strdup(&lock->reader->wants->arena, url) : NULL;
    if (find_files(lock, table, &files, &shared) < 0 || read_files(lock, files, url, shared, &package) < 0 ||
        lock_add_package(lock, table, node, &package) < 0)
        return -1;
    *lock_add_node(lock->lock, node->project) = *node;
    return 0;
}

static int read_package(struct lock_reader *lock, const json_t *table)
{
    struct lock_node node = {.package = LOCK_NO_PACKAGE};

    if (lock_project(lock, table, "name", &node.project) < 0 || lock_version(lock, table, &node.version) < 0)
        return -1;
    if (!node.version)
        return lock_expected(lock, table, NULL, "a version of PEP 440");
    if (read_markers(lock, table, &node) < 0 || read_python(lock, table, &node.python) < 0)
        return -1;
    return add_package(lock, table, &node);
}

static int read_root(struct lock_reader *lock, const json_t *root)
{
    const json_t *metadata = json_object_get(root, "metadata");
    const json_t *version = json_object_get(metadata, "lock-version");
    const char *text = json_string_value(version);
    const json_t *packages;
    const json_t *package;

    if (!json_is_object(metadata))
        return lock_expected(lock, root, metadata, "a table [metadata], as poetry.lock has it");
    if (!text || (!text_starts(text, "1.") && !text_starts(text, "2.")))
        return lock_expected(lock, metadata, version, "a lock-version of 1 or 2");
    if (lock_array(lock, root, "package", &packages) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(packages) && !lock->reader->stopped; i++)
        if (lock_item(lock, packages, i, &package) == 0)
            (void)read_package(lock, package);
    return 0;
}

int list_read_poetry_lock(struct list_reader *reader, const char *text, size_t len)
{
    return lock_read_toml(reader, text, len, read_root);
}
