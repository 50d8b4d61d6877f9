/* pylock.toml: PEP 751. Packages without a file that an index could have (vcs, directory, a local archive)
 * are skipped with a note. */
#include <string.h>

#include "admin/prefetch/lists/lock_file.h"
#include "base/text.h"

static int pylock_read_hashes(struct lock_file_reader *reader, const json_t *table, struct list_file *file)
{
    const json_t *hashes = json_object_get(table, "hashes");
    struct checksum *found;
    const char *name;
    json_t *value;

    if (!json_is_object(hashes) || !json_object_size(hashes))
        return lock_file_expected(reader, table, hashes, "a table of at least one hash as hashes");
    found = arena_alloc(&reader->list->wants->arena, json_object_size(hashes) * sizeof(*found));
    json_object_foreach((json_t *)hashes, name, value)
    {
        const char *hex = json_string_value(value);
        int kind = hash_kind_by_name(name, strlen(name));
        if (!hex)
            return lock_file_expected(reader, hashes, value, "hex digits as a string");
        if (kind < 0) /* one of a newer tool: another hash of the file may be known */
            continue;
        if (checksum_parse((enum hash_kind)kind, hex, strlen(hex), &found[file->hash_count]) < 0)
            return lock_file_expected(reader, hashes, value, "all hex digits of a %s",
                                      hash_kind_name((enum hash_kind)kind));
        file->hash_count++;
    }
    file->hashes = found;
    return 0;
}

/* A wheel, an sdist or an archive: their tables have the same members. */
static int pylock_read_file(struct lock_file_reader *reader, const json_t *table, struct list_file *out)
{
    const char *name;
    const char *path;

    *out = (struct list_file){.size_bytes = -1};
    if (lock_file_text(reader, table, "name", &name) < 0 ||
        lock_file_text(reader, table, "url", &out->url) < 0 ||
        lock_file_text(reader, table, "path", &path) < 0 ||
        lock_file_size(reader, table, &out->size_bytes) < 0)
        return -1;
    /* "name" may be left out where the URL or path ends in it. */
    const char *named = name ? name : out->url ? out->url : path;
    if (!out->url && !path)
        return lock_file_expected(reader, table, NULL, "url or path of a file");
    out->url = out->url ? arena_strdup(&reader->list->wants->arena, out->url) : NULL;
    return lock_file_filename(reader, table, named, &out->filename) < 0
               ? -1
               : pylock_read_hashes(reader, table, out);
}

static int pylock_read_files(struct lock_file_reader *reader, const json_t *table,
                             struct list_package *package)
{
    static const char *const singles[] = {"sdist", "archive"};
    const json_t *wheels;
    const json_t *item;

    if (lock_file_array(reader, table, "wheels", &wheels) < 0)
        return -1;
    size_t count = json_array_size(wheels);
    struct list_file *files = arena_alloc(&reader->list->wants->arena, (count + 2) * sizeof(*files));
    for (size_t i = 0; i < count; i++)
        if (lock_file_item(reader, wheels, i, &item) < 0 || pylock_read_file(reader, item, &files[i]) < 0)
            return -1;
    for (size_t i = 0; i < 2; i++) {
        if (lock_file_table(reader, table, singles[i], &item) < 0 ||
            (item && pylock_read_file(reader, item, &files[count++]) < 0))
            return -1;
    }
    package->files = files;
    package->file_count = count;
    return 0;
}

/* Where the package comes from if not from an index or a URL; else NULL. */
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

static int pylock_read_package(struct lock_file_reader *reader, const json_t *table)
{
    struct list_package package = {.project = NULL};
    struct lock_file_node node = {.package = LOCK_NO_PACKAGE};
    const char *python;

    /* A package for another Python stays: installing it would fail, and choosing its file says so (PEP 751
     * makes an installer fail rather than skip it). */
    if (lock_file_project(reader, table, "name", &node.project) < 0 ||
        lock_file_version(reader, table, &node.version) < 0 ||
        lock_file_markers_member(reader, table, "marker", &node.markers) < 0 ||
        lock_file_python_member(reader, table, "requires-python", &python) < 0)
        return -1;
    const char *elsewhere = source_elsewhere(table);
    if (elsewhere) {
        list_note(reader->list, lock_file_line(reader, table),
                  "skipped %s, which comes from %s, not from an index", node.project, elsewhere);
        return 0;
    }
    package.project = node.project;
    package.version = node.version;
    if (pylock_read_files(reader, table, &package) < 0)
        return -1;
    if (!package.file_count)
        return lock_file_expected(reader, table, NULL,
                                  "wheels, sdist, archive, vcs or directory of a package");
    if (lock_file_add_package(reader, table, &node, &package) < 0)
        return -1;
    *lock_file_add_node(reader->lock_file, node.project) = node;
    return 0;
}

static int pylock_read_root(struct lock_file_reader *reader, const json_t *root)
{
    const json_t *value = json_object_get(root, "lock-version");
    const char *text = json_string_value(value);
    const json_t *packages;
    const json_t *package;

    /* PEP 751: a newer minor version may have members that we do not know, a newer major one is refused. */
    if (!text || (strcmp(text, "1") != 0 && !text_starts(text, "1.")))
        return lock_file_expected(reader, root, value, "lock-version = \"1.0\"");
    if (strcmp(text, "1.0") != 0)
        list_note(reader->list, lock_file_line(reader, value),
                  "this file has a newer lock-version than 1.0; what is new in it was not read");
    if (lock_file_array(reader, root, "packages", &packages) < 0)
        return -1;
    if (!packages)
        return lock_file_expected(reader, root, NULL, "an array as packages");
    /* A fault in these does not keep the packages from being read. */
    (void)lock_file_python_member(reader, root, "requires-python", &reader->lock_file->python);
    (void)lock_file_markers_member(reader, root, "environments", &reader->lock_file->platforms);
    for (size_t i = 0; i < json_array_size(packages) && !reader->list->stopped; i++)
        if (lock_file_item(reader, packages, i, &package) == 0)
            (void)pylock_read_package(reader, package);
    return 0;
}

int list_read_pylock(struct list_reader *reader, const char *text, size_t len)
{
    return lock_file_read_toml(reader, text, len, pylock_read_root);
}
