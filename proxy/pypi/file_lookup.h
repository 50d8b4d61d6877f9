/* What is known of a package file that somebody asks for: its path taken apart, and what its project's page
 * says. Shared by the files and their metadata. */
#ifndef PROXY_PYPI_FILE_LOOKUP_H
#define PROXY_PYPI_FILE_LOOKUP_H

#include "base/buf.h"
#include "formats/python/page.h"
#include "formats/python/project.h"
#include "proxy/document/document_serve.h"
#include "proxy/http/serve_blob.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

struct candidate_list;

struct file_lookup {
    struct file_path path;
    struct buf key;               /* "/packages/...", canonical, without ".metadata" */
    const struct page_file *file; /* in request->kept; NULL while unknown */
};

/* How far the search for the page that lists the file has come: the handler's state (request_state()). */
struct file_search {
    int projects_seen;     /* how many projects' pages were looked at */
    bool page_unavailable; /* nobody could say whether one of those pages lists the file */
    bool pages_asked;      /* upstreams may be asked for those pages */
};

static inline struct file_search *file_search_of(struct request *request)
{
    return request_state(request, sizeof(struct file_search));
}

/* Returns 0, or -1 with a sentence for the client. Release in both cases. */
int file_lookup_init(struct request *request, struct file_lookup *lookup, struct buf *error);
void file_lookup_release(struct file_lookup *lookup);

/* Finds the page that lists the file; keeps it in request->kept and sets lookup->file. HAVE, WAIT, or why
 * not. Pages that are not held are only fetched when `ask` is set. */
enum document_result file_lookup_page(struct request *request, struct file_lookup *lookup, bool ask);

/* Opens the blob if the store has it, by the entry or by the page's SHA-256. Returns 0 or -ENOENT. */
int file_lookup_open(struct request *request, struct file_lookup *lookup, struct blob *out);

/* What the bytes must hash to: the best promise of the page or the path. False: there is none. */
bool file_lookup_checksum(const struct file_lookup *lookup, struct checksum *out);
/* The normalised project: the page that lists the file knows; where none was looked at, the file's name tells, which for
 * old sdists is a guess. "" if it says nothing. `room` is for the caller to keep as long as the answer. */
const char *file_lookup_project(const struct request *request, const struct file_lookup *lookup,
                                char room[PROJECT_NAME_MAX + 1]);

/* Where the upstreams keep the file (plus suffix: "" or ".metadata"). */
void file_lookup_candidates(struct request *request, const struct file_lookup *lookup, const char *suffix,
                            struct candidate_list *out);

/* For serve_blob(): under its key it is remembered that neither a page nor the place where its path says has it. */
static inline struct wanted file_wanted(const struct wanted_kind *kind, const struct request *request,
                                        const struct file_lookup *lookup)
{
    return (struct wanted){
        .kind = kind,
        .space = SPACE_FILE,
        .key = lookup->key.data,
        .negative_ttl_s = request->site->config->pypi.negative_ttl_s,
    };
}

#endif
