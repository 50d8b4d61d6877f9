/* Plans folders of wheels and sdists. The official index puts a file at a path that is made of its
 * BLAKE2b-256, so files get the very path that a client with a lock file asks for, without any network. */
#include "admin/transfer/import_wheels.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/string_set.h"
#include "base/text.h"
#include "formats/python/metadata.h"
#include "formats/python/project.h"
#include "formats/python/wheel.h"
#include "formats/python/wheel_tag.h"
#include "storage/catalog/holding_version.h"
#include "storage/catalog/origin.h"
#include "storage/catalog/page_merge.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"

/* A limit on memory: each file has a description for its page, and entries in the plan. */
#define FILES_MAX 100000
#define HASH_PIECE_BYTES (256 * 1024)

/* One file while it is planned. */
struct distribution {
    const char *filename;
    char *path;
    char *project;
    char *key;
    int64_t size_bytes;
    struct digest digest;
    bool has_metadata;
    struct digest metadata;
    char *requires_python;
};

struct wheels_reading {
    struct import_plan *plan;
    json_t *projects; /* normalised name: array of files */
    struct buf *error;
};

static void distribution_release(struct distribution *file)
{
    free(file->path);
    free(file->project);
    free(file->key);
    free(file->requires_python);
}

/* ---- names ---- */

static int take_project(void *arg, const char *project)
{
    *(char **)arg = xstrdup(project);
    return 1;
}

/* Returns the project of a wheel or sdist by its name, or NULL if it is neither. */
static char *distribution_project(const char *filename)
{
    static const char *const sdists[] = {".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"};
    struct wheel_name wheel;
    char *project = NULL;
    bool sdist = false;

    if (!filename_valid(filename, strlen(filename)))
        return NULL;
    if (filename_is_wheel(filename))
        return wheel_name_parse(filename, &wheel, NULL) < 0 ? NULL : xstrdup(wheel.project);
    for (size_t i = 0; i < sizeof(sdists) / sizeof(sdists[0]); i++)
        sdist |= text_ends(filename, sdists[i]);
    if (!sdist)
        return NULL;
    /* An sdist's name can be split at several hyphens; the most likely project comes first. */
    (void)filename_projects(filename, take_project, &project);
    /* A name without a version, such as "notes.zip", is just an archive. */
    char *CLEANUP_FREE version = project ? version_of_file(project, filename) : NULL;
    if (!version)
        free(take_ptr(&project));
    return project;
}

static void cleanup_closedir(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}
#define CLEANUP_FOLDER __attribute__((cleanup(cleanup_closedir)))

bool import_wheels_like(const char *path)
{
    DIR *CLEANUP_FOLDER folder = opendir(path);
    const struct dirent *item;

    while (folder && (item = readdir(folder))) {
        char *CLEANUP_FREE project = distribution_project(item->d_name);
        if (project)
            return true;
    }
    return false;
}

/* ---- one file ---- */

static int distribution_cannot_read(struct wheels_reading *reading, const struct distribution *file)
{
    buf_set(reading->error, "cannot read %s: %s", file->path, strerror(errno));
    return -1;
}

static int distribution_hash(struct wheels_reading *reading, struct distribution *file, int fd)
{
    struct hasher *sha256 = hasher_new(HASH_SHA256);
    struct hasher *blake = hasher_new(HASH_BLAKE2B_256);
    char *CLEANUP_FREE piece = xmalloc(HASH_PIECE_BYTES);
    struct checksum sum;
    ssize_t got;

    /* Both digests in one reading: the first names the blob, the second makes the path. */
    while ((got = read(fd, piece, HASH_PIECE_BYTES)) > 0 || (got < 0 && errno == EINTR)) {
        if (got < 0)
            continue;
        hasher_update(sha256, piece, (size_t)got);
        hasher_update(blake, piece, (size_t)got);
        file->size_bytes += got;
    }
    hasher_final(sha256, &sum);
    memcpy(file->digest.bytes, sum.bytes, sizeof(file->digest.bytes));
    hasher_final(blake, &sum);
    struct file_path path = {.kind = FILE_PATH_OFFICIAL, .checksum = sum};
    struct buf key = BUF_INIT;
    memcpy(path.filename, file->filename, strlen(file->filename) + 1);
    file_key_print(&path, &key);
    file->key = buf_take(&key);
    hasher_free(sha256);
    hasher_free(blake);
    return got < 0 ? distribution_cannot_read(reading, file) : 0;
}

static void distribution_add_entry(struct wheels_reading *reading, const char *space,
                                   const struct distribution *file, const struct digest *digest,
                                   int64_t size_bytes, const char *source)
{
    struct entry entry = entry_of_bytes(space, file->key, file->project, source);

    entry.has_digest = true;
    entry.digest = *digest;
    entry.size_bytes = size_bytes;
    import_plan_add_entry(reading->plan, &entry);
}

static int distribution_read_metadata(struct wheels_reading *reading, struct distribution *file, int fd)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct metadata CLEANUP_METADATA metadata = {0};

    /* A wheel without metadata that can be read is broken, and pip would find that out only at the
     * install. */
    if (wheel_read_metadata(fd, file->filename, &text, &problem) < 0) {
        buf_set(reading->error, "%s: %s", file->path, problem.data);
        return -1;
    }
    /* Metadata that a strict reader refuses may still do for pip: then nothing is known of what it
     * requires. */
    if (metadata_parse(text.data, text.len, &metadata, NULL) == 0)
        file->requires_python = xstrdup_or_null(metadata.requires_python);
    file->has_metadata = true;
    import_plan_add_bytes(reading->plan, text.data, text.len, &file->metadata);
    distribution_add_entry(reading, SPACE_METADATA, file, &file->metadata, (int64_t)text.len, "");
    return 0;
}

static json_t *distribution_describe(const struct distribution *file)
{
    char hex[DIGEST_HEX_SIZE];

    /* The members that PEP 691 demands, and PEP 700's size. */
    digest_hex(&file->digest, hex);
    char *CLEANUP_FREE url = xconcat(PAGE_IMPORTED_BASE, file->key);
    json_t *described = json_pack("{s:s, s:s, s:{s:s}, s:I}", "filename", file->filename, "url", url,
                                  "hashes", "sha256", hex, "size", (json_int_t)file->size_bytes);
    /* pip skips a release whose Requires-Python does not fit, and would otherwise download it to find out. */
    if (file->requires_python && text_is_utf8(file->requires_python, strlen(file->requires_python)))
        json_object_set_new(described, "requires-python", json_string(file->requires_python));
    /* PEP 714: "core-metadata" in place of "data-dist-info-metadata", which indexes had filled in wrongly. */
    if (file->has_metadata) {
        digest_hex(&file->metadata, hex);
        json_object_set_new(described, "core-metadata", json_pack("{s:s}", "sha256", hex));
    }
    return described;
}

/* ---- the folder ---- */

static int distribution_read(struct wheels_reading *reading, const char *folder, const char *filename)
{
    struct distribution __attribute__((cleanup(distribution_release))) file = {.filename = filename};
    struct stat status;

    file.path = xasprintf("%s/%s", folder, filename);
    file.project = distribution_project(filename);
    int CLEANUP_CLOSE fd = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0)
        return distribution_cannot_read(reading, &file);
    /* Another file, such as a README, does not make the import fail. But it is named: it may be a wheel whose
     * name was cut on the way. */
    if (!file.project || !S_ISREG(status.st_mode)) {
        buf_printf(reading->plan->notes, "%s is neither a wheel nor an sdist: skipped\n", file.path);
        return 0;
    }
    if (distribution_hash(reading, &file, fd) < 0 ||
        (filename_is_wheel(filename) && distribution_read_metadata(reading, &file, fd) < 0))
        return -1;
    import_plan_add_file(reading->plan, file.path, &file.digest, file.size_bytes);
    distribution_add_entry(reading, SPACE_FILE, &file, &file.digest, file.size_bytes, IMPORTED);
    json_t *files = json_object_get(reading->projects, file.project);
    if (!files)
        json_object_set_new(reading->projects, file.project, files = json_array());
    json_array_append_new(files, distribution_describe(&file));
    return 0;
}

/* Each version of the files once, in their order; a new reference. */
static json_t *versions_of(const char *project, const json_t *files)
{
    struct string_set *CLEANUP_STRING_SET known = string_set_new();
    json_t *versions = json_array();
    size_t i;
    const json_t *file;

    json_array_foreach(files, i, file)
    {
        char *CLEANUP_FREE version = version_of_file(project, json_text_member(file, "filename"));
        if (version && string_set_add(known, version))
            json_array_append_new(versions, json_string(version));
    }
    return versions;
}

/* Makes a page for each project, as the index would serve it. Its attributes mark it as imported, so that the
 * import merges it with the page that the store may have. */
static void wheels_add_pages(struct wheels_reading *reading)
{
    const char *project;
    json_t *files;

    json_object_foreach(reading->projects, project, files)
    {
        json_t *CLEANUP_JSON page =
            json_pack("{s:{s:s}, s:s, s:o, s:O}", "meta", "api-version", "1.1", "name", project, "versions",
                      versions_of(project, files), "files", files);
        char *CLEANUP_FREE body = json_dumps(page, JSON_COMPACT);
        struct buf CLEANUP_BUF attributes = BUF_INIT;
        struct digest digest;
        import_plan_add_bytes(reading->plan, body, strlen(body), &digest);
        page_imported_attributes(project, &attributes);
        const struct entry entry = {
            .space = SPACE_PAGE,
            .key = project,
            .scope = "",
            .has_digest = true,
            .digest = digest,
            .size_bytes = (int64_t)strlen(body),
            .confirmed_at_s = PAGE_IMPORTED_AT_S,
            .attributes = attributes.data,
        };
        import_plan_add_entry(reading->plan, &entry);
    }
}

static int compare_filenames(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char ***names)
{
    for (size_t i = 0; *names && (*names)[i]; i++)
        free((*names)[i]);
    free(*names);
}

/* Sorted, so that the same folder always gives the same bundle; NULL-terminated. */
static char **list_names(const char *path, size_t *count, struct buf *error)
{
    DIR *CLEANUP_FOLDER folder = opendir(path);
    const struct dirent *item;
    char **names = xcalloc(FILES_MAX + 1, sizeof(*names));

    *count = 0;
    if (!folder) {
        buf_set(error, "cannot read the folder %s: %s", path, strerror(errno));
        return names;
    }
    while ((item = readdir(folder)) && *count < FILES_MAX)
        /* Also what other programs hide there, such as ".DS_Store" and files that rsync has not completed. */
        if (*item->d_name != '.')
            names[(*count)++] = xstrdup(item->d_name);
    qsort(names, *count, sizeof(*names), compare_filenames);
    if (item)
        buf_set(error, "%s has more than %d files", path, FILES_MAX);
    return names;
}

int import_wheels_read(const char *path, struct import_plan *plan, struct buf *error)
{
    json_t *CLEANUP_JSON projects = json_object();
    struct wheels_reading reading = {plan, projects, error};
    size_t count;
    char **names __attribute__((cleanup(free_names))) = list_names(path, &count, error);

    if (error->len)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (distribution_read(&reading, path, names[i]) < 0)
            return -1;
    if (!json_object_size(projects)) {
        buf_set(error, "%s has no wheels and no sdists", path);
        return -1;
    }
    wheels_add_pages(&reading);
    return 0;
}
