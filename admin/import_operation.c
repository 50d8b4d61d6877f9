/* Takes a bundle into a store. Blobs enter one by one, each verified; names, all at once, only when the whole
 * bundle has been read and was right. If anything goes wrong before that, the blobs that this import brought
 * are removed again. After kill -9 they stay, under no name, and the next import of the same bundle skips
 * them. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "admin/operation.h"
#include "admin/transfer/bundle.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/forget.h"
#include "storage/catalog/bundle_names.h"
#include "storage/catalog/page_merge.h"
#include "storage/upkeep.h"

#define IMPORT_PIECE_BYTES ((size_t)1 << 20)
#define WAIT_MS 200
/* Commits under way, each with a file open. */
#define COMMITS_MAX 64
/* Blobs that are removed in one transaction. */
#define TAKE_BACK_MAX ((size_t)1024)
#define PROGRESS_EVERY_MS 1000
#define IMPORTED_PAGE_MAX_BYTES ((size_t)1 << 30)

struct import {
    struct operation_call *call;
    const char *name; /* of the bundle, for messages */
    struct bundle_reader *reader;
    const struct bundle_content *content;
    char *piece;
    struct digest *added; /* blobs that were not there before */
    size_t added_count;
    int64_t added_bytes;
    struct digest *made; /* pages that are put together with what is held: blobs beside those of the bundle */
    size_t made_count;
    struct entry *names; /* entries for the store; their strings belong to the content */
    size_t name_count;
    int64_t read_bytes; /* of blobs */
    int64_t told_ms;
    size_t entries_kept; /* left as they are: the store's are newer */
    _Atomic int commit_error;
};

/* ---- reading ---- */

static ssize_t import_read_input(void *arg, void *data, size_t max)
{
    const struct import *import = arg;
    struct operation_call *call = import->call;
    struct pollfd input = {.fd = call->fd, .events = POLLIN};

    for (;;) {
        /* That the command is gone does not end the descriptor, which is ours: a pipe from a third program
         * may stay silent forever. */
        if (!call->wanted(call->arg))
            return -ECANCELED;
        if (poll(&input, 1, WAIT_MS) <= 0)
            continue;
        ssize_t got = read(call->fd, data, max);
        if (got >= 0)
            return got;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
}

static int import_refuse(struct import *import, const char *why)
{
    return operation_failed(import->call, "%s %s", import->name, why);
}

static void import_tell_progress(struct import *import)
{
    struct operation_call *call = import->call;
    int64_t now_ms = clock_mono_ms();

    if (now_ms - import->told_ms < PROGRESS_EVERY_MS)
        return;
    import->told_ms = now_ms;
    call->emit(call->arg,
               json_pack("{s:s, s:I, s:I}", "type", "progress", "bytes", (json_int_t)import->read_bytes, "of",
                         (json_int_t)import->content->bytes));
}

static int disk_failed(struct import *import, int error)
{
    if (error == -ENOSPC || error == -EDQUOT)
        return operation_failed(
            import->call,
            "the disk has no room for what %s brings: make room, or lower min_free in [storage]",
            import->name);
    return operation_store_failed(import->call, "write a blob", error);
}

/* ---- before anything is written ---- */

/* Whether the store has this blob already, of this size (-1: of any). Opening it counts as a use, so that it
 * is not the next to be evicted for blobs that come later. */
static bool blob_is_held(struct store *store, const struct digest *digest, int64_t size_bytes)
{
    struct blob blob;

    if (blob_open(store, digest, &blob) < 0)
        return false;
    bool same = size_bytes < 0 || blob.size_bytes == size_bytes;
    blob_close(store, &blob);
    return same;
}

static int check_entries(struct import *import)
{
    const struct bundle_content *content = import->content;

    for (size_t i = 0; i < content->entry_count; i++) {
        const struct entry *entry = &content->entries[i];
        if (!bundle_entry_good(entry))
            return operation_failed(
                import->call,
                "%s has a name that this version does not know (%s %.200s): was it made by a "
                "newer one?",
                import->name, entry->space, entry->key);
        if (bundle_entry_needs_blob(entry) && !bundle_has_blob(content, &entry->digest) &&
            !blob_is_held(import->call->store, &entry->digest, -1))
            return operation_failed(
                import->call,
                "%s builds on another bundle (it was made with --since), which has %.200s: "
                "import that one first",
                import->name, entry->key);
    }
    return 0;
}

/* The bytes that the disk has for new blobs once everything is evicted that the bundle does not name. */
static int64_t space_bytes(const struct import *import, int64_t held_bytes)
{
    const struct storage_config *storage = &import->call->config->storage;
    struct store_figures figures;
    struct statvfs disk;

    if (statvfs(storage->path, &disk) < 0)
        return INT64_MAX;
    store_get_figures(import->call->store, &figures);
    /* f_bavail: what is reserved for root cannot be counted on. */
    int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize - storage->min_free_bytes;
    return free_bytes + (figures.bytes > held_bytes ? figures.bytes - held_bytes : 0);
}

/* The whole bundle must fit, with those of its blobs that are held already: else some would be evicted for
 * others. */
static int check_space(struct import *import)
{
    struct operation_call *call = import->call;
    const struct bundle_content *content = import->content;
    int64_t max_bytes = call->config->storage.max_size_bytes;
    int64_t held_bytes = 0;

    if (content->bytes > max_bytes)
        return operation_failed(
            call, "%s has %" PRId64 " MiB, but max_size is %" PRId64 " MiB: raise it in [storage]",
            import->name, content->bytes >> 20, max_bytes >> 20);
    for (size_t i = 0; i < content->blob_count; i++)
        if (blob_is_held(call->store, &content->blobs[i].digest, content->blobs[i].size_bytes))
            held_bytes += content->blobs[i].size_bytes;
    if (content->bytes - held_bytes > space_bytes(import, held_bytes))
        return disk_failed(import, -ENOSPC);
    return 0;
}

/* ---- blobs ---- */

static void import_blob_committed(void *arg, int error)
{
    struct import *import = arg;

    if (error)
        import->commit_error = error;
}

/* Begins a blob. If the store is full, evicts first and tries again. */
static int import_begin_blob(struct import *import, int64_t size_bytes, struct blob_writer **out)
{
    int error = blob_begin(import->call->store, size_bytes, out);

    if (error != -ENOSPC)
        return error;
    (void)store_evict(import->call->store, false);
    return blob_begin(import->call->store, size_bytes, out);
}

/* Every commit under way keeps a file open, so they are waited for in groups. */
static int wait_for_commits(struct import *import)
{
    store_flush(import->call->store);
    return import->commit_error ? disk_failed(import, import->commit_error) : 0;
}

/* Reads the blob to its end; writer NULL: only to check it. Returns 0; 1 after it has said what failed. */
static int import_copy_blob(struct import *import, struct blob_writer *writer)
{
    struct buf CLEANUP_BUF why = BUF_INIT;
    int64_t at = 0;
    ssize_t got;

    while ((got = bundle_read_bytes(import->reader, import->piece, IMPORT_PIECE_BYTES, &why)) > 0) {
        int error = writer ? blob_write(writer, at, import->piece, (size_t)got) : 0;
        if (error)
            return disk_failed(import, error);
        at += got;
        import->read_bytes += got;
        import_tell_progress(import);
    }
    return got < 0 ? import_refuse(import, why.data) : 0;
}

static int import_take_blob(struct import *import, const struct bundle_blob *blob)
{
    struct store *store = import->call->store;
    struct blob_writer *writer = NULL;

    /* Read anyway: a damaged bundle is refused whatever the store has. */
    if (blob_is_held(store, &blob->digest, blob->size_bytes))
        return import_copy_blob(import, NULL);
    int error = import_begin_blob(import, blob->size_bytes, &writer);
    if (error)
        return disk_failed(import, error);
    if (import_copy_blob(import, writer)) {
        blob_abort(&writer);
        return 1;
    }
    import->added[import->added_count++] = blob->digest;
    import->added_bytes += blob->size_bytes;
    blob_commit(store, &writer, &blob->digest, blob->size_bytes, NULL, 0, import_blob_committed, import);
    return import->added_count % COMMITS_MAX == 0 ? wait_for_commits(import) : 0;
}

static int import_take_blobs(struct import *import)
{
    struct buf CLEANUP_BUF why = BUF_INIT;
    struct bundle_blob blob;
    int more;

    while ((more = bundle_read_blob(import->reader, &blob, &why)) > 0)
        if (import_take_blob(import, &blob))
            return 1;
    if (more < 0)
        return import_refuse(import, why.data);
    if (wait_for_commits(import))
        return 1;
    /* Nothing of the bundle may have been evicted in the meantime: a name without bytes would promise what is
     * not there. */
    const struct bundle_content *content = import->content;
    for (size_t i = 0; i < content->entry_count; i++)
        if (bundle_entry_needs_blob(&content->entries[i]) &&
            !blob_exists(import->call->store, &content->entries[i].digest))
            return disk_failed(import, -ENOSPC);
    return 0;
}

static int blob_note_named(void *named, const struct entry *entry)
{
    (void)entry;
    *(bool *)named = true;
    return 1;
}

/* A blob that a client fetched in the meantime has a name, and stays. */
static void take_back_unnamed(struct import *import, struct digest *digests, size_t count)
{
    struct store *store = import->call->store;
    size_t unnamed = 0;

    for (size_t i = 0; i < count; i++) {
        bool named = false;
        if (entry_list_naming(store, &digests[i], blob_note_named, &named) >= 0 && !named)
            digests[unnamed++] = digests[i];
    }
    /* In groups, all files first and then their rows in one go: one after the other, on a disk that the
     * import itself has filled, the index could not grow by what forgetting a row takes. */
    for (size_t i = 0; i < unnamed; i += TAKE_BACK_MAX) {
        size_t group = unnamed - i < TAKE_BACK_MAX ? unnamed - i : TAKE_BACK_MAX;
        struct removed *CLEANUP_FREE removed = xcalloc(group + 1, sizeof(*removed));
        bool busy = blobs_remove(store, digests + i, group, INT64_MAX, removed) == -EBUSY;
        /* A client is reading one of them: then each that can go, by itself. */
        for (size_t j = 0; busy && j < group; j++)
            (void)blob_remove(store, &digests[i + j], INT64_MAX, removed);
    }
}

/* ---- names ---- */

/* Whether the store's own entry was confirmed later than the bundle's. */
static bool held_is_newer(struct store *store, const struct entry *entry)
{
    struct entry_read read;
    bool newer;

    if (entry_get(store, entry->space, entry->key, &read) != 0)
        return false;
    /* A newer name whose bytes were evicted is of less use here, without a network, than an older one with
     * them. */
    newer = read.entry.confirmed_at_s > entry->confirmed_at_s &&
            (!read.entry.has_digest || blob_exists(store, &read.entry.digest));
    entry_release(&read);
    return newer;
}

static int make_blob(struct import *import, const struct buf *bytes, struct entry *entry)
{
    struct store *store = import->call->store;
    struct blob_writer *writer = NULL;

    entry->size_bytes = (int64_t)bytes->len;
    digest_of(bytes->data, bytes->len, &entry->digest);
    import->made = xrealloc(import->made, (import->made_count + 1) * sizeof(*import->made));
    import->made[import->made_count++] = entry->digest;
    blob_hold(store, &entry->digest);
    int error = import_begin_blob(import, entry->size_bytes, &writer);
    if (!error)
        error = blob_write(writer, 0, bytes->data, bytes->len);
    if (error) {
        blob_abort(&writer);
        return disk_failed(import, error);
    }
    blob_commit(store, &writer, &entry->digest, entry->size_bytes, NULL, 0, import_blob_committed, import);
    return import->made_count % COMMITS_MAX == 0 ? wait_for_commits(import) : 0;
}

/* The entry of a page of imported files then names what that and what is held make together. */
static int merge_page(struct import *import, struct entry *entry)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF merged = BUF_INIT;
    int result = blob_peek(import->call->store, &entry->digest, IMPORTED_PAGE_MAX_BYTES, &body);

    if (!result)
        result = page_merge_imported(import->call->store, entry, &body, &merged);
    if (result < 0)
        return operation_failed(import->call, "%s has a page of %s that cannot be used: %s", import->name,
                                entry->key, strerror(-result));
    return result ? make_blob(import, &merged, entry) : 0;
}

static int prepare_name(struct import *import, const struct entry *from)
{
    int64_t now_s = clock_wall_s();
    struct entry entry = *from;

    /* A name from a machine whose clock is ahead would stay fresh for years. */
    if (entry.confirmed_at_s > now_s)
        entry.confirmed_at_s = now_s;
    if (page_entry_imported(&entry)) {
        if (merge_page(import, &entry))
            return 1;
    } else if (held_is_newer(import->call->store, &entry)) {
        import->entries_kept++;
        return 0;
    }
    import->names[import->name_count++] = entry;
    return 0;
}

static int import_take_entries(struct import *import)
{
    struct operation_call *call = import->call;
    const struct bundle_content *content = import->content;

    import->names = xcalloc(content->entry_count + 1, sizeof(*import->names));
    for (size_t i = 0; i < content->entry_count; i++)
        if (prepare_name(import, &content->entries[i]))
            return 1;
    if (wait_for_commits(import))
        return 1;
    /* One transaction for all names: a disk that fills up now leaves none of them, not half. */
    int error = entries_put(call->store, import->names, import->name_count);
    if (error)
        return disk_failed(import, error);
    /* The proxy's memory may have older pages, or that a tag does not exist. */
    for (size_t i = 0; call->proxy && i < content->entry_count; i++)
        proxy_forget(call->proxy, content->entries[i].space, content->entries[i].key);
    return 0;
}

/* ---- all ---- */

/* Holds all blobs of the bundle against eviction, or lets go of them. New ones have no name before the end,
 * and old ones may be the longest unused: without this they would be evicted for the rest. */
static void import_hold(const struct import *import,
                        void (*change)(struct store *store, const struct digest *digest))
{
    const struct bundle_content *content = import->content;

    for (size_t i = 0; i < content->blob_count; i++)
        change(import->call->store, &content->blobs[i].digest);
    for (size_t i = 0; i < content->entry_count; i++)
        if (bundle_entry_needs_blob(&content->entries[i]))
            change(import->call->store, &content->entries[i].digest);
}

static int import_take_content(struct import *import)
{
    import_hold(import, blob_hold);
    int result = check_entries(import) || check_space(import);
    if (!result) {
        import->added = xcalloc(import->content->blob_count + 1, sizeof(*import->added));
        result = import_take_blobs(import) || import_take_entries(import);
    }
    import_hold(import, blob_let_go);
    for (size_t i = 0; i < import->made_count; i++)
        blob_let_go(import->call->store, &import->made[i]);
    if (result) {
        store_flush(import->call->store); /* commits that are under way would add rows again */
        take_back_unnamed(import, import->added, import->added_count);
        take_back_unnamed(import, import->made, import->made_count);
    }
    return result;
}

static int import_operation_run(struct operation_call *call, const json_t *arguments)
{
    const char *name = json_text_member(arguments, "name");
    struct import import = {.call = call, .name = name ? name : "the bundle"};
    const struct bundle_input input = {import_read_input, &import};
    struct buf CLEANUP_BUF why = BUF_INIT;

    if (call->fd < 0)
        return operation_failed(call, "the command sent no bundle: is it of another version?");
    import.reader = bundle_reader_new(&input);
    import.piece = xmalloc(IMPORT_PIECE_BYTES);
    int result = bundle_read_content(import.reader, &import.content, &why) < 0
                     ? import_refuse(&import, why.data)
                     : import_take_content(&import);
    if (result == 0)
        call->emit(call->arg,
                   json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "type", "summary", "blobs",
                             (json_int_t)import.added_count, "bytes", (json_int_t)import.added_bytes, "held",
                             (json_int_t)(import.content->blob_count - import.added_count), "entries",
                             (json_int_t)import.name_count, "entries_kept", (json_int_t)import.entries_kept));
    free(import.added);
    free(import.made);
    free(import.names);
    free(import.piece);
    bundle_reader_free(&import.reader);
    return result;
}

const struct operation import_operation = {.name = "import", .changes = true, .run = import_operation_run};
