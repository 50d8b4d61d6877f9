/* uv.lock, version 1, as uv writes it; its source is the only specification (crates/uv-resolver/src/lock). */
#include <string.h>

#include "admin/prefetch/lists/lock_file.h"
#include "base/text.h"
#include "formats/python/project.h"

/* ---- sources ---- */

/* With sorted keys, equal sources are equal texts. */
static const char *source_text(struct lock_file_reader *reader, const json_t *source)
{
    char *dump = source ? json_dumps(source, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    const char *text = dump ? arena_strdup(&reader->list->wants->arena, dump) : NULL;

    free(dump); /* jansson's memory; the copy is in the arena */
    return text;
}

/* A project of the user's own, which uv builds in place. */
static bool is_member(const char *kind)
{
    return strcmp(kind, "virtual") == 0 || strcmp(kind, "editable") == 0 || strcmp(kind, "directory") == 0;
}

/* ---- files ---- */

static int uv_read_file(struct lock_file_reader *reader, const json_t *table, const char *source_url,
                        struct list_file *out)
{
    struct checksum *hash = arena_alloc(&reader->list->wants->arena, sizeof(*hash));
    const json_t *value = json_object_get(table, "hash");
    const char *filename;
    const char *path;

    *out = (struct list_file){.hashes = hash};
    if (lock_file_text(reader, table, "url", &out->url) < 0 ||
        lock_file_text(reader, table, "path", &path) < 0 ||
        lock_file_text(reader, table, "filename", &filename) < 0 ||
        lock_file_size(reader, table, &out->size_bytes) < 0)
        return -1;
    out->url = out->url ? out->url : source_url; /* "url" of a file, or of its package */
    const char *named = filename ? filename : out->url ? out->url : path;
    if (!named)
        return lock_file_expected(reader, table, NULL, "url, path or filename of a file");
    int hashed = value ? lock_file_hash(reader, table, value, hash) : 0;
    if (hashed < 0 || lock_file_filename(reader, table, named, &out->filename) < 0)
        return -1;
    /* Of a kind that we do not know `hash` is not set: the file counts as one without a hash. */
    out->hash_count = (size_t)hashed;
    out->url = out->url ? arena_strdup(&reader->list->wants->arena, out->url) : NULL;
    return 0;
}

static int uv_read_files(struct lock_file_reader *reader, const json_t *table, const char *source_url,
                         struct list_package *package)
{
    const json_t *wheels;
    const json_t *sdist;
    const json_t *item;

    if (lock_file_array(reader, table, "wheels", &wheels) < 0 ||
        lock_file_table(reader, table, "sdist", &sdist) < 0)
        return -1;
    size_t count = json_array_size(wheels);
    struct list_file *files = arena_alloc(&reader->list->wants->arena, (count + 1) * sizeof(*files));
    for (size_t i = 0; i < count; i++)
        if (lock_file_item(reader, wheels, i, &item) < 0 ||
            uv_read_file(reader, item, source_url, &files[i]) < 0)
            return -1;
    if (sdist && uv_read_file(reader, sdist, source_url, &files[count]) < 0)
        return -1;
    package->files = files;
    package->file_count = count + (sdist ? 1 : 0);
    return 0;
}

/* ---- dependencies ---- */

static int read_edge(struct lock_file_reader *reader, const json_t *table, struct lock_file_edge *edge)
{
    struct arena *arena = &reader->list->wants->arena;
    const json_t *source;
    const json_t *extras;

    if (lock_file_project(reader, table, "name", &edge->project) < 0 ||
        lock_file_version(reader, table, &edge->version) < 0 ||
        lock_file_marker_member(reader, table, "marker", &edge->marker) < 0 ||
        lock_file_table(reader, table, "source", &source) < 0 ||
        lock_file_array(reader, table, "extra", &extras) < 0)
        return -1;
    edge->source = source_text(reader, source);
    edge->extra_count = json_array_size(extras);
    edge->extras = arena_alloc(arena, edge->extra_count * sizeof(*edge->extras) + 1);
    for (size_t i = 0; i < edge->extra_count; i++) {
        const json_t *extra = json_array_get(extras, i);
        struct buf CLEANUP_BUF name = BUF_INIT;
        if (!json_is_string(extra))
            return lock_file_expected(reader, extras, extra, "the name of an extra");
        project_normalize(json_string_value(extra), json_string_length(extra), &name);
        edge->extras[i] = arena_strdup(arena, name.data);
    }
    return 0;
}

static int read_group(struct lock_file_reader *reader, const json_t *array, const char *extra,
                      struct lock_file_group *group)
{
    struct arena *arena = &reader->list->wants->arena;
    const json_t *item;

    group->edge_count = json_array_size(array);
    group->edges = arena_alloc(arena, group->edge_count * sizeof(*group->edges) + 1);
    for (size_t i = 0; i < group->edge_count; i++)
        if (lock_file_item(reader, array, i, &item) < 0 || read_edge(reader, item, &group->edges[i]) < 0)
            return -1;
    if (extra) {
        struct buf CLEANUP_BUF name = BUF_INIT;
        project_normalize(extra, strlen(extra), &name);
        group->extra = arena_strdup(arena, name.data);
    }
    return 0;
}

/* All arrays of the table, each as a group. */
static int read_groups(struct lock_file_reader *reader, const json_t *table, struct lock_file_node *node)
{
    const char *extra;
    json_t *array;

    json_object_foreach((json_t *)table, extra, array)
    {
        if (!json_is_array(array))
            return lock_file_expected(reader, table, array, "an array of dependencies");
        if (read_group(reader, array, extra, &node->groups[node->group_count]) < 0)
            return -1;
        node->group_count++;
    }
    return 0;
}

static int read_dependencies(struct lock_file_reader *reader, const json_t *table, const char *all,
                             const char *by_extra, const char *by_group, struct lock_file_node *node)
{
    const json_t *dependencies;
    const json_t *extras;
    const json_t *groups;

    if (lock_file_array(reader, table, all, &dependencies) < 0 ||
        lock_file_table(reader, table, by_extra, &extras) < 0 ||
        lock_file_table(reader, table, by_group, &groups) < 0)
        return -1;
    node->groups =
        arena_alloc(&reader->list->wants->arena,
                    (1 + json_object_size(extras) + json_object_size(groups)) * sizeof(*node->groups));
    node->group_count = 1;
    if (read_group(reader, dependencies, NULL, &node->groups[0]) < 0 || read_groups(reader, extras, node) < 0)
        return -1;
    /* Dependency groups are for developing a project: no edge asks for them, so they only matter for
     * roots. */
    return node->root ? read_groups(reader, groups, node) : 0;
}

/* ---- packages ---- */

static bool in_members(const struct lock_file_reader *reader, const char *project)
{
    const json_t *manifest = json_object_get(toml_root(reader->toml), "manifest");
    const json_t *members = json_object_get(manifest, "members");

    for (size_t i = 0; i < json_array_size(members); i++) {
        const char *name = json_string_value(json_array_get(members, i));
        if (name && strcmp(name, project) == 0)
            return true;
    }
    return false;
}

/* A node that has files becomes a package; one from elsewhere is skipped with a note, unless it is the
 * project itself ("virtual", "editable"), which nobody expects from an index. */
static int uv_add_package(struct lock_file_reader *reader, const json_t *table, const char *kind,
                          struct lock_file_node *node)
{
    const json_t *source = json_object_get(table, "source");
    const char *where = json_string_value(json_object_get(source, kind));
    struct list_package package = {.project = node->project, .version = node->version};
    bool by_url = strcmp(kind, "url") == 0;

    if (strcmp(kind, "registry") == 0 || by_url)
        return uv_read_files(reader, table, by_url ? where : NULL, &package) < 0
                   ? -1
                   : lock_file_add_package(reader, table, node, &package);
    if (!is_member(kind) || strcmp(kind, "directory") == 0) {
        struct buf CLEANUP_BUF shown = BUF_INIT;
        list_add_quoted(where, strlen(where), &shown);
        list_note(reader->list, lock_file_line(reader, table),
                  "skipped %s, which comes from %s \"%s\", not from an index", node->project, kind,
                  shown.data);
    }
    return 0;
}

static int uv_read_package(struct lock_file_reader *reader, const json_t *table)
{
    /* A source has one member, whose name is its kind. */
    static const char *const kinds[] = {"registry", "virtual", "editable", "directory", "git", "url", "path"};
    const json_t *source;
    const char *project;
    const char *kind = NULL;

    if (lock_file_project(reader, table, "name", &project) < 0 ||
        lock_file_table(reader, table, "source", &source) < 0)
        return -1;
    for (size_t i = 0; !kind && i < sizeof(kinds) / sizeof(*kinds); i++)
        kind = json_is_string(json_object_get(source, kinds[i])) ? kinds[i] : NULL;
    if (!kind)
        return lock_file_expected(reader, table, source,
                                  "a source with registry, url, git, path, directory, editable or "
                                  "virtual");
    struct lock_file_node node = {.package = LOCK_NO_PACKAGE, .project = project};
    node.root = is_member(kind) || in_members(reader, project);
    node.source = source_text(reader, source); /* edges name it if a project has several */
    if (lock_file_version(reader, table, &node.version) < 0 ||
        lock_file_markers_member(reader, table, "resolution-markers", &node.markers) < 0 ||
        read_dependencies(reader, table, "dependencies", "optional-dependencies", "dev-dependencies", &node) <
            0 ||
        uv_add_package(reader, table, kind, &node) < 0)
        return -1;
    reader->lock_file->has_roots |= node.root;
    *lock_file_add_node(reader->lock_file, project) = node;
    return 0;
}

/* The requirements of a script, or of a workspace that is not itself a project, belong to a root without a
 * name. */
static int uv_read_manifest(struct lock_file_reader *reader, const json_t *root)
{
    const json_t *manifest;

    if (lock_file_table(reader, root, "manifest", &manifest) < 0)
        return -1;
    if (!json_object_get(manifest, "requirements") && !json_object_get(manifest, "dependency-groups"))
        return 0;
    struct lock_file_node node = {.package = LOCK_NO_PACKAGE, .project = "", .root = true};
    if (read_dependencies(reader, manifest, "requirements", "", "dependency-groups", &node) < 0)
        return -1;
    reader->lock_file->has_roots = true;
    *lock_file_add_node(reader->lock_file, "") = node;
    return 0;
}

static int uv_read_root(struct lock_file_reader *reader, const json_t *root)
{
    const json_t *version = json_object_get(root, "version");
    const json_t *packages;
    const json_t *package;

    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return lock_file_expected(reader, root, version, "a uv.lock of version = 1");
    if (lock_file_array(reader, root, "package", &packages) < 0)
        return -1;
    /* A fault in these does not keep the packages from being read. */
    (void)lock_file_python_member(reader, root, "requires-python", &reader->lock_file->python);
    (void)lock_file_markers_member(reader, root, "supported-markers", &reader->lock_file->platforms);
    (void)uv_read_manifest(reader, root);
    for (size_t i = 0; i < json_array_size(packages) && !reader->list->stopped; i++)
        if (lock_file_item(reader, packages, i, &package) == 0)
            (void)uv_read_package(reader, package);
    return 0;
}

int list_read_uv_lock(struct list_reader *reader, const char *text, size_t len)
{
    return lock_file_read_toml(reader, text, len, uv_read_root);
}
