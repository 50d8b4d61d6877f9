/* Metadata and build requirements of an sdist, without building it. Archives are read by libarchive, straight
 * from memory, once, and only members of interest are kept.
 *
 * Dependencies are known if PKG-INFO names any, or says by its version (PEP 643) that what it does not name
 * is not there. Otherwise requires.txt, which setuptools puts into the project's egg-info beside PKG-INFO, is
 * translated into Requires-Dist fields. An sdist with neither would have to be built, which never happens
 * here.
 *
 * An archive may be small and unpack to anything: the unpacked bytes are counted for the archive as a whole
 * and, since a zip may name the same bytes again and again, for the members that are read. */
#include "formats/python/sdist.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/python/metadata.h"
#include "formats/python/project.h"
#include "formats/python/requirement.h"
#include "formats/toml.h"

/* Of each sdist; requirements after these are ignored. */
#define BUILD_REQUIRES_MAX 1000
#define MEMBERS_MAX 200000
/* As libarchive counts: the file itself, and one compression. A file that is compressed twice may unpack to a
 * million times its size. */
#define FILTERS_MAX 2

/* ---- the archive ---- */

/* All are kept, because PKG-INFO, which says the project's name, may come later in the archive. */
#define EGG_INFOS_MAX 16

struct egg_info {
    char *path; /* "flask-1.0/src/flask.egg-info" */
    struct buf requires;
};

/* The members that are read. */
struct members {
    struct buf pkg_info;
    struct buf pyproject;
    struct egg_info egg_infos[EGG_INFOS_MAX];
    size_t egg_info_count;
    int64_t read_bytes; /* of all members that were read; a zip may name the same bytes again and again */
};

static void members_release(struct members *members)
{
    buf_release(&members->pkg_info);
    buf_release(&members->pyproject);
    for (size_t i = 0; i < members->egg_info_count; i++) {
        free(members->egg_infos[i].path);
        buf_release(&members->egg_infos[i].requires);
    }
}

static size_t count_slashes(const char *path)
{
    size_t count = 0;

    for (; *path; path++)
        count += *path == '/';
    return count;
}

/* Finds or adds it. NULL: there are too many. */
static struct egg_info *egg_info_of(struct members *members, const char *path, size_t len)
{
    for (size_t i = 0; i < members->egg_info_count; i++)
        if (text_equal_n(path, len, members->egg_infos[i].path))
            return &members->egg_infos[i];
    if (members->egg_info_count == EGG_INFOS_MAX)
        return NULL;
    struct egg_info *egg_info = &members->egg_infos[members->egg_info_count++];
    egg_info->path = xstrndup(path, len);
    buf_init(&egg_info->requires);
    return egg_info;
}

/* The buffer for a member such as "flask-1.0/PKG-INFO", "flask-1.0/src/flask.egg-info/requires.txt". NULL:
 * not of interest. Any file in an egg-info shows that the folder is there, even if requires.txt is not. */
static struct buf *member_for(struct members *members, const char *path)
{
    const char *name = strrchr(path, '/');
    size_t depth = count_slashes(path);

    if (!name)
        return NULL;
    if (depth == 1 && strcmp(name, "/PKG-INFO") == 0)
        return &members->pkg_info;
    if (depth == 1 && strcmp(name, "/pyproject.toml") == 0)
        return &members->pyproject;
    const char *end = strstr(path, ".egg-info/");
    if (depth < 2 || depth > 3 || !end || end + strlen(".egg-info") != name)
        return NULL;
    struct egg_info *egg_info = egg_info_of(members, path, (size_t)(name - path));
    return egg_info && strcmp(name, "/requires.txt") == 0 ? &egg_info->requires : NULL;
}

static bool unpacks_to_too_much(struct archive *archive, const struct members *members)
{
    return archive_filter_bytes(archive, 0) > SDIST_MAX_UNPACKED_BYTES ||
           members->read_bytes > SDIST_MAX_UNPACKED_BYTES;
}

/* If a member is there twice, the last one wins, as it would when the archive is unpacked. */
static int read_sdist_member(struct archive *archive, struct members *members, struct buf *out)
{
    char piece[65536];
    ssize_t got;

    buf_reset(out);
    while ((got = archive_read_data(archive, piece, sizeof(piece))) > 0) {
        members->read_bytes += got;
        if (out->len + (size_t)got > METADATA_MAX_BYTES || unpacks_to_too_much(archive, members))
            return -1;
        buf_add(out, piece, (size_t)got);
    }
    return got < 0 ? -1 : 0;
}

/* Skips a member of a tar piece by piece: libarchive would unpack it in one call, however large, when it is
 * asked for the next header. In a zip nothing needs to be unpacked to get there. */
static int pass_member(struct archive *archive, struct archive_entry *entry, const struct members *members)
{
    const void *data;
    size_t len;
    la_int64_t offset;
    int status = ARCHIVE_OK;

    if ((archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR)
        return 0;
    if (archive_entry_size(entry) > SDIST_MAX_UNPACKED_BYTES)
        return -1;
    while (status == ARCHIVE_OK && !unpacks_to_too_much(archive, members))
        status = archive_read_data_block(archive, &data, &len, &offset);
    return status == ARCHIVE_EOF ? 0 : -1;
}

static int read_sdist_members(struct archive *archive, struct members *members, struct buf *error)
{
    struct archive_entry *entry;
    int status = ARCHIVE_OK;

    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        status = archive_read_next_header(archive, &entry);
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            break;
        const char *path = archive_entry_pathname(entry);
        struct buf *out =
            path && archive_entry_filetype(entry) == AE_IFREG ? member_for(members, path) : NULL;
        if (out && read_sdist_member(archive, members, out) < 0) {
            buf_set(error, "has a broken or too large %s", path);
            return -1;
        }
        if (!out && pass_member(archive, entry, members) < 0)
            break;
    }
    if (status == ARCHIVE_EOF)
        return 0;
    buf_set(error, "is not an archive that can be read to its end");
    return -1;
}

static int open_members(const char *body, size_t len, struct members *members, struct buf *error)
{
    struct archive *archive = archive_read_new();
    int result = -1;

    /* Every compression that sdists have ever used. Not "all": for some others libarchive would start
     * programs. */
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_compress(archive);
    archive_read_support_filter_lzma(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    if (archive_read_open_memory(archive, body, len) == ARCHIVE_OK &&
        archive_filter_count(archive) <= FILTERS_MAX)
        result = read_sdist_members(archive, members, error);
    else
        buf_set(error, "is not an archive");
    archive_read_free(archive);
    return result;
}

/* ---- dependencies ---- */

/* The headers end at the first empty line; after that comes the description, which may look like headers. */
static size_t headers_length(const struct buf *text)
{
    const char *end = strstr(text->data, "\n\n");
    const char *windows = strstr(text->data, "\n\r\n");

    if (windows && (!end || windows < end))
        end = windows;
    return end ? (size_t)(end - text->data) + 1 : text->len;
}

/* The value of the first line after *from that begins with `field` ("dynamic:"), in any case; NULL if there
 * is none. Lines of a description in the old form, inside the headers, are indented and so never fit. */
static const char *next_pkg_info_field(const char **from, const char *end, const char *field)
{
    size_t len = strlen(field);

    for (const char *line = *from; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next + 1 : end;
        if ((size_t)(next - line) > len && strncasecmp(line, field, len) == 0) {
            *from = next;
            return line + len + strspn(line + len, " \t");
        }
        line = next;
    }
    *from = end;
    return NULL;
}

static bool is_dynamic(const char *headers, const char *end)
{
    for (const char *from = headers, *value; (value = next_pkg_info_field(&from, end, "dynamic:"));)
        if (strncasecmp(value, "requires-dist", strlen("requires-dist")) == 0)
            return true;
    return false;
}

/* PEP 643: from metadata 2.2 on, a field that is not listed as Dynamic is the same in every wheel built from
 * the sdist. So if Requires-Dist is neither there nor dynamic, there are no dependencies. */
static bool says_all(const char *headers, const char *end)
{
    const char *from = headers;
    const char *version = next_pkg_info_field(&from, end, "metadata-version:");
    char *rest;

    if (!version || is_dynamic(headers, end))
        return false;
    long major = strtol(version, &rest, 10);
    long minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
    return major > 2 || (major == 2 && minor >= 2);
}

/* A section of requires.txt, as setuptools writes it: "[extra]", "[extra:marker]", "[:marker]". */
struct requires_section {
    char *extra;
    char *marker;
};

static void section_begin(struct requires_section *section, const char *line, size_t len, struct buf *out)
{
    const char *colon = memchr(line, ':', len);
    size_t extra_len = colon ? (size_t)(colon - line) : len;

    free(section->extra);
    free(section->marker);
    section->extra = extra_len ? xstrndup(line, extra_len) : NULL;
    section->marker = colon ? xstrndup(colon + 1, len - extra_len - 1) : NULL;
    if (section->extra)
        buf_printf(out, "Provides-Extra: %s\n", section->extra);
}

/* "a>=1" and "a>=1; marker" become fields with all conditions after ";". In a URL, a ";" begins the marker
 * only after a blank. Whether the result is valid is seen when the metadata is parsed. */
static void add_egg_requirement(const struct requires_section *section, const char *line, size_t len,
                                struct buf *out)
{
    const char *semicolon = memchr(line, ';', len);
    const char *glue = " ; ";

    if (memmem(line, len, " @ ", 3))
        semicolon = memmem(line, len, " ;", 2);
    size_t bare = semicolon ? (size_t)(semicolon - line) : len;
    buf_printf(out, "Requires-Dist: %.*s", (int)bare, line);
    if (semicolon) {
        const char *own = semicolon + 1 + (*semicolon == ' ');
        buf_printf(out, "%s(%.*s)", glue, (int)(line + len - own), own);
        glue = " and ";
    }
    if (section->marker) {
        buf_printf(out, "%s(%s)", glue, section->marker);
        glue = " and ";
    }
    if (section->extra)
        buf_printf(out, "%sextra == \"%s\"", glue, section->extra);
    buf_add_char(out, '\n');
}

/* The marker of a section's head is repeated for each of its lines: a long one with many lines would make
 * terabytes of some megabytes, so the output is limited as well. */
static int add_requires_txt(const struct buf *text, struct buf *out)
{
    struct requires_section section = {NULL, NULL};
    const char *rest = text->data;
    const char *line;
    size_t len;

    while (out->len <= METADATA_MAX_BYTES && (line = text_next(&rest, '\n', &len))) {
        if (len && line[len - 1] == '\r')
            len--;
        text_trim(&line, &len);
        if (len >= 2 && *line == '[' && line[len - 1] == ']')
            section_begin(&section, line + 1, len - 2, out);
        else if (len && *line != '#')
            add_egg_requirement(&section, line, len, out);
    }
    free(section.extra);
    free(section.marker);
    return out->len <= METADATA_MAX_BYTES ? 0 : -1;
}

static bool egg_info_is_of(const struct egg_info *egg_info, const char *project)
{
    struct buf CLEANUP_BUF name = BUF_INIT;
    const char *last = strrchr(egg_info->path, '/') + 1;

    project_normalize(last, strlen(last) - strlen(".egg-info"), &name);
    return strcmp(name.data, project) == 0;
}

/* The egg-info of the project itself: at the top, else in src/, else in another folder that its modules may
 * be in. Those of other names belong to its tests, or to packages it has copied. */
static const struct egg_info *own_egg_info(const struct members *members, const char *headers,
                                           const char *end)
{
    const char *name = next_pkg_info_field(&headers, end, "name:");
    const struct egg_info *best = NULL;
    struct buf CLEANUP_BUF project = BUF_INIT;
    int best_rank = 0;

    if (!name)
        return NULL;
    project_normalize(name, strcspn(name, " \t\r\n"), &project);
    for (size_t i = 0; i < members->egg_info_count; i++) {
        const struct egg_info *egg_info = &members->egg_infos[i];
        const char *slash = strchr(egg_info->path, '/');
        int rank = slash == strrchr(egg_info->path, '/') ? 3 : text_starts(slash, "/src/") ? 2 : 1;
        if (rank > best_rank && egg_info_is_of(egg_info, project.data)) {
            best = egg_info;
            best_rank = rank;
        }
    }
    return best;
}

static int make_metadata(const struct members *members, struct sdist *out)
{
    const struct buf *text = &members->pkg_info;
    const char *end = text->data + headers_length(text);
    const char *from = text->data;
    bool said = next_pkg_info_field(&from, end, "requires-dist:") || says_all(text->data, end);
    const struct egg_info *egg_info = own_egg_info(members, text->data, end);

    buf_add(&out->metadata, text->data, (size_t)(end - text->data));
    if (out->metadata.len && out->metadata.data[out->metadata.len - 1] != '\n')
        buf_add_char(&out->metadata, '\n');
    /* setuptools writes requires.txt only where there are dependencies. */
    out->dependencies_known = said || egg_info;
    return !said && egg_info ? add_requires_txt(&egg_info->requires, &out->metadata) : 0;
}

/* ---- the build ---- */

static void add_build_require(struct sdist *out, const char *text)
{
    out->build_requires =
        xrealloc(out->build_requires, (out->build_require_count + 1) * sizeof(*out->build_requires));
    out->build_requires[out->build_require_count++] = xstrdup(text);
}

static bool is_setuptools(const char *text)
{
    struct requirement CLEANUP_REQUIREMENT requirement = {.name = NULL};
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    return requirement_parse(text, strlen(text), &requirement, &ignored) == 0 &&
           strcmp(requirement.project, "setuptools") == 0;
}

/* PEP 518: without pyproject.toml, or without a table there, it is setuptools and wheel; 40.8.0 is the
 * version that pip asks for, the first with a PEP 517 backend for old projects. Up to version 70.0 setuptools
 * asks for wheel while it builds (PEP 517, get_requires_for_build_wheel), whatever pyproject.toml says. A
 * pyproject.toml that cannot be read is like none: the requirements are for prefetching, and the build itself
 * will complain. */
static void read_build_requires(const struct buf *text, struct sdist *out)
{
    static const struct toml_limits limits = {METADATA_MAX_BYTES, 64, 100000};
    struct buf CLEANUP_BUF why = BUF_INIT;
    struct toml_place place;
    struct toml *CLEANUP_TOML toml = toml_read(text->data, text->len, &limits, &place, &why);
    const json_t *requires = NULL;
    bool wants_wheel = false;
    size_t i;
    const json_t *item;

    if (toml)
    requires = json_object_get(json_object_get(toml_root(toml), "build-system"), "requires");
    json_array_foreach(requires, i, item) if (json_is_string(item) && i < BUILD_REQUIRES_MAX)
    {
        add_build_require(out, json_string_value(item));
        wants_wheel = wants_wheel || is_setuptools(json_string_value(item));
    }
    if (wants_wheel)
        add_build_require(out, "wheel");
    if (!json_is_array(requires)) {
        add_build_require(out, "setuptools>=40.8.0");
        add_build_require(out, "wheel");
    }
}

/* ---- all ---- */

int sdist_read(const char *body, size_t len, struct sdist *out, struct buf *error)
{
    struct members members = {.pkg_info = BUF_INIT, .pyproject = BUF_INIT};
    int result;

    *out = (struct sdist){.metadata = BUF_INIT};
    result = open_members(body, len, &members, error);
    if (result == 0 && !members.pkg_info.len) {
        buf_set(error, "has no PKG-INFO");
        result = -1;
    }
    if (result == 0 && make_metadata(&members, out) < 0) {
        buf_set(error, "has a requires.txt that is too long");
        result = -1;
    }
    if (result == 0)
        read_build_requires(&members.pyproject, out);
    members_release(&members);
    return result;
}

void sdist_release(struct sdist *sdist)
{
    buf_release(&sdist->metadata);
    for (size_t i = 0; i < sdist->build_require_count; i++)
        free(sdist->build_requires[i]);
    free(sdist->build_requires);
    *sdist = (struct sdist){.metadata = BUF_INIT};
}
