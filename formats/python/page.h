/* A page: one PyPI project and its files, parsed from the answer of an upstream.
 *
 * Sources: the simple repository API, HTML (PEP 503, 592, 629, 658/714, 708, 740, 792) and JSON (PEP 691, 700
 * and the same). Upstream data is hostile: sizes, counts and nesting are limited, file names are checked
 * before they become URLs or paths, unknown members are skipped, a bad file entry is dropped with a count,
 * and only a document that is not a page at all, or exceeds a limit, is an error. */
#ifndef FORMATS_PYTHON_PAGE_H
#define FORMATS_PYTHON_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"

struct buf;

enum page_metadata { METADATA_NO, METADATA_YES, METADATA_HASHED };

/* All strings live in the page's arena. NULL: the upstream did not say. */
struct page_file {
    const char *filename; /* decoded, checked: no "/", no control characters, not "." or "..", <= 255 bytes */
    const char *url;      /* absolute http(s) URL at the upstream, without fragment */
    const char *path;     /* ours, stable: see page_file_path() */
    const struct checksum *hashes;
    size_t hash_count;
    int64_t size_bytes; /* -1: unknown */
    const char *upload_time;
    const char *requires_python; /* unescaped, e.g. ">=3.8" */
    bool yanked;
    const char *yanked_reason; /* NULL or "" when none was given */
    enum page_metadata metadata;
    struct digest metadata_sha256; /* when METADATA_HASHED */
    const char *provenance;        /* absolute URL (PEP 740) */
    int gpg_sig;                   /* -1 unknown, 0, 1 */
};

struct page_strings {
    const char **items;
    size_t count;
};

struct page {
    struct arena arena;
    const char *project; /* as the upstream writes the name; the normalised one is the key it is kept under */
    const char *status;  /* PEP 792: "active", "archived", "quarantined", "deprecated"; NULL */
    const char *status_reason;
    struct page_strings versions;
    struct page_strings tracks;              /* PEP 708 */
    struct page_strings alternate_locations; /* PEP 708 */
    struct page_file *files;
    size_t file_count;
    size_t dropped;          /* file entries that were unusable */
    const char *files_base;  /* URL of "/packages/" at this upstream, ends in "/"; NULL: another layout */
    const uint32_t *by_path; /* indexes into files, sorted by path */
};

/* Parses body, sniffing JSON or HTML from the content first and content_type second. base_url is the final
 * URL of the page. `project` is the normalised name that was requested: a page that names another project is
 * an error. Returns 0 with *out owned by the caller, or -1 with a sentence in `error`. Never reads outside
 * body; never recurses deeply. */
int page_parse(const char *body, size_t len, const char *content_type, const char *base_url,
               const char *project, struct page **out, struct buf *error);
void page_free(struct page *page);

/* NULL if the page has no such file. */
const struct page_file *page_find(const struct page *page, const char *path);
const struct checksum *page_file_hash(const struct page_file *file, enum hash_kind kind);

/* Our path of a file:
 *   /packages/aa/bb/<60 hex>/<filename>              when the URL ends so (the official layout)
 *   /packages/sha256/<64 hex>/<project>/<filename>   else, when the SHA-256 is known
 *   /packages/url/<64 hex>/<project>/<filename>      else; the hex is the SHA-256 of the URL
 * The filename is percent-encoded in paths as little as RFC 3986 needs ("+" and "!" stay).
 *
 * For documents other than pages: appends the path of a file that a document at page_url links to as `url`.
 * sha256 may be NULL. Returns 0, or -1 if that is not an http(s) URL or the name is unfit. */
int page_file_path(const char *page_url, const char *url, const char *filename, const struct checksum *sha256,
                   const char *project, struct buf *out);

#endif
