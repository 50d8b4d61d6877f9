/* Pages of ours, in JSON by yajl's generator and in HTML by hand. Both say the same: members and attributes
 * of the PEPs that the header names, in one fixed order, so that equal input gives equal bytes.
 *
 * Old clients must be able to read them. So optional members are left out rather than null or empty, names
 * that an old pip stumbles over are not used, and a version of the API is only claimed if the page has
 * everything it promises.
 *
 * All strings were checked when the page was parsed; that is why yajl refusing one is a BUG here. */
#include "formats/python/page_render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/page.h"
#include "formats/python/page_list.h"
#include "formats/python/project.h"

/* ---- page and store together ---- */

/* For each file of the page its known_file or NULL, in one walk, as both sides are sorted by path. Heap. */
static const struct known_file **held_file_matches(const struct page *page, const struct known_file *known,
                                                   size_t count)
{
    const struct known_file **found = xcalloc(page->file_count, sizeof(*found));
    size_t k = 0;

    for (size_t i = 0; i < page->file_count; i++) {
        uint32_t file = page->by_path[i];
        int order = -1;
        while (k < count && (order = strcmp(known[k].path, page->files[file].path)) < 0)
            k++;
        if (k < count && order == 0)
            found[file] = &known[k];
    }
    return found;
}

struct rendered_metadata {
    enum page_metadata kind;
    struct digest sha256;
};

/* Metadata that we hold of a wheel was taken out of the verified wheel, so it can be announced even where the
 * page says nothing of it. For other files nothing is added. */
static struct rendered_metadata rendered_metadata(const struct page_file *file,
                                                  const struct known_file *known)
{
    struct rendered_metadata metadata = {file->metadata, file->metadata_sha256};

    if (metadata.kind != METADATA_HASHED && known && known->has_metadata && filename_is_wheel(file->filename))
        metadata = (struct rendered_metadata){METADATA_HASHED, known->metadata_sha256};
    return metadata;
}

static int64_t rendered_size(const struct page_file *file, const struct known_file *known)
{
    return file->size_bytes < 0 && known ? known->size_bytes : file->size_bytes;
}

/* PEP 700 (1.1), and with it the later versions, promises "versions" and the size of each file. Without them
 * the page is a 1.0 one, though members of later versions may be in it: clients skip those they do not
 * know. */
static const char *api_version(const struct page *page, const struct known_file *const *known)
{
    if (!page->versions.count)
        return "1.0";
    for (size_t i = 0; i < page->file_count; i++)
        if (rendered_size(&page->files[i], known[i]) < 0)
            return "1.0";
    return "1.4";
}

/* ---- JSON ---- */

/* As yajl_gen wants it: without this it would collect the page in a buffer of its own, to be copied. */
static void append(void *out, const char *text, size_t len)
{
    buf_add(out, text, len);
}

static yajl_gen generator(struct buf *out)
{
    yajl_gen gen = yajl_gen_alloc(NULL);

    CHECK(gen);
    yajl_gen_config(gen, yajl_gen_print_callback, append, out);
    return gen;
}

static void add_string(yajl_gen gen, const char *text)
{
    yajl_gen_status status = yajl_gen_string(gen, (const unsigned char *)text, strlen(text));

    CHECK(status == yajl_gen_status_ok);
}

/* A member with text; none for NULL and "". */
static void add_member(yajl_gen gen, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    add_string(gen, name);
    add_string(gen, text);
}

static void add_strings(yajl_gen gen, const char *name, const struct page_strings *strings)
{
    if (!strings->count)
        return;
    add_string(gen, name);
    yajl_gen_array_open(gen);
    for (size_t i = 0; i < strings->count; i++)
        add_string(gen, strings->items[i]);
    yajl_gen_array_close(gen);
}

/* "hashes" is required, if need be empty (PEP 691). A SHA-256 that only the store knows is added, so that
 * clients can verify the file and lock files can have it. */
static void add_hashes(yajl_gen gen, const struct page_file *file, const struct known_file *known)
{
    char hex[2 * HASH_MAX_BYTES + 1];

    add_string(gen, "hashes");
    yajl_gen_map_open(gen);
    for (size_t i = 0; i < file->hash_count; i++) {
        checksum_hex(&file->hashes[i], hex);
        add_member(gen, hash_kind_name(file->hashes[i].kind), hex);
    }
    if (known && known->has_sha256 && !page_file_hash(file, HASH_SHA256)) {
        digest_hex(&known->sha256, hex);
        add_member(gen, "sha256", hex);
    }
    yajl_gen_map_close(gen);
}

/* Only under the new name: pip 22.3 to 23.0 crashes on an object under "dist-info-metadata" in JSON, which is
 * why PEP 714 renamed it. (In HTML, which has no objects, both names are given.) */
static void add_metadata(yajl_gen gen, const struct rendered_metadata *metadata)
{
    char hex[DIGEST_HEX_SIZE];

    if (metadata->kind == METADATA_NO)
        return;
    add_string(gen, "core-metadata");
    if (metadata->kind == METADATA_YES) {
        yajl_gen_bool(gen, true);
        return;
    }
    digest_hex(&metadata->sha256, hex);
    yajl_gen_map_open(gen);
    add_member(gen, "sha256", hex);
    yajl_gen_map_close(gen);
}

/* absolute: the link leads to the upstream's own file. Otherwise it climbs from /simple/<project>/ to our
 * root. */
static void render_file(yajl_gen gen, const struct page_file *file, const struct known_file *known,
                        bool absolute, struct buf *scratch)
{
    struct rendered_metadata metadata = rendered_metadata(file, known);
    int64_t size = rendered_size(file, known);

    yajl_gen_map_open(gen);
    add_member(gen, "filename", file->filename);
    buf_set(scratch, "%s%s", absolute ? "" : "../..", absolute ? file->url : file->path);
    add_member(gen, "url", scratch->data);
    add_hashes(gen, file, known);
    if (size >= 0) {
        add_string(gen, "size");
        yajl_gen_integer(gen, size);
    }
    add_member(gen, "upload-time", file->upload_time);
    add_member(gen, "requires-python", file->requires_python);
    add_metadata(gen, &metadata);
    if (file->yanked) {
        add_string(gen, "yanked");
        if (file->yanked_reason && *file->yanked_reason)
            add_string(gen, file->yanked_reason);
        else
            yajl_gen_bool(gen, true);
    }
    add_member(gen, "provenance", file->provenance);
    if (file->gpg_sig >= 0) {
        add_string(gen, "gpg-sig");
        yajl_gen_bool(gen, file->gpg_sig);
    }
    yajl_gen_map_close(gen);
}

static void render_json(const struct page *page, const char *project, const struct known_file *const *found,
                        bool absolute, struct buf *out)
{
    struct buf CLEANUP_BUF scratch = BUF_INIT;
    yajl_gen gen = generator(out);

    /* An estimate that is rarely exceeded: large pages are not copied while they grow. */
    buf_reserve(out, 512 * page->file_count + 1024);
    yajl_gen_map_open(gen);
    add_string(gen, "meta");
    yajl_gen_map_open(gen);
    add_member(gen, "api-version", api_version(page, found));
    add_strings(gen, "tracks", &page->tracks);
    yajl_gen_map_close(gen);
    add_member(gen, "name", project);
    if (page->status) {
        add_string(gen, "project-status");
        yajl_gen_map_open(gen);
        add_member(gen, "status", page->status);
        add_member(gen, "reason", page->status_reason);
        yajl_gen_map_close(gen);
    }
    add_strings(gen, "alternate-locations", &page->alternate_locations);
    add_strings(gen, "versions", &page->versions);
    add_string(gen, "files");
    yajl_gen_array_open(gen);
    for (size_t i = 0; i < page->file_count; i++)
        render_file(gen, &page->files[i], found[i], absolute, &scratch);
    yajl_gen_array_close(gen);
    yajl_gen_map_close(gen);
    yajl_gen_free(gen);
}

void page_render_json(const struct page *page, const char *project, const struct known_file *known,
                      size_t known_count, struct buf *out)
{
    const struct known_file **CLEANUP_FREE found = held_file_matches(page, known, known_count);

    render_json(page, project, found, false, out);
}

void page_render_source(const struct page *page, const char *project, struct buf *out)
{
    const struct known_file **CLEANUP_FREE nothing = xcalloc(page->file_count, sizeof(*nothing));

    render_json(page, project, nothing, true, out);
}

/* 1.0, as later versions promise members of the root list that we do not keep. */
void list_render_json(const struct page_list *list, struct buf *out)
{
    yajl_gen gen = generator(out);

    buf_reserve(out, 32 * list->projects.count + 128);
    yajl_gen_map_open(gen);
    add_string(gen, "meta");
    yajl_gen_map_open(gen);
    add_member(gen, "api-version", "1.0");
    yajl_gen_map_close(gen);
    add_string(gen, "projects");
    yajl_gen_array_open(gen);
    for (size_t i = 0; i < list->projects.count; i++) {
        yajl_gen_map_open(gen);
        add_member(gen, "name", list->projects.items[i]);
        yajl_gen_map_close(gen);
    }
    yajl_gen_array_close(gen);
    yajl_gen_map_close(gen);
    yajl_gen_free(gen);
}

/* ---- HTML ---- */

/* ` name="value"`; NULL: nothing. Values are an upstream's and are escaped, quotes included. */
static void add_attribute(const char *name, const char *value, struct buf *out)
{
    if (!value)
        return;
    buf_add_char(out, ' ');
    buf_add_text(out, name);
    buf_add_text(out, "=\"");
    text_html_escape(value, strlen(value), out);
    buf_add_char(out, '"');
}

static void add_meta(const char *name, const char *content, struct buf *out)
{
    if (!content)
        return;
    buf_add_text(out, "<meta");
    add_attribute("name", name, out);
    add_attribute("content", content, out);
    buf_add_text(out, ">\n");
}

/* "#sha256=..." or the best other hash; a fragment has only one (PEP 503). BLAKE2b-256 has no name among the
 * algorithms that fragments may use: they are those of Python's hashlib. */
static void add_fragment(const struct page_file *file, const struct known_file *known, struct buf *out)
{
    char hex[2 * HASH_MAX_BYTES + 1];

    if (!page_file_hash(file, HASH_SHA256) && known && known->has_sha256) {
        digest_hex(&known->sha256, hex);
        buf_add_text(out, "#sha256=");
        buf_add_text(out, hex);
        return;
    }
    for (int kind = 0; kind < HASH_KINDS; kind++) {
        const struct checksum *sum = page_file_hash(file, (enum hash_kind)kind);
        if (!sum || kind == HASH_BLAKE2B_256)
            continue;
        checksum_hex(sum, hex);
        buf_add_char(out, '#');
        buf_add_text(out, hash_kind_name((enum hash_kind)kind));
        buf_add_char(out, '=');
        buf_add_text(out, hex);
        return;
    }
}

/* Both names of PEP 714, as old clients know only the old one. */
static void add_metadata_attributes(const struct rendered_metadata *metadata, struct buf *out)
{
    char value[sizeof("sha256=") + DIGEST_HEX_SIZE] = "true";

    if (metadata->kind == METADATA_NO)
        return;
    if (metadata->kind == METADATA_HASHED) {
        memcpy(value, "sha256=", 7);
        digest_hex(&metadata->sha256, value + 7);
    }
    add_attribute("data-core-metadata", value, out);
    add_attribute("data-dist-info-metadata", value, out);
}

static void render_link(const struct page_file *file, const struct known_file *known, struct buf *out)
{
    struct rendered_metadata metadata = rendered_metadata(file, known);

    buf_add_text(out, "<a href=\"../..");
    text_html_escape(file->path, strlen(file->path), out);
    add_fragment(file, known, out);
    buf_add_char(out, '"');
    add_attribute("data-requires-python", file->requires_python, out);
    add_metadata_attributes(&metadata, out);
    if (file->yanked)
        add_attribute("data-yanked", file->yanked_reason ? file->yanked_reason : "", out);
    if (file->gpg_sig >= 0)
        add_attribute("data-gpg-sig", file->gpg_sig ? "true" : "false", out);
    add_attribute("data-provenance", file->provenance, out);
    buf_add_char(out, '>');
    text_html_escape(file->filename, strlen(file->filename), out);
    buf_add_text(out, "</a><br>\n");
}

static void add_head(const char *version, struct buf *out)
{
    buf_add_text(out, "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n");
    add_meta("pypi:repository-version", version, out);
}

void page_render_html(const struct page *page, const char *project, const struct known_file *known,
                      size_t known_count, struct buf *out)
{
    const struct known_file **CLEANUP_FREE found = held_file_matches(page, known, known_count);

    buf_reserve(out, 512 * page->file_count + 1024);
    add_head(api_version(page, found), out);
    add_meta("pypi:project-status", page->status, out);
    add_meta("pypi:project-status-reason", page->status ? page->status_reason : NULL, out);
    for (size_t i = 0; i < page->tracks.count; i++)
        add_meta("pypi:tracks", page->tracks.items[i], out);
    for (size_t i = 0; i < page->alternate_locations.count; i++)
        add_meta("pypi:alternate-locations", page->alternate_locations.items[i], out);
    buf_printf(out, "<title>Links for %s</title>\n</head>\n<body>\n<h1>Links for %s</h1>\n", project,
               project);
    for (size_t i = 0; i < page->file_count; i++)
        render_link(&page->files[i], found[i], out);
    buf_add_text(out, "</body>\n</html>\n");
}

/* Names need no escaping: page_list_add() takes only valid ones, which are letters, digits and "-_.". */
void list_render_html(const struct page_list *list, struct buf *out)
{
    buf_reserve(out, 48 * list->projects.count + 256);
    add_head("1.0", out);
    buf_add_text(out, "<title>Simple index</title>\n</head>\n<body>\n");
    for (size_t i = 0; i < list->projects.count; i++) {
        const char *name = list->projects.items[i];
        buf_add_text(out, "<a href=\"");
        project_normalize(name, strlen(name), out);
        buf_add_text(out, "/\">");
        buf_add_text(out, name);
        buf_add_text(out, "</a>\n");
    }
    buf_add_text(out, "</body>\n</html>\n");
}
