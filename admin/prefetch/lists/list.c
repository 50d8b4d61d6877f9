/* Collects wants, words faults and notes, and gives each file to the reader of its format. */
#include "admin/prefetch/lists/list.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/prefetch/lists/list_private.h"
#include "admin/prefetch/lists/lock_file.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define QUOTED_BYTES 200

void wants_init(struct wants *wants)
{
    *wants = (struct wants){.arena = ARENA_INIT};
}

static void release_requirements(struct list_requirement *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        requirement_release(&items[i].requirement);
    free(items);
}

void wants_release(struct wants *wants)
{
    release_requirements(wants->requirements, wants->requirement_count);
    release_requirements(wants->constraints, wants->constraint_count);
    free(wants->packages);
    free(wants->images);
    free(wants->notes.items);
    free(wants->faults.items);
    free(wants->only_binary.items);
    free(wants->no_binary.items);
    list_locks_free(wants->locks);
    arena_release(&wants->arena);
    wants_init(wants);
}

/* ---- faults and notes ---- */

void list_strings_add(struct wants *wants, struct wants_strings *strings, const char *text, size_t len)
{
    LIST_GROW(strings->items, strings->count);
    strings->items[strings->count++] = arena_strndup(&wants->arena, text, len);
}

/* Once reading must end, the callers on the way out report faults of their own: the first one is the
 * cause. */
static int keep_fault(struct list_reader *reader, const struct buf *fault)
{
    struct wants *wants = reader->wants;

    if (reader->stopped)
        return -1;
    if (reader->keep_going && wants->faults.count < LIST_MAX_FAULTS) {
        list_strings_add(wants, &wants->faults, fault->data, fault->len);
        return -1;
    }
    reader->stopped = true;
    buf_set(reader->error, "%s%s", fault->data,
            reader->keep_going ? "; reading ends here, since there are too many faults" : "");
    return -1;
}

int list_fault(struct list_reader *reader, size_t line, size_t column, const char *format, ...)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;
    va_list args;

    list_add_quoted(reader->path, strlen(reader->path), &fault);
    buf_printf(&fault, ":%zu:%zu: ", line, column);
    va_start(args, format);
    buf_vprintf(&fault, format, args);
    va_end(args);
    return keep_fault(reader, &fault);
}

int list_file_fault(struct list_reader *reader, const char *format, ...)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;
    va_list args;

    list_add_quoted(reader->path, strlen(reader->path), &fault);
    buf_add_text(&fault, ": ");
    va_start(args, format);
    buf_vprintf(&fault, format, args);
    va_end(args);
    return keep_fault(reader, &fault);
}

void list_note(struct list_reader *reader, size_t line, const char *format, ...)
{
    struct buf CLEANUP_BUF note = BUF_INIT;
    va_list args;

    if (reader->wants->notes.count >= LIST_MAX_NOTES)
        return;
    list_add_quoted(reader->path, strlen(reader->path), &note);
    if (line)
        buf_printf(&note, ":%zu", line);
    buf_add_text(&note, ": ");
    va_start(args, format);
    buf_vprintf(&note, format, args);
    va_end(args);
    list_strings_add(reader->wants, &reader->wants->notes, note.data, note.len);
}

/* The length of "user:password@" at the beginning of text, which follows "://", or 0. Up to the last "@":
 * people forget to encode one in a password, and too much hidden is better than half of it shown. */
static size_t userinfo_end(const char *text, size_t len)
{
    size_t end = 0;

    for (size_t i = 0; i < len && !strchr("/?# ", text[i]); i++)
        if (text[i] == '@')
            end = i + 1;
    return end;
}

void list_add_quoted(const char *text, size_t len, struct buf *out)
{
    size_t most = len < QUOTED_BYTES ? len : QUOTED_BYTES;
    bool utf8 = text_is_utf8(text, len);

    /* Cut before a character, not inside of one. */
    while (most < len && most && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    for (size_t i = 0; i < most; i++) {
        unsigned char c = (unsigned char)text[i];
        /* Terminals obey U+0080 to U+009F, too. */
        bool control =
            c < ' ' || c == 0x7f || (c == 0xc2 && i + 1 < most && (unsigned char)text[i + 1] < 0xa0);
        buf_add_char(out, control || (c >= 0x80 && !utf8) ? '?' : (char)c);
        i += control && c == 0xc2; /* both bytes became one "?" */
        size_t secret =
            i >= 2 && memcmp(text + i - 2, "://", 3) == 0 ? userinfo_end(text + i + 1, len - i - 1) : 0;
        buf_add_text(out, secret ? "****@" : "");
        i += secret;
    }
    if (most < len)
        buf_add_text(out, "...");
}

const char *list_split_column(const char *message, size_t *column)
{
    static const char word[] = "column ";
    char *end;

    if (!text_starts(message, word))
        return message;
    unsigned long number = strtoul(message + strlen(word), &end, 10);
    if (!text_starts(end, ": "))
        return message;
    *column = number;
    return end + 2;
}

/* ---- adding to wants ---- */

const char *list_origin(struct list_reader *reader, size_t line)
{
    struct buf CLEANUP_BUF origin = BUF_INIT;

    list_add_quoted(reader->path, strlen(reader->path), &origin);
    buf_printf(&origin, ":%zu", line);
    return arena_strndup(&reader->wants->arena, origin.data, origin.len);
}

struct list_requirement *list_add_requirement(struct list_reader *reader, size_t line, bool constraint)
{
    struct wants *wants = reader->wants;
    struct list_requirement **items = constraint ? &wants->constraints : &wants->requirements;
    size_t *count = constraint ? &wants->constraint_count : &wants->requirement_count;

    if (*count >= LIST_MAX_ITEMS) {
        list_fault(reader, line, 1, "expected at most %d requirements, found more", LIST_MAX_ITEMS);
        return NULL;
    }
    LIST_GROW(*items, *count);
    struct list_requirement *added = &(*items)[(*count)++];
    *added = (struct list_requirement){.origin = list_origin(reader, line)};
    return added;
}

int list_add_package(struct list_reader *reader, size_t line, const struct list_package *package)
{
    struct wants *wants = reader->wants;

    if (wants->package_count >= LIST_MAX_ITEMS)
        return list_fault(reader, line ? line : 1, 1, "expected at most %d packages, found more",
                          LIST_MAX_ITEMS);
    LIST_GROW(wants->packages, wants->package_count);
    wants->packages[wants->package_count++] = *package;
    return 0;
}

int list_add_image(struct list_reader *reader, size_t line, const char *reference, const char *platform)
{
    struct wants *wants = reader->wants;

    if (wants->image_count >= LIST_MAX_ITEMS)
        return list_fault(reader, line, 1, "expected at most %d images, found more", LIST_MAX_ITEMS);
    LIST_GROW(wants->images, wants->image_count);
    wants->images[wants->image_count++] = (struct list_image){
        .reference = arena_strdup(&wants->arena, reference),
        .platform = platform ? arena_strdup(&wants->arena, platform) : NULL,
        .origin = list_origin(reader, line),
    };
    return 0;
}

/* ---- files ---- */

int list_load(struct list_reader *reader, const char *path, struct buf *text)
{
    struct stat status;

    if (reader->wants->files_only && stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return list_file_fault(reader, "expected a file, found something else");
    if (file_read(path, LIST_MAX_BYTES, text) < 0)
        return list_file_fault(reader, "cannot read this list: %s", strerror(errno));
    if (text->len > LIST_MAX_BYTES) /* file_read() ends just after the limit, so that this shows */
        return list_file_fault(reader, "expected a list of at most %d bytes, found more", LIST_MAX_BYTES);
    return 0;
}

int list_check_utf8(struct list_reader *reader, const char **text_, size_t *len_)
{
    struct toml_place place = {1, 1};
    size_t at = 0;

    if (*len_ >= 3 && memcmp(*text_, "\xef\xbb\xbf", 3) == 0) {
        *text_ += 3;
        *len_ -= 3;
    }
    const char *text = *text_;
    size_t len = *len_;
    if (text_is_utf8(text, len))
        return 0;
    /* The first byte that does not begin a character, its line, and its column in characters. */
    while (at < len) {
        size_t size = 1;
        while (size <= 4 && at + size <= len && !text_is_utf8(text + at, size))
            size++;
        if (size > 4 || at + size > len)
            break;
        place = text[at] == '\n' ? (struct toml_place){place.line + 1, 1}
                                 : (struct toml_place){place.line, place.column + 1};
        at += size;
    }
    return list_fault(reader, place.line, place.column, "expected UTF-8, found the byte 0x%02x",
                      (unsigned char)text[at]);
}

/* ---- formats ---- */

static enum list_format format_by_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    if (text_ends(name, ".toml"))
        return LIST_FORMAT_PYLOCK;
    if (strcmp(name, "uv.lock") == 0 || text_ends(name, ".py.lock"))
        return LIST_FORMAT_UV_LOCK;
    if (strcmp(name, "poetry.lock") == 0)
        return LIST_FORMAT_POETRY_LOCK;
    if (strcmp(name, "Pipfile.lock") == 0)
        return LIST_FORMAT_PIPFILE_LOCK;
    if (text_ends(name, ".yml") || text_ends(name, ".yaml"))
        return LIST_FORMAT_YAML;
    return LIST_FORMAT_REQUIREMENTS;
}

int list_read(const char *path, enum list_format format, bool keep_going, struct wants *wants,
              struct buf *error)
{
    static int (*const readers[])(struct list_reader * reader, const char *text, size_t len) = {
        [LIST_FORMAT_REQUIREMENTS] = list_read_requirements,
        [LIST_FORMAT_PYLOCK] = list_read_pylock,
        [LIST_FORMAT_UV_LOCK] = list_read_uv_lock,
        [LIST_FORMAT_POETRY_LOCK] = list_read_poetry_lock,
        [LIST_FORMAT_PIPFILE_LOCK] = list_read_pipfile_lock,
        [LIST_FORMAT_IMAGES] = list_read_images,
        [LIST_FORMAT_YAML] = list_read_yaml,
    };
    struct list_reader reader = {.wants = wants, .path = path, .error = error};
    struct buf CLEANUP_BUF text = BUF_INIT;

    if (list_load(&reader, path, &text) < 0)
        return -1;
    /* Only from here on: without the text of the list there is nothing to continue with. */
    reader.keep_going = keep_going;
    readers[format == LIST_FORMAT_BY_NAME ? format_by_name(path) : format](&reader, text.data, text.len);
    return reader.stopped ? -1 : 0;
}

/* ---- names on the command line ---- */

static int name_fault(const char *text, size_t skipped, const char *message, struct buf *error)
{
    size_t column = 1;
    const char *sentence = list_split_column(message, &column);

    /* The parser saw the text after "pypi:" or "docker:"; the user counts from the beginning. */
    buf_set(error, "\"");
    list_add_quoted(text, strlen(text), error);
    buf_printf(error, "\": column %zu: %s", column + skipped, sentence);
    return -1;
}

static int add_project_name(const char *text, size_t skipped, struct list_reader *reader)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;
    struct requirement CLEANUP_REQUIREMENT requirement;

    if (requirement_parse(text + skipped, strlen(text + skipped), &requirement, &fault) < 0)
        return name_fault(text, skipped, fault.data, reader->error);
    if (requirement.url)
        return name_fault(text, skipped, "expected a project of the index, found one with a URL",
                          reader->error);
    struct list_requirement *added = list_add_requirement(reader, 1, false);
    if (!added)
        return -1;
    added->requirement = requirement;
    memset(&requirement, 0, sizeof(requirement)); /* `added` owns its parts now */
    added->origin = arena_strdup(&reader->wants->arena, "the command line");
    return 0;
}

static int add_image_name(const char *text, size_t skipped, struct list_reader *reader)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;

    if (list_image_check(text + skipped, strlen(text + skipped), &fault) < 0)
        return name_fault(text, skipped, fault.data, reader->error);
    if (list_add_image(reader, 1, text + skipped, NULL) < 0)
        return -1;
    reader->wants->images[reader->wants->image_count - 1].origin =
        arena_strdup(&reader->wants->arena, "the command line");
    return 0;
}

int list_add_name(const char *text, struct wants *wants, struct buf *error)
{
    struct list_reader reader = {.wants = wants, .path = "the command line", .error = error};
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    if (text_starts(text, "docker:"))
        return add_image_name(text, strlen("docker:"), &reader);
    if (text_starts(text, "pypi:"))
        return add_project_name(text, strlen("pypi:"), &reader);
    if (text_starts(text, "prefetch:"))
        return name_fault(
            text, 0,
            "expected \"pypi:\" or \"docker:\" before the name: a list of mirror.conf is fetched by the "
            "server; for now, name its files with -r and --images",
            error);
    /* No requirement has a ":" right after its name, so "npm:left-pad" is a kind that we do not have. */
    if (word && text[word] == ':')
        return name_fault(text, 0, "expected \"pypi:\" or \"docker:\" before the name, found another kind",
                          error);
    return add_project_name(text, 0, &reader);
}
