/* The manifest: JSON Lines, parsed in pieces as they come, since a whole one may be 1 GiB. The writer always
 * makes the same bytes of the same content, because their digest is the name of the member. The reader takes
 * one form only: exactly these members, no others, and digests in lower case. */
#include "admin/transfer/bundle_manifest.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin/transfer/bundle.h"
#include "base/check.h"
#include "base/json.h"

/* More than the longest entry takes: a key, a scope and attributes of nothing but characters that are
 * escaped. */
#define MANIFEST_LINE_MAX_BYTES (1024 * 1024)

void bundle_manifest_name(const struct digest *digest, char out[BUNDLE_MANIFEST_NAME_BYTES + 1])
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    snprintf(out, BUNDLE_MANIFEST_NAME_BYTES + 1, BUNDLE_MANIFEST_PREFIX "%s.jsonl", hex);
}

/* ---- writing ---- */

/* Consumes the object. */
static int write_line(json_t *object, int (*write)(void *arg, const void *data, size_t len), void *arg)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0;

    CHECK(text); /* bundle_entry_fits() */
    json_decref(object);
    text[len] = '\n'; /* in place of the NUL */
    int result = write(arg, text, len + 1);
    free(text);
    return result;
}

int bundle_manifest_write(const struct bundle_content *content,
                          int (*write)(void *arg, const void *data, size_t len), void *arg)
{
    int result = write_line(
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "yizhan-bundle", (json_int_t)BUNDLE_VERSION, "created_at",
                  (json_int_t)content->created_at_s, "blobs", (json_int_t)content->blob_count, "entries",
                  (json_int_t)content->entry_count, "bytes", (json_int_t)content->bytes),
        write, arg);

    for (size_t i = 0; !result && i < content->blob_count; i++) {
        char hex[DIGEST_HEX_SIZE];
        digest_hex(&content->blobs[i].digest, hex);
        result = write_line(
            json_pack("{s:s, s:I}", "sha256", hex, "size", (json_int_t)content->blobs[i].size_bytes), write,
            arg);
    }
    for (size_t i = 0; !result && i < content->entry_count; i++) {
        const struct entry *entry = &content->entries[i];
        char hex[DIGEST_HEX_SIZE];
        if (entry->has_digest)
            digest_hex(&entry->digest, hex);
        /* json_pack() keeps the order of its format, so the bytes depend on nothing but the entry. */
        result =
            write_line(json_pack("{s:s, s:s, s:s, s:s?, s:I, s:I, s:s}", "space", entry->space, "key",
                                 entry->key, "scope", entry->scope, "sha256", entry->has_digest ? hex : NULL,
                                 "size", (json_int_t)entry->size_bytes, "confirmed_at",
                                 (json_int_t)entry->confirmed_at_s, "attributes", entry->attributes),
                       write, arg);
    }
    return result;
}

/* ---- reading ---- */

void bundle_manifest_parser_init(struct bundle_manifest_parser *parser, struct bundle_content *content)
{
    *parser = (struct bundle_manifest_parser){.content = content, .line = BUF_INIT, .error = BUF_INIT};
}

void bundle_manifest_parser_release(struct bundle_manifest_parser *parser)
{
    buf_release(&parser->line);
    buf_release(&parser->error);
}

/* A member that is a non-negative integer; -1 if it is anything else. */
static int64_t manifest_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value) : -1;
}

/* Lower-case digits only: there is one way to write a digest. Otherwise two manifests would mean the same,
 * and the name of the member would no longer be decided by the content. */
static int digest_member(const json_t *object, struct digest *out)
{
    const char *hex = json_string_value(json_object_get(object, "sha256"));
    char again[DIGEST_HEX_SIZE];

    if (!hex || digest_parse(hex, strlen(hex), out) < 0)
        return -1;
    digest_hex(out, again);
    return strcmp(hex, again) == 0 ? 0 : -1;
}

/* The manifest_take_*() functions return NULL, or what is wrong as the end of a sentence. */

static const char *manifest_take_head(struct bundle_manifest_parser *parser, const json_t *object)
{
    parser->blobs = manifest_number(object, "blobs");
    parser->entries = manifest_number(object, "entries");
    parser->bytes = manifest_number(object, "bytes");
    parser->content->created_at_s = manifest_number(object, "created_at");
    /* Exactly these members: whatever else a line had would be lost when the bundle is made again. */
    if (json_object_size(object) != 5 || parser->blobs < 0 || parser->entries < 0 || parser->bytes < 0 ||
        parser->content->created_at_s < 0)
        return "it does not say how many blobs, entries and bytes there are, and since when";
    return NULL;
}

static const char *manifest_take_blob(struct bundle_manifest_parser *parser, const json_t *object)
{
    int64_t size_bytes = manifest_number(object, "size");
    struct digest digest;

    if (json_object_size(object) != 2 || size_bytes < 0 || digest_member(object, &digest) < 0)
        return "a digest and a size of a blob were expected";
    /* As a subtraction: the sum of hostile sizes could overflow. */
    if (size_bytes > parser->bytes - parser->content->bytes)
        return "the blobs have more bytes than it says first";
    /* A second member with the same bytes would be a second form of the same bundle. */
    if (!bundle_add_blob(parser->content, &digest, size_bytes))
        return "this blob has been named before";
    return NULL;
}

static const char *manifest_take_entry(struct bundle_manifest_parser *parser, const json_t *object)
{
    const json_t *sha256 = json_object_get(object, "sha256");
    const json_t *size = json_object_get(object, "size");
    struct entry entry = {
        .space = json_string_value(json_object_get(object, "space")),
        .key = json_string_value(json_object_get(object, "key")),
        .scope = json_string_value(json_object_get(object, "scope")),
        .has_digest = !json_is_null(sha256), /* null: a layer of which only the SHA-512 is known */
        .size_bytes = json_integer_value(size),
        .confirmed_at_s = manifest_number(object, "confirmed_at"),
        .attributes = json_string_value(json_object_get(object, "attributes")),
    };

    if (json_object_size(object) != 7 || !entry.space || !entry.key || !entry.scope || !entry.attributes ||
        !sha256 || !json_is_integer(size))
        return "an entry's space, key, scope, sha256, size, confirmed_at and attributes were expected";
    if (entry.has_digest && digest_member(object, &entry.digest) < 0)
        return "the entry's sha256 is not a digest";
    if (!bundle_entry_fits(&entry))
        return "the entry has control characters, is too long, or has an impossible number";
    bundle_add_entry(parser->content, &entry);
    return NULL;
}

static void manifest_take_line(struct bundle_manifest_parser *parser, const char *line, size_t len)
{
    /* Flat objects of at most seven members: deeper JSON is refused before it costs memory. */
    static const struct json_limits limits = {.depth = 1, .containers = 1, .values = 16};
    const struct bundle_content *content = parser->content;
    struct buf CLEANUP_BUF problem = BUF_INIT;

    parser->lines++;
    json_t *CLEANUP_JSON object = json_read_object(line, len, &limits, &problem);
    const char *fault = object ? NULL : problem.data;
    if (object && parser->lines == 1) {
        /* A newer format is told from a file of another kind, because the user can do something about it. It
         * is looked at before the other members, which a newer version may have changed. */
        int64_t version = manifest_number(object, "yizhan-bundle");
        if (version > BUNDLE_VERSION)
            buf_set(&parser->error,
                    "was made by a newer version of Yizhan (format %" PRId64 "): install that", version);
        else if (version < 1)
            buf_set(&parser->error, "is not a bundle of Yizhan");
        else
            fault = manifest_take_head(parser, object);
    } else if (object) {
        /* The counts of the first line, and nothing in a line itself, say which kind of line it is. */
        fault = content->blob_count < (uint64_t)parser->blobs ? manifest_take_blob(parser, object)
                : content->entry_count < (uint64_t)parser->entries
                    ? manifest_take_entry(parser, object)
                    : "there are more lines than it says first";
    }
    if (fault)
        buf_set(&parser->error, "has a bad manifest, line %" PRIu64 ": %s", parser->lines, fault);
}

void bundle_manifest_feed(struct bundle_manifest_parser *parser, const char *data, size_t len)
{
    while (len > 0 && !parser->error.len) {
        const char *end = memchr(data, '\n', len);
        size_t part = end ? (size_t)(end - data) : len;
        if (parser->line.len + part > MANIFEST_LINE_MAX_BYTES) {
            buf_set(&parser->error, "has a bad manifest, line %" PRIu64 ": it is too long",
                    parser->lines + 1);
            return;
        }
        /* Most lines come whole in a piece, and are parsed where they are, without a copy. */
        if (end && !parser->line.len) {
            manifest_take_line(parser, data, part);
        } else {
            buf_add(&parser->line, data, part);
            if (end) {
                manifest_take_line(parser, parser->line.data, parser->line.len);
                buf_reset(&parser->line);
            }
        }
        part += end != NULL;
        data += part;
        len -= part;
    }
}

int bundle_manifest_end(struct bundle_manifest_parser *parser, struct buf *error)
{
    const struct bundle_content *content = parser->content;

    if (!parser->error.len &&
        (!parser->lines || parser->line.len || content->blob_count != (uint64_t)parser->blobs ||
         content->entry_count != (uint64_t)parser->entries || content->bytes != parser->bytes))
        buf_set(&parser->error, "has a bad manifest: it does not have what its first line says");
    buf_add(error, parser->error.data, parser->error.len);
    return parser->error.len ? -1 : 0;
}
