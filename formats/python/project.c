/* Names of projects (PEP 503, 508), names of files, and our own paths of files.
 *
 * A request for a file says only its path, but to find the file's upstream its project's page is needed.
 * Wheels tell the project (PEP 427); names of sdists are ambiguous, because project and version may both
 * contain "-": "a-b-1.0" may be "a-b" in version 1.0, or "a" in version "b-1.0". So there are guesses, the
 * likely ones first. */
#include "formats/python/project.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

/* Each guess may cost a request to an upstream, and any client can send a name with many dashes. */
#define GUESSES_MAX 6

/* Characters that RFC 3986 allows in a path segment beside the unreserved ones. They stay unescaped, so that
 * official URLs, with "+" and "!" of versions in them, keep their spelling. */
#define SEGMENT_ALSO "!$&'()*+,;=:@"

static const char *const distribution_suffixes[] = {
    ".whl",      ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.z", ".tar.lz", ".tar.zst", ".tbz",
    ".tar.lzma", ".tar",    ".egg", ".exe",     ".msi", ".rpm",    ".deb",   ".dmg",    ".tbz2",
};

/* Not isalnum(): PEP 508 is about ASCII, whatever the locale is. */
static bool is_name_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

bool project_name_valid(const char *name, size_t len)
{
    if (!len || len > PROJECT_NAME_MAX || !is_name_alnum(name[0]) || !is_name_alnum(name[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_name_alnum(name[i]) && !is_separator(name[i]))
            return false;
    return true;
}

void project_normalize(const char *name, size_t len, struct buf *out)
{
    buf_reserve(out, len);
    for (size_t i = 0; i < len; i++) {
        if (!is_separator(name[i]))
            buf_add_char(out, (char)tolower((unsigned char)name[i]));
        else if (i + 1 == len || !is_separator(name[i + 1]))
            buf_add_char(out, '-');
    }
}

/* A valid name ends in a letter or digit, so name[i + 1] below is inside it. */
bool project_name_normalized(const char *name, size_t len)
{
    if (!project_name_valid(name, len))
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_' || name[i] == '.')
            return false;
        if (name[i] == '-' && name[i + 1] == '-')
            return false;
    }
    return true;
}

bool filename_valid(const char *name, size_t len)
{
    if (!len || len > FILENAME_MAX_BYTES || name[0] == ' ' || name[len - 1] == ' ')
        return false;
    if (text_equal_n(name, len, ".") || text_equal_n(name, len, ".."))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
            return false;
    }
    /* "<file>.metadata" is the metadata of <file> (PEP 658): a file of such a name could not be asked for. */
    static const char metadata[] = ".metadata";
    size_t suffix = sizeof(metadata) - 1;
    if (len >= suffix && memcmp(name + len - suffix, metadata, suffix) == 0)
        return false;
    return text_is_utf8(name, len);
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t len = strlen(name);
    size_t suffix_len = strlen(suffix);

    return len > suffix_len && strcasecmp(name + len - suffix_len, suffix) == 0;
}

bool filename_is_wheel(const char *name)
{
    return ends_in(name, ".whl");
}

bool filename_is_distribution(const char *name)
{
    for (size_t i = 0; i < sizeof(distribution_suffixes) / sizeof(*distribution_suffixes); i++)
        if (ends_in(name, distribution_suffixes[i]))
            return true;
    return false;
}

/* Collects guesses, each once. */
struct guesses {
    struct buf names[GUESSES_MAX];
    size_t count;
};

static void guesses_release(struct guesses *guesses)
{
    for (size_t i = 0; i < guesses->count; i++)
        buf_release(&guesses->names[i]);
}

static void guess(struct guesses *guesses, const char *name, size_t len)
{
    if (guesses->count == GUESSES_MAX || !project_name_valid(name, len))
        return;
    struct buf *slot = &guesses->names[guesses->count];
    buf_init(slot);
    project_normalize(name, len, slot);
    for (size_t i = 0; i < guesses->count; i++)
        if (strcmp(guesses->names[i].data, slot->data) == 0) {
            buf_release(slot);
            return;
        }
    guesses->count++;
}

static bool version_starts(const char *dash)
{
    return dash[1] >= '0' && dash[1] <= '9';
}

/* In an sdist's name the last dash before a digit is most likely the one before the version (by PEP 625 it is
 * the only dash); then every other dash, from the right. */
static void guess_sdist(struct guesses *guesses, const char *name)
{
    for (int wanted = 1; wanted >= 0; wanted--)
        for (size_t i = strlen(name); i-- > 1;)
            if (name[i] == '-' && version_starts(name + i) == wanted)
                guess(guesses, name, i);
}

/* Built formats put more after the version (foo-1.0-1.noarch.rpm, foo-1.0.win32-py2.7.exe), so here the first
 * dash before a digit is the likely one. */
static void guess_built(struct guesses *guesses, const char *name)
{
    for (int wanted = 1; wanted >= 0; wanted--)
        for (size_t i = 1; name[i - 1] && name[i]; i++)
            if (name[i] == '-' && version_starts(name + i) == wanted)
                guess(guesses, name, i);
}

int filename_projects(const char *filename, int (*visit)(void *arg, const char *project), void *arg)
{
    struct guesses guesses __attribute__((cleanup(guesses_release))) = {.count = 0};
    const char *dash = strchr(filename, '-');

    if (!dash)
        return 0;
    if (filename_is_wheel(filename) || ends_in(filename, ".egg"))
        guess(&guesses, filename, (size_t)(dash - filename));
    else if (ends_in(filename, ".exe") || ends_in(filename, ".msi") || ends_in(filename, ".rpm") ||
             ends_in(filename, ".deb") || ends_in(filename, ".dmg"))
        guess_built(&guesses, filename);
    else
        guess_sdist(&guesses, filename);
    for (size_t i = 0; i < guesses.count; i++) {
        int stop = visit(arg, guesses.names[i].data);
        if (stop)
            return stop;
    }
    return 0;
}

/* ---- paths ---- */

struct segment {
    const char *text;
    size_t len;
};

/* Splits the part after "/packages/" into at most `max` segments; returns their number, max + 1 if there are
 * more. */
static size_t split_path(const char *path, size_t len, struct segment *out, size_t max)
{
    size_t count = 0;
    const char *end = path + len;

    for (;;) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        const char *stop = slash ? slash : end;
        if (count == max)
            return max + 1;
        out[count++] = (struct segment){path, (size_t)(stop - path)};
        if (!slash)
            return count;
        path = slash + 1;
    }
}

static bool lower_hex(const struct segment *segment, size_t digits)
{
    if (segment->len != digits)
        return false;
    for (size_t i = 0; i < digits; i++)
        if (!(segment->text[i] >= '0' && segment->text[i] <= '9') &&
            !(segment->text[i] >= 'a' && segment->text[i] <= 'f'))
            return false;
    return true;
}

/* The layout of the official index: the digest is cut into folders, aa/bb/<the other 60 digits>. */
static int parse_official(const struct segment *segments, struct file_path *out)
{
    char hex[DIGEST_HEX_SIZE];

    if (!lower_hex(&segments[0], 2) || !lower_hex(&segments[1], 2) || !lower_hex(&segments[2], 60))
        return -1;
    memcpy(hex, segments[0].text, 2);
    memcpy(hex + 2, segments[1].text, 2);
    memcpy(hex + 4, segments[2].text, 60);
    out->kind = FILE_PATH_OFFICIAL;
    return checksum_parse(HASH_BLAKE2B_256, hex, 64, &out->checksum);
}

/* Our layouts for files of other indexes. They say the project, so nothing needs to be guessed; it must be
 * normalised, or one file would have several paths. Neither "sha256" nor "url" can be mistaken for two hex
 * digits. */
static int parse_own(const struct segment *segments, struct file_path *out)
{
    if (text_equal_n(segments[0].text, segments[0].len, "sha256"))
        out->kind = FILE_PATH_SHA256;
    else if (text_equal_n(segments[0].text, segments[0].len, "url"))
        out->kind = FILE_PATH_URL;
    else
        return -1;
    if (!lower_hex(&segments[1], 64) || !project_name_normalized(segments[2].text, segments[2].len))
        return -1;
    memcpy(out->project, segments[2].text, segments[2].len);
    return checksum_parse(HASH_SHA256, segments[1].text, 64, &out->checksum);
}

static int parse_filename(const struct segment *segment, struct file_path *out, struct buf *error)
{
    struct buf CLEANUP_BUF name = BUF_INIT;

    /* Every byte escaped, and ".metadata": longer cannot decode to a valid name. */
    if (segment->len > 3 * (FILENAME_MAX_BYTES + 9) ||
        text_percent_decode(segment->text, segment->len, &name) < 0) {
        buf_set(error, "the file name in the path is too long or badly percent-encoded");
        return -1;
    }
    if (text_ends(name.data, ".metadata")) {
        out->metadata = true;
        name.data[name.len -= strlen(".metadata")] = '\0';
    }
    if (!filename_valid(name.data, name.len)) {
        buf_set(error, "the last part of the path is not a valid file name");
        return -1;
    }
    memcpy(out->filename, name.data, name.len);
    return 0;
}

int file_path_parse(const char *path, size_t len, struct file_path *out, struct buf *error)
{
    static const char prefix[] = "/packages/";
    size_t prefix_len = sizeof(prefix) - 1;
    struct segment segments[4];

    memset(out, 0, sizeof(*out));
    if (len > prefix_len && memcmp(path, prefix, prefix_len) == 0 &&
        split_path(path + prefix_len, len - prefix_len, segments, 4) == 4 &&
        (parse_official(segments, out) == 0 || parse_own(segments, out) == 0))
        return parse_filename(&segments[3], out, error);
    buf_set(error, "not the path of a package file: expected /packages/<2 hex>/<2 hex>/<60 hex>/<file name>");
    return -1;
}

void file_path_print(const struct file_path *path, struct buf *out)
{
    char hex[2 * HASH_MAX_BYTES + 1];

    checksum_hex(&path->checksum, hex);
    buf_add_text(out, "/packages/");
    if (path->kind == FILE_PATH_OFFICIAL) {
        buf_add(out, hex, 2);
        buf_add_char(out, '/');
        buf_add(out, hex + 2, 2);
        buf_add_char(out, '/');
        buf_add(out, hex + 4, 60);
    } else {
        buf_add_text(out, path->kind == FILE_PATH_SHA256 ? "sha256/" : "url/");
        buf_add(out, hex, 64);
        buf_add_char(out, '/');
        buf_add_text(out, path->project);
    }
    buf_add_char(out, '/');
    text_percent_encode(path->filename, strlen(path->filename), SEGMENT_ALSO, out);
}
