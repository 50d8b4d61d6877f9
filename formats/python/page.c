/* The part of page parsing that JSON and HTML share: telling them apart, checking an entry and keeping it,
 * our path of the file, the index by path.
 *
 * Nothing an upstream writes is trusted: counts and lengths are limited, and names are checked before they
 * can become URLs, paths or lines of our own pages. A bad entry costs that entry. Only two things cost the
 * page: a limit that is exceeded, since half a page looks like a project with half its files, and a document
 * that is not a page of this project at all, since storing it would hide the real one until it expires. */
#include "formats/python/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/page_private.h"
#include "formats/python/project.h"
#include "formats/url.h"

/* U+FFFD, which takes the place of a byte that was not valid UTF-8 or of an impossible character reference: a
 * name with it is not the name that was meant. */
#define REPLACEMENT "\xef\xbf\xbd"

/* The first character decides, and Content-Type only if that tells nothing: a static mirror's type is a guess
 * by the name of the file. Steps over a byte order mark and whitespace. */
bool page_body_is_json(const char **body, size_t *len, const char *content_type)
{
    if (*len >= 3 && memcmp(*body, "\xef\xbb\xbf", 3) == 0) {
        *body += 3;
        *len -= 3;
    }
    while (*len && strchr(" \t\r\n", **body) && **body) {
        (*body)++;
        (*len)--;
    }
    if (*len && (**body == '{' || **body == '<'))
        return **body == '{';
    return content_type && strcasestr(content_type, "json");
}

/* ---- strings and small members ---- */

/* Whether a string may be kept. Those that may not are left out like those that were not there. */
static bool fit(const char *text)
{
    size_t len = strlen(text);

    return len && len <= PAGE_STRING_MAX && text_is_utf8(text, len);
}

static const char *page_keep_text(struct page_builder *builder, const char *text)
{
    return text && fit(text) ? arena_strdup(&builder->page->arena, text) : NULL;
}

bool page_is_http_url(const char *text)
{
    struct url url;

    return fit(text) && url_split(text, strlen(text), &url) == 0;
}

int page_add_string(struct arena *arena, struct string_builder *strings, size_t max, const char *text,
                    struct buf *error)
{
    if (!fit(text))
        return 0;
    if (strings->count == max) {
        buf_set(error, "the page has a list of more than %zu items", max);
        return -1;
    }
    if (strings->count == strings->capacity) {
        strings->capacity = strings->capacity ? 2 * strings->capacity : 64;
        strings->items = xrealloc(strings->items, strings->capacity * sizeof(*strings->items));
    }
    strings->items[strings->count++] = arena_strdup(arena, text);
    return 0;
}

void page_strings_finish(struct arena *arena, struct string_builder *strings, struct page_strings *out)
{
    out->count = strings->count;
    out->items = arena_alloc(arena, strings->count * sizeof(*out->items));
    if (strings->count)
        memcpy(out->items, strings->items, strings->count * sizeof(*out->items));
    free(take_ptr(&strings->items));
}

int page_check_name(struct page_builder *builder, const char *name, size_t len)
{
    struct buf CLEANUP_BUF normalized = BUF_INIT;

    /* A text that cannot be a name says nothing about which project this is. */
    if (!project_name_valid(name, len))
        return 0;
    project_normalize(name, len, &normalized);
    if (strcmp(normalized.data, builder->project) != 0) {
        buf_set(builder->error, "%s is the page of \"%s\" where that of \"%s\" was expected", builder->url,
                normalized.data, builder->project);
        return -1;
    }
    builder->page->project = arena_strndup(&builder->page->arena, name, len);
    return 0;
}

int page_check_version(const char *url, const char *version, struct buf *error)
{
    uint64_t major;

    if (text_parse_uint(version, strcspn(version, "."), &major) < 0 || major == 1)
        return 0;
    buf_set(error, "%s has version %" PRIu64 " of the simple repository API; only version 1 is understood",
            url, major);
    return -1;
}

/* PEP 792 may grow more words, so any word is passed on that is safe in a page. */
void page_set_status(struct page_builder *builder, const char *status)
{
    size_t len = strspn(status, "abcdefghijklmnopqrstuvwxyz-");

    if (len && len <= 32 && !status[len])
        builder->page->status = arena_strdup(&builder->page->arena, status);
}

void page_set_status_reason(struct page_builder *builder, const char *reason)
{
    const char *kept = page_keep_text(builder, reason);

    if (kept)
        builder->page->status_reason = kept;
}

void page_entry_add_hash(struct page_entry *entry, const char *name, size_t name_len, const char *hex,
                         size_t hex_len)
{
    int kind = hash_kind_by_name(name, name_len);

    /* Algorithms that we cannot compute are left out, and so are not on our page either. */
    if (kind < 0 || entry->hash_count == PAGE_FILE_HASHES_MAX)
        return;
    for (size_t i = 0; i < entry->hash_count; i++)
        if ((int)entry->hashes[i].kind == kind)
            return;
    if (checksum_parse((enum hash_kind)kind, hex, hex_len, &entry->hashes[entry->hash_count]) == 0)
        entry->hash_count++;
}

/* "2023-01-31T12:34:56.789Z" (RFC 3339, and PEP 700 wants UTC): some clients reject a whole page for a time
 * that they cannot read. */
static bool upload_time_valid(const char *text)
{
    static const char pattern[] = "dddd-dd-ddTdd:dd:dd";
    size_t i = 0;

    for (; pattern[i]; i++)
        if (pattern[i] == 'd' ? !(text[i] >= '0' && text[i] <= '9') : text[i] != pattern[i])
            return false;
    if (text[i] == '.') {
        size_t digits = strspn(text + i + 1, "0123456789");
        if (!digits || digits > 9)
            return false;
        i += 1 + digits;
    }
    int month = (text[5] - '0') * 10 + text[6] - '0', day = (text[8] - '0') * 10 + text[9] - '0';
    return strcmp(text + i, "Z") == 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
           strncmp(text + 11, "24", 2) < 0 && text[14] < '6' && text[17] < '6';
}

/* ---- files ---- */

/* Hashes in the fragment of a link: "#sha256=...&egg=...". JSON has "hashes", which were added before and
 * win. */
static void add_fragment_hashes(struct page_entry *entry, const char *url)
{
    const char *rest = strchr(url, '#');
    const char *piece;
    size_t len;

    rest = rest ? rest + 1 : NULL;
    while ((piece = text_next(&rest, '&', &len))) {
        const char *equals = memchr(piece, '=', len);
        if (!equals)
            continue;
        const char *hex = equals + 1;
        size_t hex_len = len - (size_t)(hex - piece);
        text_trim(&hex, &hex_len);
        page_entry_add_hash(entry, piece, (size_t)(equals - piece), hex, hex_len);
    }
}

/* The filename: as the entry gives it, else the decoded last segment of the URL, as pip takes it. NULL if it
 * is unfit. */
static const char *choose_filename(struct page_builder *builder, const struct page_entry *entry,
                                   const struct url *url)
{
    const char *name = entry->filename;

    if (!name) {
        const char *slash = memrchr(url->path.text, '/', url->path.len);
        const char *end = url->path.text + url->path.len;
        buf_reset(&builder->filename);
        if (!slash || end - slash > 3 * FILENAME_MAX_BYTES ||
            text_percent_decode(slash + 1, (size_t)(end - slash - 1), &builder->filename) < 0)
            return NULL;
        name = builder->filename.data;
    }
    return filename_valid(name, strlen(name)) && !strstr(name, REPLACEMENT) ? name : NULL;
}

/* The end of an official URL path: "/packages/aa/bb/<60 hex>/<filename>". NULL if the URL does not have that
 * layout. Mirrors put it below a path of their own ("/pypi/packages/..."); the file must be named as in the
 * entry, or two files of ours would share a path. */
static const char *official_tail(const struct url *url, const char *filename, struct file_path *out)
{
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    const char *end = url->path.text + url->path.len;
    const char *tail = end;

    for (int i = 0; i < 5; i++) {
        tail = memrchr(url->path.text, '/', (size_t)(tail - url->path.text));
        if (!tail)
            return NULL;
    }
    if (!text_starts(tail, "/packages/") || file_path_parse(tail, (size_t)(end - tail), out, &ignored) < 0 ||
        out->kind != FILE_PATH_OFFICIAL || out->metadata || strcmp(out->filename, filename) != 0)
        return NULL;
    return tail;
}

/* A path of ours for a file in another layout. By its hash where that is known, so that the path is the same
 * whichever upstream the page came from; otherwise by its URL. */
static void own_path(const struct buf *resolved, const char *filename, const struct checksum *sha256,
                     const char *project, struct file_path *out)
{
    struct digest digest;

    memset(out, 0, sizeof(*out));
    out->kind = sha256 ? FILE_PATH_SHA256 : FILE_PATH_URL;
    if (sha256) {
        out->checksum = *sha256;
    } else {
        digest_of(resolved->data, resolved->len, &digest);
        out->checksum.kind = HASH_SHA256;
        memcpy(out->checksum.bytes, digest.bytes, sizeof(digest.bytes));
    }
    memcpy(out->project, project, strlen(project) + 1);
    memcpy(out->filename, filename, strlen(filename) + 1);
}

static void set_path(struct page_builder *builder, const struct url *url, struct page_file *file)
{
    struct file_path path;
    const char *tail = official_tail(url, file->filename, &path);

    /* The first file in the official layout shows where this upstream has that layout, and so the URL of any
     * file in it, listed or not. A URL with a query is not only a path, so it shows nothing. */
    if (!tail)
        own_path(&builder->resolved, file->filename, page_file_hash(file, HASH_SHA256), builder->project,
                 &path);
    else if (!builder->page->files_base && !url->query.text)
        builder->page->files_base =
            arena_strndup(&builder->page->arena, builder->resolved.data,
                          (size_t)(tail - builder->resolved.data) + strlen("/packages/"));
    buf_reset(&builder->path);
    file_path_print(&path, &builder->path);
    file->path = arena_strndup(&builder->page->arena, builder->path.data, builder->path.len);
}

int page_file_path(const char *page_url, const char *url, const char *filename, const struct checksum *sha256,
                   const char *project, struct buf *out)
{
    struct buf CLEANUP_BUF resolved = BUF_INIT;
    struct file_path path;
    struct url parts;

    if (!filename_valid(filename, strlen(filename)) ||
        url_resolve(page_url, url, strlen(url), &resolved) < 0 ||
        url_split(resolved.data, resolved.len, &parts) < 0)
        return -1;
    if (!official_tail(&parts, filename, &path))
        own_path(&resolved, filename, sha256, project, &path);
    file_path_print(&path, out);
    return 0;
}

/* Members that the page lacks or that are unfit stay NULL, which page_render.c leaves out. */
static void set_members(struct page_builder *builder, const struct page_entry *entry, struct page_file *file)
{
    struct arena *arena = &builder->page->arena;

    file->size_bytes = entry->size_bytes;
    if (entry->upload_time && upload_time_valid(entry->upload_time))
        file->upload_time = arena_strdup(arena, entry->upload_time);
    file->requires_python = page_keep_text(builder, entry->requires_python);
    file->yanked = entry->yanked;
    file->yanked_reason = entry->yanked ? page_keep_text(builder, entry->yanked_reason) : NULL;
    file->metadata = entry->metadata;
    file->metadata_sha256 = entry->metadata_sha256;
    file->gpg_sig = entry->gpg_sig;
    /* Absolute, as our page has another address than the one it was relative to. */
    struct buf CLEANUP_BUF provenance = BUF_INIT;
    if (entry->provenance && *entry->provenance &&
        url_resolve(builder->base.data, entry->provenance, strlen(entry->provenance), &provenance) == 0)
        file->provenance = arena_strndup(arena, provenance.data, provenance.len);
}

static struct page_file *new_file(struct page_builder *builder)
{
    struct page *page = builder->page;

    if (page->file_count == builder->file_capacity) {
        builder->file_capacity = builder->file_capacity ? 2 * builder->file_capacity : 64;
        builder->files = xrealloc(builder->files, builder->file_capacity * sizeof(*builder->files));
    }
    struct page_file *file = &builder->files[page->file_count++];
    memset(file, 0, sizeof(*file));
    return file;
}

int page_add_file(struct page_builder *builder, const struct page_entry *entry)
{
    struct page *page = builder->page;
    struct page_entry hashed = *entry;
    struct url url;

    /* builder->resolved is the absolute URL for all of the following, set_path() included. */
    buf_reset(&builder->resolved);
    const char *filename = NULL;
    if (entry->url &&
        url_resolve(builder->base.data, entry->url, strlen(entry->url), &builder->resolved) == 0 &&
        url_split(builder->resolved.data, builder->resolved.len, &url) == 0)
        filename = choose_filename(builder, entry, &url);
    if (!filename) {
        page->dropped++;
        return 0;
    }
    if (page->file_count == PAGE_FILES_MAX) {
        buf_set(builder->error, "%s lists more than %d files", builder->url, PAGE_FILES_MAX);
        return -1;
    }
    struct page_file *file = new_file(builder);
    file->filename = arena_strdup(&page->arena, filename);
    file->url = arena_strndup(&page->arena, builder->resolved.data, builder->resolved.len);
    add_fragment_hashes(&hashed, entry->url);
    file->hash_count = hashed.hash_count;
    struct checksum *hashes = arena_alloc(&page->arena, hashed.hash_count * sizeof(*hashes));
    memcpy(hashes, hashed.hashes, hashed.hash_count * sizeof(*hashes));
    file->hashes = hashes;
    set_members(builder, entry, file);
    set_path(builder, &url, file);
    builder->has_distribution |= filename_is_distribution(filename);
    return 0;
}

/* ---- the whole page ---- */

static int compare_paths(const void *a, const void *b, void *arg)
{
    const struct page_file *files = arg;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = strcmp(files[left].path, files[right].path);

    return order ? order : (left > right) - (left < right);
}

static void finish_files(struct page_builder *builder)
{
    struct page *page = builder->page;

    page->files = arena_alloc(&page->arena, page->file_count * sizeof(*page->files));
    if (page->file_count)
        memcpy(page->files, builder->files, page->file_count * sizeof(*page->files));
    uint32_t *order = arena_alloc(&page->arena, page->file_count * sizeof(*order));
    for (size_t i = 0; i < page->file_count; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, page->file_count, sizeof(*order), compare_paths, page->files);
    page->by_path = order;
}

/* A captive portal, a login form or an error page with status 200 must not be taken for a project without
 * files. Its links lead to no package files, and it has none of the marks of an index ("Links for",
 * repository version). */
static int check_is_page(struct page_builder *builder)
{
    const struct page *page = builder->page;

    if (page->file_count + page->dropped && !builder->has_distribution) {
        buf_set(builder->error, "%s is not a project page: none of its links leads to a package file",
                builder->url);
        return -1;
    }
    if (!page->file_count && !builder->is_index) {
        buf_set(builder->error, "%s is not a project page: it has no links and no mark of a simple index",
                builder->url);
        return -1;
    }
    return 0;
}

static void builder_release(struct page_builder *builder)
{
    page_free(builder->page);
    free(builder->files);
    free(builder->versions.items);
    free(builder->tracks.items);
    free(builder->alternate_locations.items);
    buf_release(&builder->base);
    buf_release(&builder->resolved);
    buf_release(&builder->filename);
    buf_release(&builder->path);
}

int page_parse(const char *body, size_t len, const char *content_type, const char *base_url,
               const char *project, struct page **out, struct buf *error)
{
    struct page_builder builder __attribute__((cleanup(builder_release))) = {
        .page = xcalloc(1, sizeof(struct page)),
        .url = base_url,
        .project = project,
        .base = BUF_INIT,
        .resolved = BUF_INIT,
        .filename = BUF_INIT,
        .path = BUF_INIT,
        .error = error,
    };

    CHECK(project_name_normalized(project, strlen(project)));
    buf_add_text(&builder.base, base_url);
    builder.is_index = page_body_is_json(&body, &len, content_type);
    int parsed =
        builder.is_index ? page_parse_json(&builder, body, len) : page_parse_html(&builder, body, len);
    if (parsed < 0 || check_is_page(&builder) < 0)
        return -1;
    struct page *page = builder.page;
    finish_files(&builder);
    page_strings_finish(&page->arena, &builder.versions, &page->versions);
    page_strings_finish(&page->arena, &builder.tracks, &page->tracks);
    page_strings_finish(&page->arena, &builder.alternate_locations, &page->alternate_locations);
    *out = take_ptr(&builder.page);
    return 0;
}

void page_free(struct page *page)
{
    if (!page)
        return;
    arena_release(&page->arena);
    free(page);
}

const struct page_file *page_find(const struct page *page, const char *path)
{
    size_t low = 0, high = page->file_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(page->files[page->by_path[middle]].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == page->file_count || strcmp(page->files[page->by_path[low]].path, path) != 0)
        return NULL;
    return &page->files[page->by_path[low]];
}

const struct checksum *page_file_hash(const struct page_file *file, enum hash_kind kind)
{
    for (size_t i = 0; i < file->hash_count; i++)
        if (file->hashes[i].kind == kind)
            return &file->hashes[i];
    return NULL;
}
