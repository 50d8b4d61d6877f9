/* The JSON form (PEP 691, 700, 708, 714, 740, 792) read as a stream of events: the document is never a tree,
 * because a page may have 64 MiB and a tree several times that.
 *
 * The parser knows where it is by a stack of places, whose depth is limited; yajl itself would go as deep as
 * the document says. A member that is unknown, null or of the wrong type is skipped with everything in it. If
 * a key is repeated, the last one wins, as in most readers of JSON: a list that begins again drops what the
 * first one had. Strings come out of yajl as views and are kept only until the end of their file, when
 * page_add_file() copies what it takes.
 *
 * yajl's callbacks return 1 to continue and 0 to stop; the sentence is in parser->error by then. */
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/text.h"
#include "formats/python/page_private.h"

/* Which object or array is open. */
enum place {
    PLACE_TOP,
    PLACE_ROOT,
    PLACE_META,
    PLACE_TRACKS,
    PLACE_ALTERNATES,
    PLACE_VERSIONS,
    PLACE_STATUS,
    PLACE_FILES,
    PLACE_FILE,
    PLACE_HASHES,
    PLACE_METADATA,
    PLACE_PROJECTS,
    PLACE_PROJECT,
    PLACE_SKIP, /* something unknown, and all that is in it */
};

/* The last key, if it means something in its place. */
enum member {
    MEMBER_UNKNOWN,
    MEMBER_NAME,
    MEMBER_META,
    MEMBER_API_VERSION,
    MEMBER_TRACKS,
    MEMBER_ALTERNATES,
    MEMBER_VERSIONS,
    MEMBER_STATUS,
    MEMBER_REASON,
    MEMBER_FILES,
    MEMBER_FILENAME,
    MEMBER_URL,
    MEMBER_HASHES,
    MEMBER_SIZE,
    MEMBER_UPLOAD_TIME,
    MEMBER_REQUIRES_PYTHON,
    MEMBER_YANKED,
    MEMBER_CORE_METADATA,
    MEMBER_DIST_METADATA,
    MEMBER_PROVENANCE,
    MEMBER_GPG_SIG,
    MEMBER_PROJECTS,
    MEMBERS,
};

static const struct {
    enum place place;
    const char *name;
    size_t len;
    enum member member;
} members[] = {
/* Lengths come from the compiler, because every key of a page is compared with these. */
#define M(place, name, member)                \
    {                                         \
        place, name, sizeof(name) - 1, member \
    }
    M(PLACE_FILE, "filename", MEMBER_FILENAME),
    M(PLACE_FILE, "url", MEMBER_URL),
    M(PLACE_FILE, "hashes", MEMBER_HASHES),
    M(PLACE_FILE, "size", MEMBER_SIZE),
    M(PLACE_FILE, "upload-time", MEMBER_UPLOAD_TIME),
    M(PLACE_FILE, "requires-python", MEMBER_REQUIRES_PYTHON),
    M(PLACE_FILE, "yanked", MEMBER_YANKED),
    M(PLACE_FILE, "core-metadata", MEMBER_CORE_METADATA),
    M(PLACE_FILE, "dist-info-metadata", MEMBER_DIST_METADATA),
    M(PLACE_FILE, "data-dist-info-metadata",
      MEMBER_DIST_METADATA), /* PEP 714: servers wrote it so for years */
    M(PLACE_FILE, "provenance", MEMBER_PROVENANCE),
    M(PLACE_FILE, "gpg-sig", MEMBER_GPG_SIG),
    M(PLACE_ROOT, "meta", MEMBER_META),
    M(PLACE_ROOT, "name", MEMBER_NAME),
    M(PLACE_ROOT, "files", MEMBER_FILES),
    M(PLACE_ROOT, "versions", MEMBER_VERSIONS),
    M(PLACE_ROOT, "alternate-locations", MEMBER_ALTERNATES),
    M(PLACE_ROOT, "project-status", MEMBER_STATUS),
    M(PLACE_ROOT, "projects", MEMBER_PROJECTS),
    M(PLACE_META, "api-version", MEMBER_API_VERSION),
    M(PLACE_META, "tracks", MEMBER_TRACKS),
    M(PLACE_STATUS, "status", MEMBER_STATUS),
    M(PLACE_STATUS, "reason", MEMBER_REASON),
    M(PLACE_PROJECT, "name", MEMBER_NAME),
#undef M
};

/* Longer than any algorithm's name that we know; a longer one counts as unknown. */
#define HASH_NAME_MAX 16

struct json_parser {
    struct page_builder *page; /* or NULL */
    struct list_builder *list; /* or NULL */
    struct buf *error;
    const char *url;
    enum place places[PAGE_NESTING_MAX + 1];
    size_t depth;
    enum member key; /* the last key; meaningful for the value that follows it */
    char hash_name[HASH_NAME_MAX];
    size_t hash_name_len;
    bool metadata_is_core; /* in PLACE_METADATA: which of the two members */
    bool has_core;         /* "core-metadata" was there: it outranks the old name */
    bool complete;         /* the member that makes the document ours was there */
    struct page_entry entry;
    struct buf texts[MEMBERS]; /* of the current file; the entry points into them. Reused from file to file */
};

static enum place here(const struct json_parser *parser)
{
    return parser->places[parser->depth];
}

static int enter(struct json_parser *parser, enum place place)
{
    if (parser->depth == PAGE_NESTING_MAX) {
        buf_set(parser->error, "%s is nested deeper than %d levels", parser->url, PAGE_NESTING_MAX);
        return 0;
    }
    parser->places[++parser->depth] = place;
    parser->key = MEMBER_UNKNOWN;
    return 1;
}

/* Copies a string into the slot of its member. Our strings end at the first NUL, so one with a NUL inside is
 * not taken: it would be another string. */
static const char *json_view_text(struct json_parser *parser, enum member member, const char *text,
                                  size_t len)
{
    struct buf *slot = &parser->texts[member];

    if (len > PAGE_STRING_MAX || memchr(text, '\0', len) || !text_is_utf8(text, len))
        return NULL;
    buf_reset(slot);
    buf_add(slot, text, len);
    return slot->data;
}

/* ---- values ---- */

/* PEP 714: "core-metadata" outranks the old name, in whichever order they come. */
static void set_metadata(struct json_parser *parser, bool core, enum page_metadata metadata)
{
    if (parser->has_core && !core)
        return;
    parser->has_core |= core;
    parser->entry.metadata = metadata;
}

/* A member that is null is like one that is not there. */
static int on_null(void *context)
{
    struct json_parser *parser = context;

    parser->key = MEMBER_UNKNOWN;
    return 1;
}

static int on_boolean(void *context, int value)
{
    struct json_parser *parser = context;

    if (here(parser) != PLACE_FILE)
        return 1;
    switch (parser->key) {
    case MEMBER_YANKED:
        parser->entry.yanked = value;
        parser->entry.yanked_reason = NULL; /* of an earlier "yanked" of this file */
        break;
    case MEMBER_CORE_METADATA:
    case MEMBER_DIST_METADATA:
        set_metadata(parser, parser->key == MEMBER_CORE_METADATA, value ? METADATA_YES : METADATA_NO);
        break;
    case MEMBER_GPG_SIG:
        parser->entry.gpg_sig = value;
        break;
    default:
        break;
    }
    return 1;
}

/* The text of the number, not a double of it: sizes above 2^53 would be rounded. 1e3 and -1 are not sizes. */
static int on_number(void *context, const char *text, size_t len)
{
    struct json_parser *parser = context;
    uint64_t value;

    if (here(parser) == PLACE_FILE && parser->key == MEMBER_SIZE && text_parse_uint(text, len, &value) == 0 &&
        value <= INT64_MAX)
        parser->entry.size_bytes = (int64_t)value;
    return 1;
}

static void file_string(struct json_parser *parser, const char *text, size_t len)
{
    struct page_entry *entry = &parser->entry;

    switch (parser->key) {
    case MEMBER_FILENAME:
        entry->filename = json_view_text(parser, MEMBER_FILENAME, text, len);
        break;
    case MEMBER_URL:
        entry->url = json_view_text(parser, MEMBER_URL, text, len);
        break;
    case MEMBER_UPLOAD_TIME:
        entry->upload_time = json_view_text(parser, MEMBER_UPLOAD_TIME, text, len);
        break;
    case MEMBER_REQUIRES_PYTHON:
        entry->requires_python = json_view_text(parser, MEMBER_REQUIRES_PYTHON, text, len);
        break;
    /* PEP 691: a string is the reason. An empty one means that the file is not yanked, as for pip. */
    case MEMBER_YANKED:
        entry->yanked = len > 0;
        entry->yanked_reason = json_view_text(parser, MEMBER_YANKED, text, len);
        break;
    case MEMBER_PROVENANCE:
        entry->provenance = json_view_text(parser, MEMBER_PROVENANCE, text, len);
        break;
    default:
        break;
    }
}

static void hash_string(struct json_parser *parser, const char *text, size_t len)
{
    struct page_entry *entry = &parser->entry;
    int kind = hash_kind_by_name(parser->hash_name, parser->hash_name_len);

    /* page_entry_add_hash() keeps the first of a kind; here the last one wins, as for every key. */
    for (size_t i = 0; i < entry->hash_count; i++)
        if ((int)entry->hashes[i].kind == kind)
            entry->hashes[i] = entry->hashes[--entry->hash_count];
    page_entry_add_hash(entry, parser->hash_name, parser->hash_name_len, text, len);
}

/* A hash in the object of "core-metadata" or of the old name; SHA-256 is the only one that is passed on. */
static void metadata_string(struct json_parser *parser, const char *text, size_t len)
{
    bool ours = parser->metadata_is_core || !parser->has_core;

    if (ours && text_equal_n(parser->hash_name, parser->hash_name_len, "sha256") &&
        digest_parse(text, len, &parser->entry.metadata_sha256) == 0)
        parser->entry.metadata = METADATA_HASHED;
}

/* An item of a list. No member has the slot of MEMBER_UNKNOWN, so it is free for what is copied at once. */
static int list_string(struct json_parser *parser, struct string_builder *strings, const char *text,
                       size_t len, bool is_url)
{
    const char *copy = json_view_text(parser, MEMBER_UNKNOWN, text, len);

    if (!copy || (is_url && !page_is_http_url(copy)))
        return 0;
    return page_add_string(&parser->page->page->arena, strings, PAGE_STRINGS_MAX, copy, parser->error);
}

/* Of the root and of "meta": their keys have different names, so they can share this. */
static int root_string(struct json_parser *parser, const char *text, size_t len)
{
    const char *copy;

    switch (parser->key) {
    case MEMBER_NAME:
        return parser->page ? page_check_name(parser->page, text, len) : 0;
    case MEMBER_API_VERSION:
        copy = json_view_text(parser, MEMBER_API_VERSION, text, len);
        return copy ? page_check_version(parser->url, copy, parser->error) : 0;
    default:
        return 0;
    }
}

static void status_string(struct json_parser *parser, const char *text, size_t len)
{
    const char *copy = json_view_text(parser, MEMBER_STATUS, text, len);

    if (copy && parser->key == MEMBER_STATUS)
        page_set_status(parser->page, copy);
    else if (copy && parser->key == MEMBER_REASON)
        page_set_status_reason(parser->page, copy);
}

static int project_string(struct json_parser *parser, const char *text, size_t len)
{
    const char *copy = parser->key == MEMBER_NAME ? json_view_text(parser, MEMBER_NAME, text, len) : NULL;

    if (!copy)
        return 0;
    return page_list_add(parser->list, copy);
}

static int on_string(void *context, const unsigned char *bytes, size_t len)
{
    struct json_parser *parser = context;
    const char *text = (const char *)bytes;
    int result = 0;

    switch (here(parser)) {
    case PLACE_FILE:
        file_string(parser, text, len);
        break;
    case PLACE_HASHES:
        hash_string(parser, text, len);
        break;
    case PLACE_METADATA:
        metadata_string(parser, text, len);
        break;
    case PLACE_ROOT:
    case PLACE_META:
        result = root_string(parser, text, len);
        break;
    case PLACE_STATUS:
        status_string(parser, text, len);
        break;
    case PLACE_VERSIONS:
        result = list_string(parser, &parser->page->versions, text, len, false);
        break;
    case PLACE_TRACKS:
        result = list_string(parser, &parser->page->tracks, text, len, true);
        break;
    case PLACE_ALTERNATES:
        result = list_string(parser, &parser->page->alternate_locations, text, len, true);
        break;
    case PLACE_PROJECT:
        result = project_string(parser, text, len);
        break;
    default:
        break;
    }
    return result == 0;
}

/* ---- structure ---- */

/* The place that an object opens here. Opening one also resets what a repeated key has set before. */
static enum place map_place(struct json_parser *parser)
{
    switch (here(parser)) {
    case PLACE_TOP:
        return PLACE_ROOT;
    case PLACE_ROOT:
        if (parser->key == MEMBER_META)
            return PLACE_META;
        return parser->key == MEMBER_STATUS && parser->page ? PLACE_STATUS : PLACE_SKIP;
    case PLACE_FILES:
        parser->entry = (struct page_entry)PAGE_ENTRY_INIT;
        parser->has_core = false;
        return PLACE_FILE;
    case PLACE_FILE:
        if (parser->key == MEMBER_HASHES) {
            parser->entry.hash_count = 0;
            return PLACE_HASHES;
        }
        if (parser->key != MEMBER_CORE_METADATA && parser->key != MEMBER_DIST_METADATA)
            return PLACE_SKIP;
        /* An object, even without a hash that we know, says that there is metadata. */
        parser->metadata_is_core = parser->key == MEMBER_CORE_METADATA;
        set_metadata(parser, parser->metadata_is_core, METADATA_YES);
        return PLACE_METADATA;
    case PLACE_PROJECTS:
        return PLACE_PROJECT;
    default:
        return PLACE_SKIP;
    }
}

/* The place that an array opens here. The list of files, or of projects, is the mark of a simple index in
 * JSON; a member of that name with anything but an array does not count. */
static enum place array_place(struct json_parser *parser)
{
    struct page_builder *page = parser->page;

    if (here(parser) == PLACE_META && parser->key == MEMBER_TRACKS && page) {
        page->tracks.count = 0;
        return PLACE_TRACKS;
    }
    if (here(parser) != PLACE_ROOT)
        return PLACE_SKIP;
    if (parser->key == MEMBER_PROJECTS && parser->list) {
        parser->complete = true;
        parser->list->projects.count = 0;
        return PLACE_PROJECTS;
    }
    if (!page)
        return PLACE_SKIP;
    switch (parser->key) {
    case MEMBER_FILES:
        parser->complete = true;
        page->page->file_count = 0;
        page->page->dropped = 0;
        return PLACE_FILES;
    case MEMBER_VERSIONS:
        page->versions.count = 0;
        return PLACE_VERSIONS;
    case MEMBER_ALTERNATES:
        page->alternate_locations.count = 0;
        return PLACE_ALTERNATES;
    default:
        return PLACE_SKIP;
    }
}

static int on_start_map(void *context)
{
    struct json_parser *parser = context;

    return enter(parser, map_place(parser));
}

static int on_start_array(void *context)
{
    struct json_parser *parser = context;

    return enter(parser, array_place(parser));
}

static int on_json_end(void *context)
{
    struct json_parser *parser = context;
    bool file = here(parser) == PLACE_FILE;

    /* yajl has checked that ends match beginnings, so the depth is above 0. */
    parser->depth--;
    parser->key = MEMBER_UNKNOWN;
    if (!file)
        return 1;
    /* In JSON "filename" is required; it is not taken from the URL, which may end in anything. */
    if (!parser->entry.filename) {
        parser->page->page->dropped++;
        return 1;
    }
    return page_add_file(parser->page, &parser->entry) == 0;
}

/* In an object of hashes every key is the name of an algorithm; elsewhere it means something only in its own
 * place. */
static int on_key(void *context, const unsigned char *bytes, size_t len)
{
    struct json_parser *parser = context;
    enum place place = here(parser);

    parser->key = MEMBER_UNKNOWN;
    if (place == PLACE_HASHES || place == PLACE_METADATA) {
        parser->hash_name_len = len <= HASH_NAME_MAX ? len : 0;
        memcpy(parser->hash_name, bytes, parser->hash_name_len);
        return 1;
    }
    for (size_t i = 0; place != PLACE_SKIP && i < sizeof(members) / sizeof(*members); i++)
        if (members[i].place == place && members[i].len == len && memcmp(members[i].name, bytes, len) == 0) {
            parser->key = members[i].member;
            break;
        }
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_json_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_json_end,
};

/* ---- running it ---- */

static void parser_release(struct json_parser *parser)
{
    for (size_t i = 0; i < MEMBERS; i++)
        buf_release(&parser->texts[i]);
}

static int run_json_parser(struct json_parser *parser, const char *body, size_t len)
{
    yajl_handle handle = yajl_alloc(&callbacks, NULL, parser);

    /* yajl would reject the whole document for one string that is not UTF-8. It must cost its file only;
     * strings that are kept are checked by json_view_text(). */
    yajl_config(handle, yajl_dont_validate_strings, 1);
    yajl_status status = yajl_parse(handle, (const unsigned char *)body, len);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(handle);
    size_t at = yajl_get_bytes_consumed(handle);
    yajl_free(handle);
    if (status == yajl_status_ok && parser->complete)
        return 0;
    /* If a callback stopped the parser (yajl_status_client_canceled), it has set the sentence. */
    if (status == yajl_status_error)
        buf_set(parser->error, "%s is not valid JSON near byte %zu of %zu", parser->url, at, len);
    else if (status == yajl_status_ok)
        buf_set(parser->error, "%s is JSON without the list of %s that a simple index has", parser->url,
                parser->page ? "files" : "projects");
    return -1;
}

int page_parse_json(struct page_builder *builder, const char *body, size_t len)
{
    struct json_parser parser __attribute__((cleanup(parser_release))) = {
        .page = builder, .error = builder->error, .url = builder->url};

    for (size_t i = 0; i < MEMBERS; i++)
        buf_init(&parser.texts[i]);
    return run_json_parser(&parser, body, len);
}

int page_list_parse_json(struct list_builder *builder, const char *body, size_t len)
{
    struct json_parser parser __attribute__((cleanup(parser_release))) = {
        .list = builder, .error = builder->error, .url = "the root list"};

    for (size_t i = 0; i < MEMBERS; i++)
        buf_init(&parser.texts[i]);
    return run_json_parser(&parser, body, len);
}
