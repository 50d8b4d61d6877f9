/* Reading mirror.conf. State: one struct parser on the stack of config_parse(); main thread only.
 *
 * inih splits lines into key and value, but lets several faults pass in silence: lines longer than its buffer
 * are cut, sections without keys and text after a section header are skipped, and an indented line continues
 * the value above. So next_line(), which inih calls in place of fgets(), checks and trims each line first and
 * reads section headers itself. The first fault ends the input; its line number and sentence are kept in the
 * parser. */
#include "base/config_file.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/config.h"
#include "base/config_private.h"
#include "base/config_registry.h"
#include "base/config_value.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define MAX_FILE_BYTES (1 << 20)
#define MAX_SECTIONS 256

struct opened_section {
    const struct config_section *section;
    char *name; /* NULL: not a named one */
    int line;
    int key_line[CONFIG_MAX_KEYS]; /* 0: not given */
};

struct parser {
    const char *file;
    const char *at, *end; /* the text that is not read yet */
    int line;
    struct config *config;
    struct buf *error;
    int error_line; /* 0: no error so far */

    struct opened_section opened[MAX_SECTIONS];
    size_t opened_count; /* the last one is open now */
    void *base;          /* the struct with the fields of its keys */
};

/* Keeps the first error. Returns -1. */
static int __attribute__((format(printf, 3, 4)))
fail_at(struct parser *parser, int line, const char *format, ...)
{
    va_list args;

    if (parser->error_line)
        return -1;
    parser->error_line = line;
    buf_set(parser->error, "%s:%d: ", parser->file, line);
    va_start(args, format);
    buf_vprintf(parser->error, format, args);
    va_end(args);
    return -1;
}

/* ---- sections ---- */

static struct opened_section *open_now(struct parser *parser)
{
    return parser->opened_count ? &parser->opened[parser->opened_count - 1] : NULL;
}

static void print_opened(const struct opened_section *opened, struct buf *out)
{
    if (opened->name)
        buf_printf(out, "[%s \"%s\"]", opened->section->word, opened->name);
    else
        config_section_print(opened->section, out);
}

/* The open section has ended: does it have its required keys? */
static int close_section(struct parser *parser)
{
    struct buf CLEANUP_BUF expected = BUF_INIT;
    struct opened_section *opened = open_now(parser);
    const struct config_key *key;

    if (!opened)
        return 0;
    for (size_t i = 0; (key = config_key_at(opened->section, i)); i++) {
        if (!config_key_is_required(key) || opened->key_line[i])
            continue;
        print_opened(opened, &expected);
        buf_printf(&expected, " has no %s; expected %s = ", config_key_name(key), config_key_name(key));
        config_key_print_expected(key, &expected);
        return fail_at(parser, opened->line, "%s", expected.data);
    }
    return 0;
}

/* `text` is the name in quotes, NULL for a section without one. */
static int begin_section(struct parser *parser, const struct config_section *section, const char *text)
{
    struct buf CLEANUP_BUF normal = BUF_INIT;
    const char *expected = text ? section->name_expected(text, &normal) : NULL;
    const char *name = text ? normal.data : NULL;

    if (close_section(parser) < 0)
        return -1;
    if (expected) {
        buf_reset(&normal);
        config_print_masked(&normal, text);
        return fail_at(parser, parser->line, "\"%s\" is not a valid name for [%s]; expected %s", normal.data,
                       section->word, expected);
    }
    for (size_t i = 0; i < parser->opened_count; i++)
        if (parser->opened[i].section == section && (!name || strcmp(parser->opened[i].name, name) == 0))
            return fail_at(parser, parser->line, "this section is there already, in line %d; merge the two",
                           parser->opened[i].line);
    parser->base = parser->opened_count < MAX_SECTIONS ? section->open(parser->config, name) : NULL;
    if (!parser->base)
        return fail_at(parser, parser->line, "too many sections; at most %d of one kind", CONFIG_MAX_ITEMS);
    parser->opened[parser->opened_count++] =
        (struct opened_section){.section = section, .name = xstrdup_or_null(name), .line = parser->line};
    return 0;
}

static int unknown_section(struct parser *parser, const char *word, bool named)
{
    const struct config_section *other = config_section_find(word, !named);
    struct buf CLEANUP_BUF expected = BUF_INIT;

    if (other) {
        config_section_print(other, &expected);
        return fail_at(parser, parser->line, "[%s] takes %s name; expected %s", word, named ? "no" : "a",
                       expected.data);
    }
    config_print_sections(&expected);
    return fail_at(parser, parser->line, "unknown section \"%s\"; expected one of %s", word, expected.data);
}

/* `[word]` or `[word "name"]`, and perhaps a comment. */
static int read_section_header(struct parser *parser, const char *text)
{
    static const char expected[] = "expected [section] or [section \"name\"] on a line of its own";
    const char *word = text + 1;
    size_t word_len = strcspn(word, " \t\"];");
    const char *rest = word + word_len;
    char *CLEANUP_FREE word_copy = xstrndup(word, word_len);
    char *CLEANUP_FREE name = NULL;

    rest += strspn(rest, " \t");
    if (*rest == '"') {
        size_t len = strcspn(rest + 1, "\"");
        if (!rest[1 + len])
            return fail_at(parser, parser->line, "%s", expected);
        name = xstrndup(rest + 1, len);
        rest += len + 2;
        rest += strspn(rest, " \t");
    }
    if (!word_len || *rest != ']')
        return fail_at(parser, parser->line, "%s", expected);
    rest += 1 + strspn(rest + 1, " \t");
    if (*rest && *rest != ';' && *rest != '#')
        return fail_at(parser, parser->line, "%s", expected);
    const struct config_section *section = config_section_find(word_copy, name != NULL);
    if (!section)
        return unknown_section(parser, word_copy, name != NULL);
    return begin_section(parser, section, name);
}

/* ---- lines ---- */

static bool has_control_bytes(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return true;
    return false;
}

/* Takes the next line off the text, without its end and the blanks around it. */
static const char *next_raw_line(struct parser *parser, size_t *len)
{
    const char *line = parser->at;
    const char *newline = memchr(line, '\n', (size_t)(parser->end - line));

    *len = (size_t)((newline ? newline : parser->end) - line);
    parser->at = newline ? newline + 1 : parser->end;
    if (++parser->line == 1 && *len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
        line += 3;
        *len -= 3;
    }
    if (*len && line[*len - 1] == '\r')
        --*len;
    text_trim(&line, len);
    return line;
}

/* inih's reader, with the contract of fgets(); NULL after a fault ends the input. A comment becomes an empty
 * line, so that inih counts lines as we do. */
static char *next_line(char *out, int size, void *user)
{
    struct parser *parser = user;
    size_t len;

    if (parser->error_line || parser->at == parser->end)
        return NULL;
    const char *line = next_raw_line(parser, &len);
    bool comment = !len || *line == ';' || *line == '#';
    if (comment) {
        len = 0;
    } else if (has_control_bytes(line, len) || !text_is_utf8(line, len)) {
        fail_at(parser, parser->line, "the line is not text; expected UTF-8 without control characters");
        return NULL;
    } else if (len + 2 > (size_t)size) {
        fail_at(parser, parser->line, "the line has %zu bytes; at most %d are read%s", len, size - 2,
                memchr(line, ';', len) ? ": put the comment on a line of its own" : "");
        return NULL;
    }
    memcpy(out, line, len);
    out[len] = '\0';
    if (len && *out == '[') {
        if (read_section_header(parser, out) < 0)
            return NULL;
        len = 0;
    }
    /* Some builds of inih ask for the rest of a line that has no newline. */
    out[len] = '\n';
    out[len + 1] = '\0';
    return out;
}

/* ---- keys ---- */

static int unknown_key(struct parser *parser, const char *name)
{
    const struct config_section *other = config_section_with_key(name);
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_printf(&text, "unknown key \"%s\" in ", name);
    print_opened(open_now(parser), &text);
    if (other) {
        buf_add_text(&text, "; it belongs to ");
        config_section_print(other, &text);
    } else {
        buf_add_text(&text, "; expected one of ");
        config_section_print_keys(open_now(parser)->section, &text);
    }
    return fail_at(parser, parser->line, "%s", text.data);
}

static const struct config_key *find_key(const struct config_section *section, const char *name,
                                         size_t *number)
{
    const struct config_key *key;

    for (*number = 0; (key = config_key_at(section, *number)); ++*number)
        if (strcmp(config_key_name(key), name) == 0)
            return key;
    return NULL;
}

static int read_key(struct parser *parser, const char *name, const char *value)
{
    struct opened_section *opened = open_now(parser);
    const struct config_key *key;
    struct buf CLEANUP_BUF problem = BUF_INIT;
    size_t number;

    if (!opened)
        return fail_at(parser, parser->line,
                       "\"%s\" comes before the first section; expected [server] or another", name);
    if (!(key = find_key(opened->section, name, &number)))
        return unknown_key(parser, name);
    if (!*value)
        return fail_at(parser, parser->line, "%s has no value", name);
    if (strstr(value, " #") || strstr(value, "\t#")) {
        config_key_print_value(key, value, &problem);
        return fail_at(parser, parser->line,
                       "%s = %s: a comment after a value begins with \" ;\", not with \"#\"", name,
                       problem.data);
    }
    if (!config_key_is_list(key) && opened->key_line[number])
        return fail_at(parser, parser->line, "%s is given already, in line %d", name,
                       opened->key_line[number]);
    if (!opened->key_line[number])
        config_key_clear(key, parser->base);
    opened->key_line[number] = parser->line;
    if (config_key_set(key, parser->base, value, &problem) < 0)
        return fail_at(parser, parser->line, "%s", problem.data);
    return 0;
}

static int on_ini_key(void *user, const char *section, const char *name, const char *value)
{
    struct parser *parser = user;

    (void)section; /* inih cuts it at 49 bytes; next_line() has read it itself */
    if (!parser->error_line)
        read_key(parser, name, value);
    return 1;
}

/* ---- the whole file ---- */

/* The line of the key, or of its section where the key is not given. */
static int line_of_place(const struct parser *parser, const struct config_place *place)
{
    for (size_t i = 0; i < parser->opened_count; i++) {
        const struct opened_section *opened = &parser->opened[i];
        size_t number;
        if (!opened->name || strcmp(opened->section->word, place->word) != 0 ||
            strcmp(opened->name, place->name) != 0)
            continue;
        if (place->key && find_key(opened->section, place->key, &number) && opened->key_line[number])
            return opened->key_line[number];
        return opened->line;
    }
    BUG("there is no section [%s \"%s\"]", place->word, place->name);
}

static int check_whole(struct parser *parser)
{
    struct config *config = parser->config;
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct config_place place = {NULL, NULL, NULL};

    if (close_section(parser) < 0)
        return -1;
    if (config_registries_complete(config, &place, &problem) < 0)
        return fail_at(parser, line_of_place(parser, &place), "%s", problem.data);
    if (!config->pypi_upstream_count && !config->registry_count && !config->server.offline) {
        buf_set(
            parser->error,
            "%s: no upstream is named; expected a section [pypi \"name\"] with index = URL, a section "
            "[registry \"name\"] with upstream = URL, or offline = yes in [server] (see mirror.conf.example)",
            parser->file);
        return -1;
    }
    return 0;
}

static int parse_all(struct parser *parser)
{
    int bad_line = ini_parse_stream(next_line, parser, on_ini_key, parser);

    if (bad_line > 0 && (!parser->error_line || bad_line < parser->error_line)) {
        parser->error_line = 0;
        fail_at(parser, bad_line, "expected key = value");
    } else if (bad_line < 0) {
        buf_set(parser->error, "%s: out of memory", parser->file);
        return -1;
    }
    return parser->error_line ? -1 : check_whole(parser);
}

int config_parse(const char *text, size_t len, const char *name, struct config **out, struct buf *error)
{
    struct parser parser = {.file = name, .at = text, .end = text + len, .error = error};

    if (len > MAX_FILE_BYTES) {
        buf_set(error, "%s: larger than %d bytes; this is not a mirror.conf", name, MAX_FILE_BYTES);
        return -1;
    }
    if (!len) {
        buf_set(error, "%s: the file is empty; begin with a copy of mirror.conf.example", name);
        return -1;
    }
    parser.config = config_new();
    int result = parse_all(&parser);
    for (size_t i = 0; i < parser.opened_count; i++)
        free(parser.opened[i].name);
    if (result < 0)
        config_free(parser.config);
    else
        *out = parser.config;
    return result;
}

int config_load(const char *path, struct config **out, struct buf *error)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    if (file_read(path, MAX_FILE_BYTES, &text) == 0)
        return config_parse(text.data, text.len, path, out, error);
    buf_set(error, "cannot read the configuration %s: %s%s", path, strerror(errno),
            errno == ENOENT ? "; begin with a copy of mirror.conf.example, or name another file with -c"
                            : "");
    return -1;
}
