/* Our own pages: a project and its files in HTML and JSON, for any client of the simple repository API
 * (PEP 503, 592, 629, 658, 691, 700, 708, 714, 740, 792). Pure functions: the same page and store give the
 * same bytes, so their hash can be the entity tag.
 *
 * Links are relative to /simple/<project>/, so that they work through any reverse proxy. Members without a
 * value are left out: some clients reject a page for a null or an empty string. */
#ifndef FORMATS_PYTHON_PAGE_RENDER_H
#define FORMATS_PYTHON_PAGE_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct buf;
struct page;
struct page_list;

/* Facts about a file that the store has. They fill in what the page does not say, and never contradict it. */
struct known_file {
    const char *path; /* as page_file.path */
    bool has_sha256;
    struct digest sha256;
    int64_t size_bytes; /* -1: unknown */
    bool has_metadata;
    struct digest metadata_sha256;
};

/* `project` is the normalised name; `known` is sorted by path (strcmp), each path once. Append to out. */
void page_render_json(const struct page *page, const char *project, const struct known_file *known,
                      size_t known_count, struct buf *out);
void page_render_html(const struct page *page, const char *project, const struct known_file *known,
                      size_t known_count, struct buf *out);
/* The page as an upstream would send it in JSON, with absolute links to where its files came from:
 * page_parse() makes the same page of it. */
void page_render_source(const struct page *page, const char *project, struct buf *out);

/* The root list, relative to /simple/. */
void list_render_json(const struct page_list *list, struct buf *out);
void list_render_html(const struct page_list *list, struct buf *out);

#endif
