/* pylock.toml: PEP 751. */
#include <string.h>

#include "admin/prefetch/lists/lock_file.h"
#include "base/text.h"

static int read_hashes(struct lock_reader *lock, const json_t *table, struct list_file *file)
{
    const json_t *hashes = json_object_get(table, "hashes");
    struct checksum *found;
    const char *name;
    json_t *value;

    if (!json_is_object(hashes) || !json_object_size(hashes))
        return lock_expected(lock, table, hashes, "a table of at least one hash as hashes");
    found = arena_alloc(&lock->reader->wants->arena, json_object_size(hashes) * sizeof(*found));
    json_object_foreach((json_t *)hashes, name, value)
    {
        const char *hex = json_string_value(value);
        int kind = hash_kind_by_name(name, strlen(name));
        if (!hex)
            return lock_expected(lock, hashes, value, "hex digits as a string");
        if (kind < 0)
            continue;
        if (checksum_parse((enum hash_kind)kind, hex, strlen(hex), &found[file->hash_count]) < 0)
            return lock_expected(lock, hashes, value, "all hex digits of a %s",
                                 hash_kind_name((enum hash_kind)kind));
        file->hash_count++;
    }
    file->hashes = found;
    return 0;
}

/* A wheel, an sdist or an archive: the tables are alike. */
static int read_file(struct lock_reader *lock, const json_t *table, struct list_file *out)
{
    const char *name;
    const char *path;

    *out = (struct list_file){.size_bytes = -1};
    if (lock_text(lock, table, "name", &name) < 0 || lock_text(lock, table, "url", &out->url) < 0 ||
        lock_text(lock, table, "path", &path) < 0 || lock_size(lock, table, &out->size_bytes) < 0)
        return -1;
    const char *named = name ? name : out->url ? out->url : path;
    if (!out->url && !path)
        return lock_expected(lock, table, NULL, "url or path of a file");
    out->url = out->url ? arena_strdup(&lock->reader->wants->arena, out->url) : NULL;
    return lock_filename(lock, table, named, &out->filename) < 0 ? -1 : read_hashes(lock, table, out);
}

static int read_files(struct lock_reader *lock, const json_t *table, struct list_package *package)
{
    static const char *const singles[] = {"sdist", "archive"};
    const json_t *wheels;
    const json_t *item;

    if (lock_array(lock, table, "wheels", &wheels) < 0)
        return -1;
    size_t count = json_array_size(wheels);
    struct list_file *files = arena_alloc(&lock->reader->wants->arena, (count + 2) * sizeof(*files));
    for (size_t i = 0; i < count; i++)
        if (lock_item(lock, wheels, i, &item) < 0 || read_file(lock, item, &files[i]) < 0)
            return -1;
    for (size_t i = 0; i < 2; i++) {
        if (lock_table(lock, table, singles[i], &item) < 0 ||
            (item && read_file(lock, item, &files[count++]) < 0))
            return -1;
    }
    package->files = files;
    package->file_count = count;
    return 0;
}

/* What is built from a place that no index has: "vcs", "directory", an archive on the disk; NULL: none of that. */
static const char *source_elsewhere(const json_t *table)
{
    const json_t *archive = json_object_get(table, "archive");

    if (json_object_get(table, "vcs"))
        return "a repository";
    if (json_object_get(table, "directory"))
        return "a directory";
    return json_is_object(archive) && !json_object_get(archive, "url") && json_object_get(archive, "path")
               ? "an archive on the disk"
               : NULL;
}

static int read_package(struct lock_reader *lock, const json_t *table)
{
    struct list_package package = {.project = NULL};
    struct lock_node node = {.package = LOCK_NO_PACKAGE};
    const char *python;

    /* That it is for another Python is no reason to leave it out: then installing it would fail, and so says the
     * one who chooses its files. */
    if (lock_project(lock, table, "name", &node.project) < 0 ||
        lock_version(lock, table, &node.version) < 0 ||
        lock_markers_member(lock, table, "marker", &node.markers) < 0 ||
        lock_python_member(lock, table, "requires-python", &python) < 0)
        return -1;
    const char *elsewhere = source_elsewhere(table);
    if (elsewhere) {
        list_note(lock->reader, lock_line(lock, table), "skipped %s, which comes from %s and no index",
                  node.project, elsewhere);
        return 0;
    }
    package.project = node.project;
    package.version = node.version;
    if (read_files(lock, table, &package) < 0)
        return -1;
    if (!package.file_count)
        return lock_expected(lock, table, NULL, "wheels, sdist, archive, vcs or directory of a package");
    if (lock_add_package(lock, table, &node, &package) < 0)
        return -1;
    *lock_add_node(lock->lock, node.project) = node;
    return 0;
}

static int check_version(struct lock_reader *lock, const json_t *root)
{
    const json_t *value = json_object_get(root, "lock-version");
    const char *text = json_string_value(value);

    if (!text || (strcmp(text, "1") != 0 && !text_starts(text, "1.")))
        return lock_expected(lock, root, value, "lock-version = \"1.0\"");
    if (strcmp(text, "1.0") != 0)
        list_note(lock->reader, lock_line(lock, value),
                  "this file has a newer lock-version than 1.0; what is new in it "
                  "was not read");
    return 0;
}

static int read_root(struct lock_reader *lock, const json_t *root)
{
    const json_t *packages;
    const json_t *package;

    if (check_version(lock, root) < 0)
        return -1;
    if (lock_array(lock, root, "packages", &packages) < 0)
        return -1;
    if (!packages)
        return lock_expected(lock, root, NULL, "an array as packages");
    /* A fault in these is none of the packages. */
    (void)lock_python_member(lock, root, "requires-python", &lock->lock->python);
    (void)lock_markers_member(lock, root, "environments", &lock->lock->platforms);
    for (size_t i = 0; i < json_array_size(packages) && !lock->reader->stopped; i++)
        if (lock_item(lock, packages, i, &package) == 0)
            (void)read_package(lock, package);
    return 0;
}

int list_read_pylock(struct list_reader *reader, const char *text, size_t len)
{
    return lock_read_toml(reader, text, len, read_root);
}
