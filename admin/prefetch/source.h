/* Pages and metadata as a Yizhan has them, each asked for once and kept: several targets want the same. */
#ifndef ADMIN_PREFETCH_SOURCE_H
#define ADMIN_PREFETCH_SOURCE_H

#include <jansson.h>
#include <stdbool.h>

struct page_file;
struct prefetch;
struct resolve_provider;
struct source;

struct source *source_new(struct prefetch *prefetch);
/* NULL-safe. After the client, whose answers go to it. */
void source_free(struct source **source);
/* For resolve(). */
const struct resolve_provider *source_provider(struct source *source);
/* Where a Yizhan serves a file of a page that it gave: "/packages/...". */
const char *source_file_path(const struct page_file *file);
/* The requirements of this sdist's build, NULL-terminated; NULL if the sdist was not looked into. */
const char *const *source_build_requires(const struct source *source, const struct page_file *file);
/* Is there metadata of this wheel? Asks if nobody did; a Yizhan reads it out of a wheel that it holds. */
bool source_has_metadata(struct source *source, const char *path, const char *filename);
/* Appends {"space":...,"key":...} of all pages and metadata that were found. */
void source_entries(const struct source *source, json_t *out);

#endif
