/* Sends a part of a store as a bundle: what is named, or all of it. Nothing is left out in silence where it
 * was named: a bundle that lacks a part would be found out on the far side of the border. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/operation.h"
#include "admin/transfer/bundle.h"
#include "base/clock.h"
#include "base/digest_set.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/string_set.h"
#include "base/text.h"
#include "storage/catalog/bundle_names.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/prefetch_record.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"

/* How often to check whether the command is still wanted. */
#define WAIT_MS 200
#define PROGRESS_EVERY_MS 1000

struct exporting {
    struct operation_call *call;
    struct bundle_content content; /* its blobs are held against eviction: they are sent one by one */
    struct string_set *added;      /* names in the content, where one may come twice; NULL: none can */
    struct digest_set *without;    /* blobs that an earlier bundle has */
    int64_t since_s;               /* only blobs added later; 0: all */
    bool strict;                   /* a named entry whose blob is missing is an error */
    bool lenient;                  /* for conversions, which say themselves what is missing: entries stay */
    int64_t left_out;              /* entries whose blob is not held */
    bool output_failed;            /* writing failed, and not reading the store */
    int64_t sent_bytes;
    int64_t told_ms;
};

/* ---- what belongs to it ---- */

/* Adds an entry and its blob. Returns 0, or 1 with a message about what is missing. */
static int export_add_entry(void *arg, const struct entry *entry)
{
    struct exporting *export = arg;
    struct store *store = export->call->store;
    struct blob_row row;

    /* Names may overlap: "pypi:flask" and "pypi:flask==3.0". */
    char *CLEANUP_FREE name = export->added ? entry_name(entry->space, entry->key) : NULL;
    if (name && !string_set_add(export->added, name))
        return 0;
    if (!bundle_entry_good(entry) || !bundle_entry_fits(entry)) {
        export->left_out++;
        return export->strict
                   ? operation_failed(export->call, "%s %s has a form that a bundle cannot carry: purge it",
                                      entry->space, entry->key)
                   : 0;
    }
    if (bundle_entry_needs_blob(entry)) {
        /* Held before it is looked for: it could be evicted in between, and would be missed only when it is
         * to be sent. */
        blob_hold(store, &entry->digest);
        if (blob_look(store, &entry->digest, &row) < 0 || !blob_exists(store, &entry->digest)) {
            blob_let_go(store, &entry->digest);
            export->left_out++;
            if (export->lenient)
                bundle_add_entry(&export->content, entry);
            return export->strict ? operation_failed(export->call,
                                                     "%s is named, but not in the store: fetch it first, for "
                                                     "instance by `yizhan prefetch`",
                                                     entry->key)
                                  : 0;
        }
        bool wanted = !digest_set_has(export->without, &row.digest) &&
                      (!export->since_s || row.added_at_s >= export->since_s);
        if (!wanted || !bundle_add_blob(&export->content, &row.digest, row.size_bytes))
            blob_let_go(store, &entry->digest); /* left out, or held already: holds are counted */
    }
    bundle_add_entry(&export->content, entry);
    return 0;
}

/* ---- by name ---- */

/* Collecting runs twice, first for manifests alone: a conversion must read all of them before it can choose
 * blobs. */
struct export_search {
    struct exporting *export;
    bool manifests;
    size_t count;
};

static int export_add_found(void *arg, const struct entry *entry)
{
    struct export_search *search = arg;

    search->count++;
    return entry_is_in(entry, SPACE_MANIFEST) == search->manifests ? export_add_entry(search->export, entry)
                                                                   : 0;
}

/* Adds the page: pip needs it even for one release. */
static int export_add_page(struct exporting *export, const char *project)
{
    struct entry_read read;
    int error = entry_get(export->call->store, SPACE_PAGE, project, &read);

    if (error == -ENOENT)
        return 0;
    if (error)
        return operation_store_failed(export->call, "read the index", error);
    int result = export_add_entry(export, &read.entry);
    entry_release(&read);
    return result;
}

/* Adds the image that a tag means now: the list noted the entries of the image that it meant then. */
static int export_add_image(struct export_search *search, const char *tag_key)
{
    const struct operation_call *call = search->export->call;
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    char *CLEANUP_FREE text = xconcat("docker:", tag_key);

    if (holding_parse(call->config, text, &holding, &error) < 0)
        return 0;
    return holding_each(call->store, &holding, export_add_found, search);
}

struct adding_list {
    struct export_search *search;
    const char *list;
};

/* Of pages and tags, those of now: the ones that the list noted may have changed since. Metadata is read out
 * of the wheel again where it is missing. */
static int add_need(void *arg, const struct prefetch_need *need)
{
    const struct adding_list *adding = arg;
    struct operation_call *call = adding->search->export->call;
    struct entry_read read;
    int error = entry_get(call->store, need->space, need->key, &read);

    if (error == -ENOENT && strcmp(need->space, SPACE_METADATA) != 0)
        return operation_failed(
            call,
            "prefetch:%s needs %s, which is no longer in the store: run `yizhan prefetch` with the "
            "same list first",
            adding->list, need->key);
    if (error)
        /* Missing metadata is no loss, see above. */
        return error == -ENOENT ? 0 : error;
    int result = export_add_found(adding->search, &read.entry);
    bool moved = strcmp(need->space, SPACE_TAG) == 0 && !(read.entry.has_digest && need->has_digest &&
                                                          digest_equal(&read.entry.digest, &need->digest));
    entry_release(&read);
    return !result && moved ? export_add_image(adding->search, need->key) : result;
}

static int export_add_holding(struct exporting *export, const struct holding *holding, const char *text,
                              bool manifests)
{
    struct export_search search = {.export = export, .manifests = manifests};
    struct adding_list adding = {&search, holding->name};
    int result = holding->kind == HOLDING_LIST
                     ? prefetch_record_each(export->call->store, holding->name, add_need, &adding)
                     : holding_each(export->call->store, holding, export_add_found, &search);

    if (result == -ENOENT && holding->kind == HOLDING_LIST)
        result = 0; /* no such list: nothing was counted, as of any other name that is not held */
    if (result < 0)
        return operation_store_failed(export->call, "read the index", result);
    if (!result && !search.count)
        return operation_failed(export->call, "nothing of %s is in the store; `yizhan ls` lists what is",
                                text);
    return !result && !manifests && holding->kind == HOLDING_PROJECT ? export_add_page(export, holding->name)
                                                                     : result;
}

static int export_add_names(struct exporting *export, const json_t *names, bool manifests)
{
    size_t i;
    const json_t *name;

    json_array_foreach(names, i, name)
    {
        struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
        const char *text = json_string_value(name);
        if (!text)
            continue;
        if (holding_parse(export->call->config, text, &holding, &export->call->error) < 0 ||
            export_add_holding(export, &holding, text, manifests))
            return 1;
    }
    return 0;
}

/* ---- by entries ---- */

static int add_named_entries(struct exporting *export, const json_t *entries, bool manifests)
{
    size_t i;
    const json_t *entry;

    json_array_foreach(entries, i, entry)
    {
        const char *space = json_text_member(entry, "space");
        const char *key = json_text_member(entry, "key");
        struct entry_read read;
        if (!space || !key || (strcmp(space, SPACE_MANIFEST) == 0) != manifests)
            continue;
        if (entry_get(export->call->store, space, key, &read) != 0)
            return operation_failed(
                export->call,
                "%s is needed, but not in the store: run `yizhan prefetch` with the same list first", key);
        int result = export_add_entry(export, &read.entry);
        entry_release(&read);
        if (result)
            return 1;
    }
    return 0;
}

static int export_collect(struct exporting *export, const json_t *arguments)
{
    const json_t *entries = json_object_get(arguments, "entries");
    const json_t *names = json_object_get(arguments, "names");

    store_flush(export->call->store); /* so that metadata just taken out of wheels is found, too */
    if (json_is_true(json_object_get(arguments, "all"))) {
        int result = 0;
        for (size_t i = 0; bundle_spaces[i] && !result; i++)
            result = entry_walk(export->call->store, bundle_spaces[i], "", export_add_entry, export);
        return result < 0 ? operation_store_failed(export->call, "read the index", result) : result;
    }
    /* Not for `all`: walks give each entry once, and the set would have every name of the store. */
    export->added = string_set_new();
    export->lenient = json_is_true(json_object_get(arguments, "lenient"));
    export->strict = !export->lenient;
    /* Manifests, then everything else. */
    for (int i = 0; i < 2; i++) {
        bool manifests = i == 0;
        if (add_named_entries(export, entries, manifests) || export_add_names(export, names, manifests))
            return 1;
    }
    return 0;
}

/* ---- sending ---- */

static int export_tell_progress(struct exporting *export)
{
    struct operation_call *call = export->call;
    int64_t now_ms = clock_mono_ms();

    if (now_ms - export->told_ms < PROGRESS_EVERY_MS)
        return 0;
    export->told_ms = now_ms;
    return call->emit(call->arg,
                      json_pack("{s:s, s:I, s:I}", "type", "progress", "bytes",
                                (json_int_t) export->sent_bytes, "of", (json_int_t) export->content.bytes));
}

/* Waits for the reader, in steps, so that a command whose client is gone ends. */
static int export_write_output(void *arg, const void *data, size_t len)
{
    struct exporting *export = arg;
    struct operation_call *call = export->call;
    struct pollfd output = {.fd = call->fd, .events = POLLOUT};
    const char *at = data;

    while (len > 0) {
        if (!call->wanted(call->arg))
            return -ECANCELED;
        if (poll(&output, 1, WAIT_MS) <= 0)
            continue;
        ssize_t sent = write(call->fd, at, len);
        if (sent < 0 && errno != EINTR && errno != EAGAIN) {
            export->output_failed = true;
            return -errno;
        }
        if (sent <= 0)
            continue;
        at += sent;
        len -= (size_t)sent;
        export->sent_bytes += sent;
    }
    return export_tell_progress(export) < 0 ? -ECANCELED : 0;
}

static int send_failed(struct exporting *export, int error, const struct bundle_blob *blob)
{
    char hex[DIGEST_HEX_SIZE] = "";

    if (blob)
        digest_hex(&blob->digest, hex);
    /* EIO may be of the store's disk or of the medium that the bundle goes to. */
    if (!export->output_failed && (error == -ENOENT || error == -EBADMSG || error == -EIO))
        return operation_failed(
            export->call, "the blob %s is gone or damaged: run `yizhan verify --repair`, and try again", hex);
    if (error == -ENOSPC || error == -EDQUOT)
        return operation_failed(export->call, "the disk that the bundle is written to is full");
    if (error == -EFBIG && export->output_failed)
        return operation_failed(export->call,
                                "the file system takes no file as large as the bundle (FAT32: less "
                                "than 4 GiB): write pieces, for instance with --split 3G");
    if (error == -EPIPE)
        return operation_failed(export->call, "the reader of the bundle is gone");
    if (error == -ECANCELED)
        return operation_failed(export->call, "interrupted");
    return operation_store_failed(export->call, "write the bundle", error);
}

static int send_blob(struct exporting *export, struct bundle_writer *writer, const struct bundle_blob *wanted)
{
    struct store *store = export->call->store;
    struct blob blob;
    int error = blob_open(store, &wanted->digest, &blob);

    if (error)
        return error;
    /* Blobs are read once, front to back. */
    posix_fadvise(blob.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    error = bundle_write_file(writer, wanted, blob.fd);
    blob_close(store, &blob);
    return error;
}

static int send_bundle(struct exporting *export, int compress)
{
    const struct bundle_output output = {export_write_output, export};
    struct bundle_writer *writer = bundle_writer_new(&output, compress);
    const struct bundle_content *content = &export->content;
    const struct bundle_blob *blob = NULL;
    int error = bundle_write_content(writer, content);

    for (size_t i = 0; i < content->blob_count && !error; i++) {
        blob = &content->blobs[i];
        error = send_blob(export, writer, blob);
    }
    if (!error)
        error = bundle_write_end(writer);
    bundle_writer_free(&writer);
    return error ? send_failed(export, error, blob) : 0;
}

/* ---- all ---- */

static int export_collect_and_send(struct exporting *export, const json_t *arguments)
{
    struct operation_call *call = export->call;
    size_t i;
    const json_t *hex;
    struct digest digest;

    json_array_foreach(json_object_get(arguments, "without"), i, hex)
    {
        const char *text = json_string_value(hex);
        if (text && digest_parse(text, strlen(text), &digest) == 0)
            digest_set_add(export->without, &digest);
    }
    export->since_s = json_number_member(arguments, "since");
    if (export_collect(export, arguments))
        return 1;
    if (!export->content.entry_count)
        return operation_failed(call, "the store has nothing of that");
    /* Writing to a pipe that nobody reads must not block the thread; for a file this changes nothing. The
     * flags are restored, since standard output is shared with other programs that do not expect EAGAIN. */
    int flags = fcntl(call->fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(call->fd, F_SETFL, flags | O_NONBLOCK);
    int compress = json_is_true(json_object_get(arguments, "compress")) ? BUNDLE_COMPRESS_LEVEL : 0;
    int failure = send_bundle(export, compress);
    if (flags >= 0)
        (void)fcntl(call->fd, F_SETFL, flags);
    if (failure)
        return 1;
    call->emit(call->arg,
               json_pack("{s:s, s:I, s:I, s:I, s:I}", "type", "summary", "blobs",
                         (json_int_t) export->content.blob_count, "bytes", (json_int_t) export->content.bytes,
                         "entries", (json_int_t) export->content.entry_count, "left_out",
                         (json_int_t) export->left_out));
    return 0;
}

static int export_operation_run(struct operation_call *call, const json_t *arguments)
{
    struct exporting export = {.call = call};

    if (call->fd < 0)
        return operation_failed(call, "the command sent nothing to write to: is it of another version?");
    export.without = digest_set_new();
    bundle_content_init(&export.content);
    int result = export_collect_and_send(&export, arguments);
    /* The content has each blob once, so each hold is let go of once. */
    for (size_t i = 0; i < export.content.blob_count; i++)
        blob_let_go(call->store, &export.content.blobs[i].digest);
    bundle_content_release(&export.content);
    digest_set_free(&export.without);
    string_set_free(&export.added);
    return result;
}

const struct operation export_operation = {.name = "export", .run = export_operation_run};
