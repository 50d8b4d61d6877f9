/* A package file that a client asks for: its path taken apart, and its line on its project's page. Shared by
 * the handlers of files and of their metadata.
 *
 * Which project's page lists a file is not always clear from its name: "a-b-1.0.tar.gz" may be version
 * "b-1.0" of a, or version 1.0 of a-b. The pages of all candidates are looked at, the likeliest first. */
#ifndef PROXY_PYPI_FILE_LOOKUP_H
#define PROXY_PYPI_FILE_LOOKUP_H

#include "base/buf.h"
#include "formats/python/page.h"
#include "formats/python/project.h"
#include "proxy/document/freshness.h"
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

/* Finds the page that lists the file; keeps it in request->kept and sets lookup->file. Returns HAVE, WAIT,
 * NOT_FOUND, or UNAVAILABLE where nobody could say. Pages that are not held are fetched only when `ask` is
 * set. */
enum document_result file_lookup_page(struct request *request, struct file_lookup *lookup, bool ask);

/* Opens the blob if the store has it: by the file's entry, or by the SHA-256 of its page, where the same
 * bytes have come under another path; then the entry is put. Returns 0 or -ENOENT. */
int file_lookup_open(struct request *request, struct file_lookup *lookup, struct blob *out);

/* The hash that the bytes must have: the best that the page or the path promises. False: neither does. */
bool file_lookup_checksum(const struct file_lookup *lookup, struct checksum *out);
/* The normalised project: that of the page that lists the file; where none is known, that of the file's name,
 * which for old sdists is a guess. "" if the name says nothing. The answer may be in `buffer`, which must
 * live as long. */
const char *file_lookup_project(const struct request *request, const struct file_lookup *lookup,
                                char buffer[PROJECT_NAME_MAX + 1]);

/* Appends where the upstreams keep the file (plus suffix: "" or ".metadata"). */
void file_lookup_candidates(struct request *request, const struct file_lookup *lookup, const char *suffix,
                            struct candidate_list *out);

/* For serve_blob(). The key of the file is remembered as absent when upstreams have it neither where a page
 * says nor where the path says. */
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
