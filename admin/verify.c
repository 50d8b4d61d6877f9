/* yizhan verify: compares the blobs with their digests and with the index. The operation reads at a limited
 * rate, since the server serves from the same disk, and removes nothing unless told to. What it removed is
 * fetched again: by the server that runs the operation, or by the command afterwards, when the store is free
 * for a private server. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "admin/command_line.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "admin/refetch.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/config_value.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/forget.h"
#include "proxy/core/proxy.h"
#include "storage/upkeep.h"

#define RATE_DEFAULT_BYTES (100 << 20)
#define PROGRESS_EVERY_MS 1000
/* Naps are short, so that a command whose client is gone ends soon. */
#define NAP_MS 100

static const char *const fault_names[BLOB_FAULTS] = {
    [BLOB_SOUND] = "none",
    [BLOB_NOT_HELD] = "none",
    [BLOB_WITHOUT_FILE] = "no file",
    [BLOB_WITHOUT_ROW] = "not in the index",
    [BLOB_WRONG_SIZE] = "wrong size",
    [BLOB_WRONG_BYTES] = "wrong bytes",
    [BLOB_UNREADABLE] = "unreadable",
};

/* ---- the operation ---- */

struct verification {
    struct operation_call *call;
    bool repair;
    double share;       /* of the blobs that are hashed, 0 .. 1 */
    double due;         /* grows by `share` with each blob; at 1 a blob is hashed */
    int64_t rate_bytes; /* each second; 0: as fast as it goes */
    int64_t started_ms;
    int64_t told_ms; /* the last progress */
    int64_t of_blobs;
    int64_t blobs;
    int64_t hashed;
    int64_t bytes; /* read */
    int64_t faults[BLOB_FAULTS];
    int64_t repaired;
    int64_t refetched;
};

static int verify_tell_progress(struct verification *verification)
{
    struct operation_call *call = verification->call;
    int64_t now_ms = clock_mono_ms();

    if (!call->wanted(call->arg))
        return -1;
    if (now_ms - verification->told_ms < PROGRESS_EVERY_MS)
        return 0;
    verification->told_ms = now_ms;
    return call->emit(call->arg,
                      json_pack("{s:s, s:I, s:I, s:I}", "type", "progress", "blobs",
                                (json_int_t)verification->blobs, "of", (json_int_t)verification->of_blobs,
                                "bytes", (json_int_t)verification->bytes));
}

/* Sleeps until the rate allows for the bytes that were read. Returns -1 when the command is not wanted any
 * more. */
static int verify_pace(void *arg, size_t bytes)
{
    struct verification *verification = arg;

    verification->bytes += (int64_t)bytes;
    for (;;) {
        if (verify_tell_progress(verification) < 0)
            return -1;
        if (!verification->rate_bytes)
            return 0;
        /* On average since the start, so that a pause for a slow disk is made up for. */
        double due_ms = (double)verification->bytes / (double)verification->rate_bytes * 1000;
        int64_t early_ms = (int64_t)due_ms - (clock_mono_ms() - verification->started_ms);
        if (early_ms <= 0)
            return 0;
        poll(NULL, 0, early_ms < NAP_MS ? (int)early_ms : NAP_MS);
    }
}

/* A blob may be evicted between its listing and its check: that is not a fault. */
static bool is_fault(const struct blob_verdict *verdict)
{
    return verdict->fault != BLOB_SOUND && verdict->fault != BLOB_NOT_HELD;
}

/* The entries that name a blob, collected before it is removed. */
struct blob_names {
    json_t *entries;
    char *path; /* where the server would serve it */
};

static int verify_add_name(void *arg, const struct entry *entry)
{
    struct blob_names *names = arg;

    json_array_append_new(names->entries,
                          json_pack("{s:s, s:o}", "space", entry->space, "key", operation_text(entry->key)));
    /* The first that has one: not every space has a path that clients ask for by digest. */
    if (!names->path)
        names->path = refetch_path(entry);
    return 0;
}

static int report(struct verification *verification, const struct digest *digest,
                  const struct blob_verdict *verdict, const struct blob_names *names)
{
    struct operation_call *call = verification->call;
    char hex[DIGEST_HEX_SIZE];
    bool refetched = false;

    digest_hex(digest, hex);
    verification->faults[verdict->fault]++;
    verification->repaired += verdict->repaired;
    if (verdict->removed && call->proxy) {
        size_t i;
        json_t *entry;
        /* Memory may still have what the entries say, and serve it. */
        json_array_foreach(names->entries, i, entry)
            proxy_forget(call->proxy, json_string_value(json_object_get(entry, "space")),
                         json_string_value(json_object_get(entry, "key")));
        /* One name is enough: they all name the same bytes. */
        if (names->path && !call->config->server.offline)
            refetched = refetch(call->proxy, names->path) == 0;
    }
    verification->refetched += refetched;
    json_t *fault = json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:O}", "type", "fault", "fault",
                              fault_names[verdict->fault], "sha256", hex, "bytes",
                              (json_int_t)verdict->size_bytes, "repaired", (int)verdict->repaired, "removed",
                              (int)verdict->removed, "refetched", (int)refetched, "entries", names->entries);
    if (verdict->removed && !call->proxy && names->path)
        json_object_set_new(fault, "path", operation_text(names->path)); /* what refetch_alone() takes */
    return call->emit(call->arg, fault);
}

/* Checks without repair first: a repair removes the entries, whose names the report needs. */
static int look_and_mend(struct verification *verification, const struct digest *digest, bool hash)
{
    struct operation_call *call = verification->call;
    json_t *CLEANUP_JSON entries = json_array();
    struct blob_names names = {.entries = entries};
    struct blob_check check = {.hash = hash, .pace = verify_pace, .arg = verification};
    struct blob_verdict verdict = {.fault = BLOB_SOUND};
    int error = blob_verify(call->store, digest, &check, &verdict);

    if (!error && is_fault(&verdict)) {
        error = entry_list_naming(call->store, digest, verify_add_name, &names);
        check.repair = verification->repair;
        if (!error && check.repair)
            error = blob_verify(call->store, digest, &check, &verdict);
    }
    /* Counted by what the second look found: an eviction in between is not a fault. */
    verification->blobs += !error && verdict.fault != BLOB_NOT_HELD;
    if (!error && is_fault(&verdict))
        error = report(verification, digest, &verdict, &names) < 0 ? -ECANCELED : 0;
    free(names.path);
    return error;
}

static int verify_blob(void *arg, const struct digest *digest)
{
    struct verification *verification = arg;

    /* Every n-th in the order of the digests, which is as good as chance. */
    verification->due += verification->share;
    bool hash = verification->due >= 1;
    if (hash)
        verification->due -= 1;
    int error = look_and_mend(verification, digest, hash);
    verification->hashed += !error && hash;
    return error ? error : verify_tell_progress(verification) < 0 ? -ECANCELED : 0;
}

static int verify_emit_summary(struct verification *verification)
{
    struct operation_call *call = verification->call;
    int64_t faults = 0;
    json_t *kinds = json_object();

    for (int i = BLOB_WITHOUT_FILE; i < BLOB_FAULTS; i++) {
        json_object_set_new(kinds, fault_names[i], json_integer(verification->faults[i]));
        faults += verification->faults[i];
    }
    call->emit(call->arg,
               json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "type", "summary", "blobs",
                         (json_int_t)verification->blobs, "hashed", (json_int_t)verification->hashed, "bytes",
                         (json_int_t)verification->bytes, "faults", (json_int_t)faults, "repaired",
                         (json_int_t)verification->repaired, "refetched", (json_int_t)verification->refetched,
                         "kinds", kinds));
    /* The exit status is for cron: 1 as long as something wrong is left. */
    if (faults == verification->repaired)
        return 0;
    return operation_failed(call, "%" PRId64 " fault%s %s", faults - verification->repaired,
                            faults - verification->repaired == 1 ? "" : "s",
                            verification->repair ? "could not be repaired"
                                                 : "found; `yizhan verify --repair` removes what is wrong");
}

static int verify_operation_run(struct operation_call *call, const json_t *arguments)
{
    const json_t *sample = json_object_get(arguments, "sample");
    const json_t *rate_bytes = json_object_get(arguments, "rate_bytes");
    struct store_figures figures;

    store_get_figures(call->store, &figures);
    struct verification verification = {
        .call = call,
        .repair = json_is_true(json_object_get(arguments, "repair")),
        .share = json_is_number(sample) ? json_number_value(sample) / 100 : 1,
        .rate_bytes = json_is_integer(rate_bytes) ? json_integer_value(rate_bytes) : RATE_DEFAULT_BYTES,
        .started_ms = clock_mono_ms(),
        .told_ms = clock_mono_ms(),
        .of_blobs = figures.blobs,
    };
    /* Where the sample begins: each run hashes other blobs, so that over time all are read. */
    uint32_t number = 0;
    if (verification.share < 1 && getrandom(&number, sizeof(number), 0) == sizeof(number))
        verification.due = number / 4294967296.0;
    int error = blob_walk(call->store, verify_blob, &verification);
    /* No summary then: its counts would read as those of the whole store. */
    if (error == -ECANCELED)
        return operation_failed(call, "interrupted after %" PRId64 " of %" PRId64 " blobs",
                                verification.blobs, verification.of_blobs);
    if (error)
        return operation_store_failed(call, "verify the store", error);
    return verify_emit_summary(&verification);
}

const struct operation verify_operation = {.name = "verify", .changes = true, .run = verify_operation_run};

/* ---- for people ---- */

static void print_fault(const json_t *object)
{
    const json_t *first = json_array_get(json_object_get(object, "entries"), 0);
    const char *done = json_is_true(json_object_get(object, "refetched")) ? "removed and fetched again"
                       : json_is_true(json_object_get(object, "removed"))
                           ? "removed; the next request fetches it"
                       : json_is_true(json_object_get(object, "repaired")) ? "entered into the index"
                                                                           : "left as it is";

    printf("%s: %s %s %s: %s\n", json_string_value(json_object_get(object, "sha256")),
           json_string_value(json_object_get(object, "fault")),
           first ? json_string_value(json_object_get(first, "space")) : "-",
           first ? json_string_value(json_object_get(first, "key")) : "", done);
}

static void verify_print_summary(const json_t *object)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    text_print_count(&text, json_number_member(object, "blobs"), "blob");
    buf_printf(&text, ", %" PRId64 " of them read (", json_number_member(object, "hashed"));
    text_print_size(&text, json_number_member(object, "bytes"));
    buf_add_text(&text, "): ");
    text_print_count(&text, json_number_member(object, "faults"), "fault");
    printf("%s, %" PRId64 " repaired\n", text.data, json_number_member(object, "repaired"));
}

static void verify_print(void *arg, const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));

    (void)arg;
    if (strcmp(type, "progress") == 0) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        buf_printf(&text, "%" PRId64 " of ", json_number_member(object, "blobs"));
        text_print_count(&text, json_number_member(object, "of"), "blob");
        buf_add_text(&text, ", ");
        text_print_size(&text, json_number_member(object, "bytes"));
        buf_add_text(&text, " read");
        operation_run_show_progress("%s", text.data);
    } else if (strcmp(type, "fault") == 0) {
        print_fault(object);
    } else {
        verify_print_summary(object);
    }
}

/* Collects the paths of what was removed while no server ran. */
static void note_path(void *paths, const json_t *object)
{
    json_t *path = json_object_get(object, "path");

    if (path)
        json_array_append(paths, path);
}

/* Fetches them with a server of our own, now that the store is free. If that fails, the next request will try
 * again. */
static void fetch_again(const struct command_line *line, const json_t *paths)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    size_t count = json_array_size(paths);
    int fetched = count ? refetch_alone(line->config_path, paths, &error) : 0;

    if (fetched < 0)
        fprintf(stderr, "yizhan verify: what was removed is not fetched again: %s\n", error.data);
    else if (count && line->json)
        printf("{\"type\":\"refetch\",\"removed\":%zu,\"refetched\":%d}\n", count, fetched);
    else if (count)
        printf("%d of %zu that were removed are fetched again\n", fetched, count);
}

enum { REPAIR = 256, SAMPLE, RATE };

static int verify_take_option(struct command_line *line, int option, const char *value)
{
    int64_t bytes;

    if (option == SAMPLE) {
        char *end;
        double percent = strtod(value, &end);
        if (end == value || strcmp(end, "%") != 0 || !(percent > 0 && percent <= 100)) /* NaN, too */
            return command_line_bad_value(line, "--sample", value, "a share such as 5%");
        json_object_set_new(line->arguments, "sample", json_real(percent));
        return 0;
    }
    if (option == REPAIR) {
        json_object_set_new(line->arguments, "repair", json_true());
        return 0;
    }
    if (config_parse_size(value, &bytes) < 0)
        return command_line_bad_value(line, "--rate", value, "a size such as 100M (K M G T), or 0");
    json_object_set_new(line->arguments, "rate_bytes", json_integer(bytes));
    return 0;
}

static int run_verify(int argc, char **argv);

const struct command verify_command = {
    .name = "verify",
    .arguments = COMMON_ARGUMENTS " [--repair] [--sample SHARE] [--rate SIZE]",
    .summary = "compare what is stored with its digests and the index",
    .details = COMMON_DETAILS
    "      --repair        remove what is wrong, and fetch it again\n"
    "      --sample SHARE  read only some of the blobs, others each time: 5%\n"
    "      --rate SIZE     read at most this much per second; default: 100M; 0: no limit\n" COMMON_CLOSING
    "Checks that every blob has a file of the right size, and reads all files or a sample. With --repair, a "
    "file\n"
    "that the index does not know is added if its bytes are right. What was removed and cannot be fetched "
    "now is\n"
    "fetched at the next request for it. The exit status is 1 if something was wrong and is not repaired.\n",
    .run = run_verify,
};

static int run_verify(int argc, char **argv)
{
    static const struct option options[] = {COMMON_OPTIONS,
                                            {"repair", no_argument, NULL, REPAIR},
                                            {"sample", required_argument, NULL, SAMPLE},
                                            {"rate", required_argument, NULL, RATE},
                                            {NULL, 0, NULL, 0}};
    json_t *CLEANUP_JSON paths = json_array();
    const struct printer printer = {.object = verify_print, .note = note_path, .arg = paths};
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&verify_command);

    if (command_line_options(&line, argc, argv, options, verify_take_option))
        return EXIT_USAGE;
    if (optind < argc)
        return command_surplus(&verify_command, argv[optind]);
    int result = operation_run(&line, &verify_operation, &printer);
    /* Even after a failure: what was removed before it is missing anyway. */
    fetch_again(&line, paths);
    return result;
}
