/* Keeps a plan, and writes it as a bundle: first the blobs that were made here or are files of their own, in
 * the order in which they were added, then those of the foreign archive, in its order, so that it is read
 * front to back once. A plan belongs to one thread at a time: the one that makes it, then the one that writes
 * it. */
#include "admin/transfer/import_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest_set.h"
#include "base/memory.h"

/* A blob that is not in `foreign`: bytes, or a file. */
struct planned_blob {
    struct bundle_blob blob;
    char *data;
    char *path; /* NULL: data */
};

void import_plan_init(struct import_plan *plan, struct buf *notes)
{
    *plan = (struct import_plan){.needed = digest_set_new(), .notes = notes};
    bundle_content_init(&plan->content);
}

void import_plan_release(struct import_plan *plan)
{
    for (size_t i = 0; i < plan->blob_count; i++) {
        free(plan->blobs[i].data);
        free(plan->blobs[i].path);
    }
    free(take_ptr(&plan->blobs));
    plan->blob_count = 0;
    digest_set_free(&plan->needed);
    foreign_free(&plan->foreign);
    bundle_content_release(&plan->content);
}

/* Returns NULL if the plan has the blob already. */
static struct planned_blob *plan_add_blob(struct import_plan *plan, const struct digest *digest,
                                          int64_t size_bytes)
{
    if (!bundle_add_blob(&plan->content, digest, size_bytes))
        return NULL;
    plan->blobs = xrealloc(plan->blobs, (plan->blob_count + 1) * sizeof(*plan->blobs));
    struct planned_blob *added = &plan->blobs[plan->blob_count++];
    *added = (struct planned_blob){.blob = {.digest = *digest, .size_bytes = size_bytes}};
    return added;
}

void import_plan_add_bytes(struct import_plan *plan, const void *data, size_t len, struct digest *out)
{
    digest_of(data, len, out);
    struct planned_blob *added = plan_add_blob(plan, out, (int64_t)len);
    if (!added)
        return;
    added->data = xmalloc(len + 1); /* of no bytes it could be NULL, which means a file */
    memcpy(added->data, data, len);
}

const char *import_plan_bytes(const struct import_plan *plan, const struct digest *digest, size_t *len)
{
    for (size_t i = 0; i < plan->blob_count; i++)
        if (plan->blobs[i].data && digest_equal(&plan->blobs[i].blob.digest, digest)) {
            *len = (size_t)plan->blobs[i].blob.size_bytes;
            return plan->blobs[i].data;
        }
    return NULL;
}

void import_plan_add_file(struct import_plan *plan, const char *path, const struct digest *digest,
                          int64_t size_bytes)
{
    struct planned_blob *added = plan_add_blob(plan, digest, size_bytes);

    if (added)
        added->path = xstrdup(path);
}

void import_plan_need(struct import_plan *plan, const struct digest *digest)
{
    digest_set_add(plan->needed, digest);
}

void import_plan_add_entry(void *arg, const struct entry *entry)
{
    struct import_plan *plan = arg;

    bundle_add_entry(&plan->content, entry);
}

/* Adds the blobs of `foreign` after the others, in the order in which foreign_read() will bring them. */
void import_plan_finish(struct import_plan *plan)
{
    for (size_t i = 0; plan->foreign && i < foreign_count(plan->foreign); i++) {
        const struct foreign_file *file = foreign_at(plan->foreign, i);
        if (!file->link && digest_set_has(plan->needed, &file->digest))
            bundle_add_blob(&plan->content, &file->digest, file->size_bytes);
    }
}

/* ---- writing ---- */

/* Writes the blobs of `foreign`. The bundle has promised their digests, so each is hashed again: the archive
 * may have changed since the plan was made. */
struct writing {
    struct import_plan *plan;
    struct bundle_writer *writer;
    struct hasher *hasher;
    size_t next;        /* in the content */
    int64_t left_bytes; /* of the blob that is being written */
    bool changed;
};

static int writing_end_blob(struct writing *writing)
{
    struct checksum sum;

    if (!writing->hasher)
        return 0;
    hasher_final(writing->hasher, &sum);
    hasher_free(take_ptr(&writing->hasher));
    const struct digest *digest = &writing->plan->content.blobs[writing->next - 1].digest;
    if (writing->left_bytes || memcmp(sum.bytes, digest->bytes, sizeof(digest->bytes)) != 0)
        writing->changed = true;
    return writing->changed ? -EBADMSG : 0;
}

static int writing_begin_file(void *arg, const struct foreign_file *file)
{
    struct writing *writing = arg;
    const struct bundle_content *content = &writing->plan->content;

    int result = writing_end_blob(writing);
    if (result < 0)
        return result;
    /* The content has the needed files in this very order, each digest once: a second file of the same bytes
     * is passed over, as the next digest is another one. */
    if (writing->next == content->blob_count ||
        !digest_equal(&content->blobs[writing->next].digest, &file->digest))
        return 0;
    const struct bundle_blob *blob = &content->blobs[writing->next++];
    writing->left_bytes = blob->size_bytes;
    writing->hasher = hasher_new(HASH_SHA256);
    result = bundle_write_blob(writing->writer, blob);
    return result < 0 ? result : 1;
}

static int writing_file_bytes(void *arg, const void *data, size_t len)
{
    struct writing *writing = arg;

    /* More than was promised may not even be passed on: the writer takes it for a bug. */
    if ((int64_t)len > writing->left_bytes) {
        writing->changed = true;
        return -EBADMSG;
    }
    writing->left_bytes -= (int64_t)len;
    hasher_update(writing->hasher, data, len);
    return bundle_write_bytes(writing->writer, data, len);
}

int import_plan_write(struct import_plan *plan, const struct bundle_output *output, struct buf *error)
{
    struct bundle_writer *writer __attribute__((cleanup(bundle_writer_free))) = bundle_writer_new(output, 0);
    struct writing writing = {.plan = plan, .writer = writer, .next = plan->blob_count};
    int result = bundle_write_content(writer, &plan->content);

    for (size_t i = 0; !result && i < plan->blob_count; i++) {
        const struct planned_blob *planned = &plan->blobs[i];
        if (!planned->path) {
            result = bundle_write_blob(writer, &planned->blob);
            if (!result)
                result = bundle_write_bytes(writer, planned->data, (size_t)planned->blob.size_bytes);
            continue;
        }
        int CLEANUP_CLOSE fd = open(planned->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        result = fd < 0 ? -errno : bundle_write_file(writer, &planned->blob, fd);
        /* These two say that the file changed; anything else is the output's failure. */
        if (fd < 0 || result == -EIO || result == -EBADMSG) {
            buf_set(error, fd < 0 ? "cannot read %s any more" : "%s was changed while it was read",
                    planned->path);
            result = -1;
        }
    }
    if (!result && plan->foreign) {
        const struct foreign_sink sink = {writing_begin_file, writing_file_bytes, &writing};
        result = foreign_read(plan->foreign, &sink, error);
        if (!result)
            result = writing_end_blob(&writing);
        /* A file that is gone, or has other bytes, was not found among those that were promised. */
        if (!result && writing.next != plan->content.blob_count)
            writing.changed = true;
        if (writing.changed) {
            buf_set(error, "%s was changed while it was read", foreign_name(plan->foreign));
            result = -1;
        }
    }
    hasher_free(writing.hasher);
    return result ? result : bundle_write_end(writer);
}
