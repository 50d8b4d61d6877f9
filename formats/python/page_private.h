/* Private to page.c, page_html.c, page_json.c and page_list.c, which are one module: the parsers call page.c
 * for every file, and page.c calls the parser that fits the body. The functions of page.c come first.
 *
 * A parser fills one struct page_entry per file and calls page_add_file(); the common part resolves and
 * checks it and copies what is kept into the page's arena. Nothing here outlives page_parse(). */
#ifndef FORMATS_PYTHON_PAGE_PRIVATE_H
#define FORMATS_PYTHON_PAGE_PRIVATE_H

#include "base/buf.h"
#include "formats/python/page.h"
#include "formats/python/page_list.h"

#define PAGE_FILES_MAX 200000
#define PAGE_STRINGS_MAX 200000
#define PAGE_LIST_MAX 5000000
#define PAGE_STRING_MAX (64 * 1024)
#define PAGE_NESTING_MAX 32
#define PAGE_FILE_HASHES_MAX 8

struct string_builder {
    const char **items; /* heap; the strings are in the arena */
    size_t count;
    size_t capacity;
};

struct page_builder {
    struct page *page;
    const char *url;     /* of the page, for messages */
    const char *project; /* normalised */
    struct buf base;     /* the URL that links are relative to */
    struct page_file *files;
    size_t file_capacity;
    bool has_distribution; /* some file has the suffix of a distribution */
    bool is_index;         /* the page has a mark of a simple index */
    struct string_builder versions, tracks, alternate_locations;
    struct buf resolved, filename, path; /* reused from file to file */
    struct buf *error;
};

/* One file as the upstream describes it. Strings live during the call; NULL: not said. */
struct page_entry {
    const char *filename; /* NULL: the last segment of the URL */
    const char *url;      /* a reference, perhaps with hashes in its fragment */
    struct checksum hashes[PAGE_FILE_HASHES_MAX];
    size_t hash_count;
    int64_t size_bytes;
    const char *upload_time;
    const char *requires_python;
    bool yanked;
    const char *yanked_reason;
    enum page_metadata metadata;
    struct digest metadata_sha256;
    const char *provenance;
    int gpg_sig;
};

#define PAGE_ENTRY_INIT                 \
    {                                   \
        .size_bytes = -1, .gpg_sig = -1 \
    }

/* The functions that return int return 0, or -1 when the page must be given up, with a sentence in
 * builder->error. */
int page_add_file(struct page_builder *builder, const struct page_entry *entry);
int page_add_string(struct arena *arena, struct string_builder *strings, size_t max, const char *text,
                    struct buf *error);
/* Checks the name by which the page calls its project. */
int page_check_name(struct page_builder *builder, const char *name, size_t len);
/* Refuses a major version other than 1; minor versions only add members (PEP 629). */
int page_check_version(const char *url, const char *version, struct buf *error);

void page_set_status(struct page_builder *builder, const char *status);
void page_set_status_reason(struct page_builder *builder, const char *reason);
/* Adds "name=hex" to the entry; the first of a kind stays, unknown algorithms are ignored. */
void page_entry_add_hash(struct page_entry *entry, const char *name, size_t name_len, const char *hex,
                         size_t hex_len);
/* A URL in PEP 708 members and the like: UTF-8, absolute, http(s). */
bool page_is_http_url(const char *text);
/* Steps over what may precede the document, and tells whether it is JSON. */
bool page_body_is_json(const char **body, size_t *len, const char *content_type);
/* Moves the list into the arena. */
void page_strings_finish(struct arena *arena, struct string_builder *strings, struct page_strings *out);

/* ---- page_html.c ---- */

int page_parse_html(struct page_builder *builder, const char *body, size_t len);

/* ---- page_list.c ---- */

struct list_builder {
    struct arena *arena;
    struct string_builder projects;
    struct buf *error;
};

/* A name that is not valid is skipped. */
int page_list_add(struct list_builder *builder, const char *name);
int page_list_parse_html(struct list_builder *builder, const char *body, size_t len);

/* ---- page_json.c ---- */

int page_parse_json(struct page_builder *builder, const char *body, size_t len);
int page_list_parse_json(struct list_builder *builder, const char *body, size_t len);

#endif
