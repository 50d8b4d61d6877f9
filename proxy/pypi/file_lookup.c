/* From the path of a package file to its project's page, its hash and its places. No state: what a request
 * must remember over a wait is in its struct file_search. */
#include "proxy/pypi/file_lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "proxy/core/candidate_list.h"
#include "proxy/pypi/project_page.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"
#include "upstreams/upstream.h"

/* A name with many hyphens could mean that many projects, and each may be a question to the upstreams. */
#define MAX_PROJECTS 8

int file_lookup_init(struct request *request, struct file_lookup *lookup, struct buf *error)
{
    const char *path = request->target.path;

    memset(lookup, 0, sizeof(*lookup));
    buf_init(&lookup->key);
    if (file_path_parse(path, strlen(path), &lookup->path, error) < 0)
        return -1;
    file_key_print(&lookup->path, &lookup->key);
    if (request->kept)
        lookup->file = page_find(document_page(document_kept(request)), lookup->key.data);
    return 0;
}

void file_lookup_release(struct file_lookup *lookup)
{
    buf_release(&lookup->key);
}

struct project_list {
    char *names[MAX_PROJECTS];
    int count;
};

static int note_project(void *arg, const char *project)
{
    struct project_list *list = arg;

    list->names[list->count++] = xstrdup(project);
    return list->count == MAX_PROJECTS;
}

static void project_list_release(struct project_list *list)
{
    for (int i = 0; i < list->count; i++)
        free(list->names[i]);
}

enum document_result file_lookup_page(struct request *request, struct file_lookup *lookup, bool ask)
{
    struct project_list __attribute__((cleanup(project_list_release))) projects = {0};

    if (lookup->file)
        return DOCUMENT_HAVE;
    if (*lookup->path.project)
        note_project(&projects, lookup->path.project);
    else
        filename_projects(lookup->path.filename, note_project, &projects);
    struct file_search *search = file_search_of(request);
    for (; search->projects_seen < projects.count; search->projects_seen++) {
        const char *project = projects.names[search->projects_seen];
        struct document *document;
        enum document_result result = ask ? document_get(request, &page_kind, project, &document)
                                          : document_get_held(request, &page_kind, project, &document);
        if (result == DOCUMENT_WAIT)
            return result;
        if (result == DOCUMENT_UNAVAILABLE)
            search->page_unavailable = true;
        if (result != DOCUMENT_HAVE)
            continue;
        lookup->file = page_find(document_page(document), lookup->key.data);
        if (lookup->file) {
            document_keep_in(request, document);
            return DOCUMENT_HAVE;
        }
        document_unref(document);
    }
    return search->page_unavailable ? DOCUMENT_UNAVAILABLE : DOCUMENT_NOT_FOUND;
}

static int copy_first_project(void *buffer, const char *project)
{
    if (strlen(project) <= PROJECT_NAME_MAX)
        memcpy(buffer, project, strlen(project) + 1);
    return 1;
}

const char *file_lookup_project(const struct request *request, const struct file_lookup *lookup,
                                char buffer[PROJECT_NAME_MAX + 1])
{
    if (request->kept)
        return document_kept(request)->key;
    if (*lookup->path.project)
        return lookup->path.project;
    *buffer = '\0';
    (void)filename_projects(lookup->path.filename, copy_first_project, buffer);
    return buffer;
}

int file_lookup_open(struct request *request, struct file_lookup *lookup, struct blob *out)
{
    struct store *store = request->proxy->store;
    char project[PROJECT_NAME_MAX + 1];

    if (entry_open_blob(store, SPACE_FILE, lookup->key.data, out) == 0)
        return 0;
    const struct checksum *sha256 = lookup->file ? page_file_hash(lookup->file, HASH_SHA256) : NULL;
    if (!sha256)
        return -ENOENT;
    struct entry entry =
        entry_of_bytes(SPACE_FILE, lookup->key.data, file_lookup_project(request, lookup, project),
                       document_kept(request)->origin.upstream);
    entry.has_digest = true;
    memcpy(entry.digest.bytes, sha256->bytes, sizeof(entry.digest.bytes));
    if (blob_open(store, &entry.digest, out) < 0)
        return -ENOENT;
    /* From now on it is found by its path, without the page, and listed under its project. */
    entry.size_bytes = out->size_bytes;
    entry_put(store, &entry);
    return 0;
}

bool file_lookup_checksum(const struct file_lookup *lookup, struct checksum *out)
{
    const struct checksum *best = lookup->file ? page_file_hash(lookup->file, HASH_SHA256) : NULL;

    /* The official path spells the file's BLAKE2b-256, our own form its SHA-256. The path of FILE_PATH_URL
     * has a hash of the URL, which says nothing about the bytes. Weaker hashes of the page (MD5) come
     * last. */
    if (!best && lookup->path.kind != FILE_PATH_URL)
        best = &lookup->path.checksum;
    for (int kind = 0; !best && lookup->file && kind < HASH_KINDS; kind++)
        best = page_file_hash(lookup->file, (enum hash_kind)kind);
    if (best)
        *out = *best;
    return best;
}

void file_lookup_candidates(struct request *request, const struct file_lookup *lookup, const char *suffix,
                            struct candidate_list *out)
{
    const struct site *site = request->site;

    /* The page says where its own upstream keeps the file. The official path names the same file everywhere,
     * so all others may have it too; nothing is known of other paths at other upstreams. */
    for (size_t i = 0; i < site->pypi_count; i++) {
        const char *name = upstream_name(site->pypi[i]);
        const char *index = site->config->pypi_upstreams[i].index;
        char *CLEANUP_FREE base = NULL;
        char *CLEANUP_FREE url = NULL;
        if (lookup->file && strcmp(name, document_kept(request)->origin.upstream) == 0) {
            url = xasprintf("%s%s", lookup->file->url, suffix);
        } else if (lookup->path.kind == FILE_PATH_OFFICIAL) {
            base = upstream_files_base(site->pypi[i]);
            /* No page of it was seen yet: /packages/ is beside its index, as most mirrors have it. */
            if (!base)
                base = xasprintf("%.*spackages/", (int)pypi_base_len(index), index);
            url = xasprintf("%s%s%s", base, lookup->key.data + strlen("/packages/"), suffix);
        } else {
            continue;
        }
        candidate_list_add(out, site->pypi[i], url, NULL);
    }
}
