/* requirements.txt as pip reads it: pip/_internal/req/req_file.py, and the part of req/constructors.py
 * that tells requirements from paths. Three oddities of pip are kept, so that the list means here what it
 * means there: only the first -r on a line is read, the options beside a requirement are ignored but for
 * --hash, --only-binary and --no-binary, and a -r inside a file of constraints names requirements. One is
 * not: a file that is included again is not read again, where pip would, without end if it includes
 * itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "admin/prefetch/lists/lines.h"
#include "admin/prefetch/lists/requirement_options.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/project.h"
#include "formats/word_list.h"

/* Shared by a list and all files that it includes. */
struct inclusions {
    struct word_list read; /* "c" or "r" for how it was included, and the path */
    size_t bytes;
};

/* The file that is being read. */
struct requirements_file {
    struct list_reader *reader;
    struct inclusions *inclusions;
    bool constraint;
    size_t depth;
    const struct logical_line *line; /* NULL: none yet */
};

static int read_file_text(struct requirements_file *file, struct buf *text);

static int fault_at(const struct requirements_file *file, size_t at, const char *sentence)
{
    struct line_place place = logical_line_place(file->line, at);

    return list_fault(file->reader, place.line, place.column, "%s", sentence);
}

static void note_skipped(const struct requirements_file *file, const char *what, const char *text, size_t len)
{
    struct buf CLEANUP_BUF shown = BUF_INIT;

    list_add_quoted(text, len, &shown);
    list_note(file->reader, file->line->number, "skipped %s \"%s\", which does not come from an index", what,
              shown.data);
}

/* ---- requirements ---- */

/* Does the text name a file or a directory, as pip understands it? */
static bool is_archive(const char *text, size_t len)
{
    /* pip's ARCHIVE_EXTENSIONS. */
    static const char *const suffixes[] = {".zip", ".whl",    ".tar.bz2", ".tbz", ".tar.gz", ".tgz",
                                           ".tar", ".tar.xz", ".txz",     ".tlz", ".tar.lz", ".tar.lzma"};

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        size_t suffix = strlen(suffixes[i]);
        if (len > suffix && strncasecmp(text + len - suffix, suffixes[i], suffix) == 0)
            return true;
    }
    return false;
}

static bool looks_like_path(const char *text, size_t len)
{
    return len && (text[0] == '.' || memchr(text, '/', len));
}

static bool is_directory(const char *text, size_t len)
{
    char *CLEANUP_FREE path = xstrndup(text, len);
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* pip's parse_req_from_line(): markers and extras are left off, and "name @ ./path" is a requirement by
 * URL. */
static bool is_path(const char *text, size_t len)
{
    const char *semicolon = memchr(text, ';', len);
    const char *start = text;

    len = semicolon ? (size_t)(semicolon - text) : len;
    text_trim(&start, &len);
    const char *bracket = len && start[len - 1] == ']' ? memrchr(start, '[', len) : NULL;
    len = bracket ? (size_t)(bracket - start) : len;
    const char *at = len ? memchr(start, '@', len) : NULL;
    if (at && !looks_like_path(start, (size_t)(at - start)))
        return false;
    if (is_archive(start, len))
        return true;
    return looks_like_path(start, len) && (strchr("./", start[0]) || is_directory(start, len));
}

static bool is_one_scheme(const char *text, size_t len, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (len == strlen(words[i]) && strncasecmp(text, words[i], len) == 0)
            return true;
    return false;
}

/* pip's is_url(): the word before the first ":" is one of these, or two of them with "+" between. */
static bool is_url(const char *text, size_t len)
{
    static const char *const plain[] = {"http", "https", "ftp", "file"};
    static const char *const systems[] = {"git", "hg", "svn", "bzr"};
    static const char *const below[] = {"http", "https", "ssh",         "git", "file",
                                        "ftp",  "sftp",  "static-http", "lp",  "svn"};
    const char *colon = memchr(text, ':', len);
    size_t scheme = colon ? (size_t)(colon - text) : 0;
    const char *plus = memchr(text, '+', scheme);
    size_t first = plus ? (size_t)(plus - text) : scheme;

    if (!plus)
        return is_one_scheme(text, first, plain, sizeof(plain) / sizeof(*plain));
    return is_one_scheme(text, first, systems, sizeof(systems) / sizeof(*systems)) &&
           is_one_scheme(plus + 1, scheme - first - 1, below, sizeof(below) / sizeof(*below));
}

/* The column of a message becomes a place of the file. */
static int requirement_fault(const struct requirements_file *file, size_t start, const char *message)
{
    const char *text = file->line->text.data;
    size_t column = 1;
    const char *sentence = list_split_column(message, &column);

    for (; column > 1 && start < file->line->text.len; column--)
        do
            start++;
        while (((unsigned char)text[start] & 0xc0) == 0x80);
    return fault_at(file, start, sentence);
}

static int parse_requirement(struct requirements_file *file, size_t len, struct line_options *options)
{
    struct requirement CLEANUP_REQUIREMENT requirement = {.name = NULL};
    const char *text = file->line->text.data;
    struct buf CLEANUP_BUF fault = BUF_INIT;

    if (is_url(text, len)) {
        note_skipped(file, "the URL", text, len);
        return 0;
    }
    if (is_path(text, len)) {
        note_skipped(file, "the path", text, len);
        return 0;
    }
    /* pip accepts a ";" that nothing follows, PEP 508 does not. */
    const char *semicolon = memchr(text, ';', len);
    const char *rest = semicolon ? semicolon + 1 : text + len;
    size_t rest_len = (size_t)(text + len - rest);
    text_trim(&rest, &rest_len);
    size_t used = semicolon && !rest_len ? (size_t)(semicolon - text) : len;
    if (requirement_parse(text, used, &requirement, &fault) < 0)
        return requirement_fault(file, 0, fault.data);
    if (requirement.url) {
        note_skipped(file, "the requirement by URL", text, len);
        return 0;
    }
    struct wants *wants = file->reader->wants;
    struct list_requirement *added = list_add_requirement(file->reader, file->line->number, file->constraint);
    if (!added)
        return -1;
    added->requirement = requirement;
    memset(&requirement, 0, sizeof(requirement)); /* `added` owns its parts now */
    if (options->hash_count) {
        struct checksum *hashes = arena_alloc(&wants->arena, options->hash_count * sizeof(*hashes));
        memcpy(hashes, options->hashes, options->hash_count * sizeof(*hashes));
        added->hashes = hashes;
        added->hash_count = options->hash_count;
        wants->require_hashes = true; /* as in pip: one hash makes them required of all */
    }
    return 0;
}

/* ---- files inside files ---- */

/* A file may be read once as requirements and once as constraints, which are different things. */
static bool first_time(struct requirements_file *file, const char *path, bool constraint)
{
    /* Absolute and without symbolic links in its folder, so that each file has one name. */
    const char *slash = strrchr(path, '/');
    char *CLEANUP_FREE folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
    char *CLEANUP_FREE real = realpath(folder, NULL);
    char *CLEANUP_FREE one = real ? xasprintf("%s/%s", real, slash ? slash + 1 : path) : xstrdup(path);
    char *CLEANUP_FREE key = xasprintf("%c%s", constraint ? 'c' : 'r', one);

    if (word_list_has(&file->inclusions->read, key))
        return false;
    word_list_append(&file->inclusions->read, &key);
    return true;
}

/* The path that a -r means, which is relative to the file that has it. NULL with a fault for a URL. */
static char *included_path(const struct requirements_file *file, const struct line_option *option)
{
    const char *path = file->reader->path;
    const char *slash = strrchr(path, '/');
    struct buf CLEANUP_BUF decoded = BUF_INIT;

    if (strncasecmp(option->value, "file:", 5) == 0) {
        const char *rest = option->value + 5;
        rest = text_starts(rest, "///") ? rest + 2 : rest;
        if (rest[0] == '/' && rest[1] != '/' && text_percent_decode(rest, strlen(rest), &decoded) == 0)
            return buf_take(&decoded);
    }
    if (strncasecmp(option->value, "file:", 5) == 0 || strncasecmp(option->value, "http:", 5) == 0 ||
        strncasecmp(option->value, "https:", 6) == 0) {
        (void)fault_at(file, option->at, "expected the path of a file, found a URL; fetch that list first");
        return NULL;
    }
    if (option->value[0] == '/' || !slash)
        return xstrdup(option->value);
    return xasprintf("%.*s/%s", (int)(slash - path), path, option->value);
}

/* Only regular files: a list from somebody else must not make us read a device, or wait for a pipe. */
static int load_included(const struct requirements_file *file, const struct line_option *option,
                         const char *path, struct buf *text)
{
    struct buf CLEANUP_BUF shown = BUF_INIT;
    struct buf CLEANUP_BUF sentence = BUF_INIT;
    struct stat status;

    list_add_quoted(path, strlen(path), &shown);
    bool found = stat(path, &status) == 0;
    if (!found || !S_ISREG(status.st_mode)) {
        buf_printf(&sentence, "expected a file that can be read, found \"%s\": %s", shown.data,
                   found ? "not a regular file" : strerror(errno));
        return fault_at(file, option->at, sentence.data);
    }
    return list_load(file->reader, path, text);
}

static int include_file(struct requirements_file *file, const struct line_option *option, bool constraint)
{
    struct list_reader *reader = file->reader;
    const char *outer = reader->path;
    struct requirements_file inner = {reader, file->inclusions, constraint, file->depth + 1, NULL};
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF sentence = BUF_INIT;

    char *CLEANUP_FREE path = included_path(file, option);
    if (!path)
        return -1;
    if (inner.depth >= LIST_MAX_DEPTH || file->inclusions->read.count >= LIST_MAX_FILES) {
        buf_printf(&sentence, "expected lists nested at most %d deep, and at most %d of them, found more",
                   LIST_MAX_DEPTH, LIST_MAX_FILES);
        return fault_at(file, option->at, sentence.data);
    }
    if (!first_time(file, path, constraint))
        return 0;
    if (load_included(file, option, path, &text) < 0)
        return -1;
    /* Each file has that limit, too: a thousand of them would take 60 GiB. */
    file->inclusions->bytes += text.len;
    if (file->inclusions->bytes > LIST_MAX_BYTES)
        return fault_at(file, option->at, "expected lists of at most 64 MiB in total, found more");
    /* Faults inside name the inner file. Its strings are copied, so `path` may go after it. */
    reader->path = path;
    int result = read_file_text(&inner, &text);
    reader->path = outer;
    return result;
}

/* ---- options ---- */

static void note_ignored(const struct requirements_file *file, const struct line_option *option,
                         const char *why)
{
    list_note(file->reader, file->line->number, "ignored %s: %s", option->name, why);
}

static const struct line_option *first_option(const struct line_options *options, enum option_kind kind)
{
    for (size_t i = 0; i < options->count; i++)
        if (options->items[i].kind == kind)
            return &options->items[i];
    return NULL;
}

static void note_rest(const struct requirements_file *file, const struct line_options *options,
                      const struct line_option *taken, const char *why)
{
    for (size_t i = 0; i < options->count; i++) {
        enum option_kind kind = options->items[i].kind;
        bool counts = kind == OPTION_HASH || kind == OPTION_ONLY_BINARY || kind == OPTION_NO_BINARY;
        if (&options->items[i] != taken && !counts)
            note_ignored(file, &options->items[i], why);
    }
}

static void apply_options(const struct requirements_file *file, const struct line_options *options)
{
    struct wants *wants = file->reader->wants;

    for (size_t i = 0; i < options->count; i++) {
        const struct line_option *option = &options->items[i];
        switch (option->kind) {
        case OPTION_PRE:
            wants->prereleases = true;
            break;
        case OPTION_REQUIRE_HASHES:
            wants->require_hashes = true;
            break;
        case OPTION_HASH:
            note_ignored(file, option, "there is no requirement on this line");
            break;
        case OPTION_INDEX:
            note_ignored(file, option, "files come from the upstreams in mirror.conf");
            break;
        case OPTION_OTHER:
            note_ignored(file, option, "it has no meaning here");
            break;
        default: /* took effect in requirement_options.c, or is handled by apply_line() */
            break;
        }
    }
}

static int apply_line(struct requirements_file *file, struct line_options *options)
{
    const struct line_option *editable = first_option(options, OPTION_EDITABLE);
    const struct line_option *list = first_option(options, OPTION_REQUIREMENT);
    bool constraint = !list;

    list = list ? list : first_option(options, OPTION_CONSTRAINT);
    /* As pip's ParsedLine decides: a requirement comes before -e, and that before -r and -c. */
    if (options->requirement_len) {
        note_rest(file, options, NULL, "it has no effect beside a requirement");
        return parse_requirement(file, options->requirement_len, options);
    }
    if (editable) {
        note_rest(file, options, editable, "it has no effect beside -e");
        note_skipped(file, "the editable", editable->value, strlen(editable->value));
        return 0;
    }
    if (list) {
        note_rest(file, options, list, "only the first -r or -c on a line is read");
        return include_file(file, list, constraint);
    }
    apply_options(file, options);
    return 0;
}

static int read_logical_line(struct requirements_file *file)
{
    struct line_options CLEANUP_LINE_OPTIONS options = {.count = 0};
    struct buf CLEANUP_BUF fault = BUF_INIT;
    size_t at = 0;

    if (line_options_read(&file->line->text, file->reader->wants, &options, &at, &fault) < 0)
        return fault_at(file, at, fault.data);
    for (size_t i = 0; i < options.stray_count; i++) {
        struct buf CLEANUP_BUF shown = BUF_INIT;
        list_add_quoted(options.strays[i], strlen(options.strays[i]), &shown);
        list_note(file->reader, file->line->number, "ignored \"%s\" after the options, as pip does",
                  shown.data);
    }
    return apply_line(file, &options);
}

static int read_file_text(struct requirements_file *file, struct buf *text)
{
    struct logical_line CLEANUP_LOGICAL_LINE line = {.text = BUF_INIT};
    const char *start;
    size_t len;

    if (line_decode(file->reader, text) < 0)
        return -1;
    start = text->data;
    len = text->len;
    if (list_check_utf8(file->reader, &start, &len) < 0)
        return -1;
    struct line_source lines = {.text = start, .len = len, .number = 1};
    file->line = &line;
    for (int more; !file->reader->stopped && (more = logical_line_next(file->reader, &lines, &line)) != 0;)
        if (more > 0)
            (void)read_logical_line(file);
    file->line = NULL; /* it ends with this frame */
    return 0;
}

int list_read_requirements(struct list_reader *reader, const char *text, size_t len)
{
    struct inclusions inclusions = {.read = WORD_LIST_INIT, .bytes = len};
    struct requirements_file file = {.reader = reader, .inclusions = &inclusions};
    struct buf CLEANUP_BUF copy = BUF_INIT;

    buf_add(&copy, text, len);
    /* Noted as read, so that a file that includes itself ends here. */
    (void)first_time(&file, reader->path, false);
    int result = read_file_text(&file, &copy);
    word_list_release(&inclusions.read);
    return result;
}
