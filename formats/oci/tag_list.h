/* Lists of tags as registries send them: OCI distribution specification 1.1, "Listing Tags". Pure
 * functions. */
#ifndef FORMATS_OCI_TAG_LIST_H
#define FORMATS_OCI_TAG_LIST_H

#include <stddef.h>

struct buf;

#define TAG_LIST_MAX_TAGS 500000

struct tag_list {
    char **tags;
    size_t count;
    char *memory; /* of all tags */
};

/* Reads {"name": ..., "tags": [...]}, any number of such documents one after the other (pages of one list).
 * The result has the valid tags, sorted by bytes, each once. "tags": null is an empty list. The size of the
 * body is limited by the caller. Returns 0; -1 with the end of a sentence in `error`, *out empty. */
int tag_list_parse(const char *body, size_t len, struct tag_list *out, struct buf *error);
#define CLEANUP_TAG_LIST __attribute__((cleanup(tag_list_release)))
void tag_list_release(struct tag_list *list);

#endif
