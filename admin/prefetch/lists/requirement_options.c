/* No state but wants->only_binary and no_binary, which pip changes as it reads, whatever else the line
 * has. */
#include "admin/prefetch/lists/requirement_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/python/project.h"

/* Projects that --only-binary and --no-binary may list: each is compared with all before it. */
#define FORMAT_PROJECTS_MAX 2000

struct option_name {
    const char *name;
    char letter;
    bool flag;
    enum option_kind kind;
};

/* The options of pip 23.0, and after the line those of later versions. */
static const struct option_name names[] = {
    {"--index-url", 'i', false, OPTION_INDEX},
    {"--pypi-url", 0, false, OPTION_INDEX},
    {"--extra-index-url", 0, false, OPTION_INDEX},
    {"--no-index", 0, true, OPTION_INDEX},
    {"--constraint", 'c', false, OPTION_CONSTRAINT},
    {"--requirement", 'r', false, OPTION_REQUIREMENT},
    {"--editable", 'e', false, OPTION_EDITABLE},
    {"--find-links", 'f', false, OPTION_INDEX},
    {"--no-binary", 0, false, OPTION_NO_BINARY},
    {"--only-binary", 0, false, OPTION_ONLY_BINARY},
    {"--prefer-binary", 0, true, OPTION_OTHER},
    {"--require-hashes", 0, true, OPTION_REQUIRE_HASHES},
    {"--pre", 0, true, OPTION_PRE},
    {"--trusted-host", 0, false, OPTION_INDEX},
    {"--use-feature", 0, false, OPTION_OTHER},
    {"--install-option", 0, false, OPTION_OTHER},
    {"--global-option", 0, false, OPTION_OTHER},
    {"--hash", 0, false, OPTION_HASH},
    /* ---- */
    {"--config-settings", 'C', false, OPTION_OTHER},
    {"--config-setting", 0, false, OPTION_OTHER},
};
#define NAMES (sizeof(names) / sizeof(*names))

void line_options_release(struct line_options *options)
{
    for (size_t i = 0; i < options->count; i++)
        free(options->items[i].value);
    for (size_t i = 0; i < options->stray_count; i++)
        free(options->strays[i]);
    free(options->items);
    free(options->strays);
    free(options->hashes);
    *options = (struct line_options){.count = 0};
}

/* ---- words ---- */

struct line_word {
    char *text;
    size_t at;
};

struct line_words {
    struct line_word *items;
    size_t count;
};

static void words_release(struct line_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i].text);
    free(words->items);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* POSIX rules: "\" escapes only itself and the quote inside of "", and nothing inside of ''.
 * Appends the text from the quote at `*i` to the one that closes it, where `*i` is afterwards. */
static int split_quoted(const struct buf *line, size_t *i, struct buf *word, struct buf *fault)
{
    char quote = line->data[*i];
    size_t start = (*i)++;

    for (; *i < line->len && line->data[*i] != quote; (*i)++) {
        char next = *i + 1 < line->len ? line->data[*i + 1] : '\0';
        if (quote == '"' && line->data[*i] == '\\' && (next == '"' || next == '\\'))
            (*i)++;
        buf_add_char(word, line->data[*i]);
    }
    if (*i < line->len)
        return 0;
    *i = start;
    buf_printf(fault, "expected a closing %c after this one, found the end of the line", quote);
    return -1;
}

/* Appends the word of shlex.split() that begins at `*i`, which moves to its end. */
static int split_word(const struct buf *line, size_t *i, struct buf *word, struct buf *fault)
{
    for (; *i < line->len && !is_blank(line->data[*i]); (*i)++) {
        char c = line->data[*i];
        if (c == '"' || c == '\'') {
            if (split_quoted(line, i, word, fault) < 0)
                return -1;
        } else if (c == '\\' && *i + 1 == line->len) {
            buf_add_text(fault, "expected a character after \"\\\", found the end of the line");
            return -1;
        } else {
            *i += c == '\\';
            buf_add_char(word, line->data[*i]);
        }
    }
    return 0;
}

static int split_words(const struct buf *line, size_t start, struct line_words *words, size_t *at,
                       struct buf *fault)
{
    for (size_t i = start; i < line->len;) {
        struct buf CLEANUP_BUF word = BUF_INIT;
        if (is_blank(line->data[i])) {
            i++;
            continue;
        }
        size_t begin = i;
        if (split_word(line, &i, &word, fault) < 0) {
            *at = i;
            return -1;
        }
        LIST_GROW(words->items, words->count);
        words->items[words->count++] = (struct line_word){buf_take(&word), begin};
    }
    return 0;
}

/* ---- values ---- */

static bool strings_have(const struct wants_strings *strings, const char *text, size_t *at)
{
    for (*at = 0; *at < strings->count; (*at)++)
        if (strcmp(strings->items[*at], text) == 0)
            return true;
    return false;
}

static bool names_none(const char *value)
{
    const char *piece;
    size_t len;

    for (const char *rest = value; (piece = text_next(&rest, ',', &len));)
        if (text_equal_n(piece, len, ":none:"))
            return true;
    return false;
}

/* pip's FormatControl: a project is in one of the two lists, and ":all:" empties both first. False: there
 * are too many. */
static bool control_formats(struct wants *wants, const char *value, struct wants_strings *target,
                            struct wants_strings *other)
{
    const char *piece;
    size_t len;
    size_t at;

    for (const char *rest = value; (piece = text_next(&rest, ',', &len));) {
        struct buf CLEANUP_BUF project = BUF_INIT;
        bool all = text_equal_n(piece, len, ":all:");
        if (all || text_equal_n(piece, len, ":none:"))
            target->count = 0;
        if (all) {
            other->count = 0;
            list_strings_add(wants, target, piece, len);
            /* pip reads on only if a later ":none:" takes it back. */
            if (!rest || !names_none(rest))
                return true;
        } else if (!text_equal_n(piece, len, ":none:")) {
            project_normalize(piece, len, &project);
            if (strings_have(other, project.data, &at))
                other->items[at] = other->items[--other->count]; /* their order has no meaning */
            if (!strings_have(target, project.data, &at))
                list_strings_add(wants, target, project.data, project.len);
        }
        if (target->count > FORMAT_PROJECTS_MAX)
            return false;
    }
    return true;
}

/* pip takes only these three kinds. */
static int take_hash_option(const char *value, struct line_options *out, struct buf *fault)
{
    static const char *const strong[] = {"sha256", "sha384", "sha512"};
    const char *colon = strchr(value, ':');
    struct checksum hash;
    int kind = -1;

    for (size_t i = 0; colon && i < 3; i++)
        if (text_equal_n(value, (size_t)(colon - value), strong[i]))
            kind = hash_kind_by_name(strong[i], strlen(strong[i]));
    if (kind < 0) {
        buf_add_text(fault, "expected sha256:, sha384: or sha512: and hex digits after --hash, found \"");
        list_add_quoted(value, strlen(value), fault);
        buf_add_char(fault, '"');
        return -1;
    }
    if (checksum_parse((enum hash_kind)kind, colon + 1, strlen(colon + 1), &hash) < 0) {
        buf_printf(fault, "expected all hex digits of a %s, found %zu characters",
                   strong[kind == HASH_SHA256   ? 0
                          : kind == HASH_SHA384 ? 1
                                                : 2],
                   strlen(colon + 1));
        return -1;
    }
    LIST_GROW(out->hashes, out->hash_count);
    out->hashes[out->hash_count++] = hash;
    return 0;
}

static int take_line_option(const struct option_name *name, const char *value, size_t at, struct wants *wants,
                            struct line_options *out, struct buf *fault)
{
    bool only = name->kind == OPTION_ONLY_BINARY;

    if (name->kind == OPTION_HASH && take_hash_option(value, out, fault) < 0)
        return -1;
    if (only || name->kind == OPTION_NO_BINARY) {
        /* As pip does, which takes it for a forgotten value. */
        if (value[0] == '-') {
            buf_printf(fault, "expected projects after %s, found an option", name->name);
            return -1;
        }
        if (!control_formats(wants, value, only ? &wants->only_binary : &wants->no_binary,
                             only ? &wants->no_binary : &wants->only_binary)) {
            buf_printf(fault, "expected at most %d projects after %s, found more", FORMAT_PROJECTS_MAX,
                       name->name);
            return -1;
        }
    }
    LIST_GROW(out->items, out->count);
    out->items[out->count++] = (struct line_option){name->kind, name->name, xstrdup(value), at};
    return 0;
}

/* ---- names ---- */

/* A whole name, or the beginning of exactly one, as optparse allows. NULL with a fault. */
static const struct option_name *find_long(const char *word, size_t len, struct buf *fault)
{
    const struct option_name *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < NAMES; i++) {
        if (text_equal_n(word, len, names[i].name))
            return &names[i];
        if (strncmp(names[i].name, word, len) == 0) {
            found = &names[i];
            count++;
        }
    }
    if (count == 1)
        return found;
    buf_printf(fault, "expected %s, found \"",
               count ? "more letters of an option, since several begin like this"
                     : "an option that pip knows");
    list_add_quoted(word, len, fault);
    buf_add_char(fault, '"');
    return NULL;
}

/* Reads the option at words[*i] with its value, and moves *i past them. */
static int read_option(const struct line_words *words, size_t *i, struct wants *wants,
                       struct line_options *out, struct buf *fault)
{
    const struct line_word *word = &words->items[(*i)++];
    bool is_long = word->text[1] == '-';
    const char *equals = is_long ? strchr(word->text, '=') : NULL;
    size_t len = equals ? (size_t)(equals - word->text) : strlen(word->text);
    const struct option_name *name = is_long ? find_long(word->text, len, fault) : NULL;
    const char *value = equals ? equals + 1 : !is_long && word->text[2] ? word->text + 2 : NULL;

    for (size_t k = 0; !is_long && !name && k < NAMES; k++)
        if (names[k].letter && names[k].letter == word->text[1])
            name = &names[k];
    if (!name && !is_long) /* for its fault: a single "-" begins no long name */
        find_long(word->text, len, fault);
    if (!name)
        return -1;
    if (name->flag && value) {
        buf_printf(fault, "expected no value after %s, found one", name->name);
        return -1;
    }
    if (!name->flag && !value) {
        if (*i == words->count) {
            buf_printf(fault, "expected a value after %s, found the end of the line", name->name);
            return -1;
        }
        value = words->items[(*i)++].text;
    }
    return take_line_option(name, value ? value : "", word->at, wants, out, fault);
}

static int read_words(const struct line_words *words, struct wants *wants, struct line_options *out,
                      size_t *at, struct buf *fault)
{
    bool options = true;

    for (size_t i = 0; i < words->count;) {
        const char *text = words->items[i].text;
        *at = words->items[i].at;
        /* As in optparse, words after "--" are not options, whatever they begin with. */
        if (options && strcmp(text, "--") == 0) {
            options = false;
            i++;
        } else if (options && text[0] == '-' && text[1]) {
            if (read_option(words, &i, wants, out, fault) < 0)
                return -1;
        } else {
            LIST_GROW(out->strays, out->stray_count);
            out->strays[out->stray_count++] = xstrdup(text);
            i++;
        }
    }
    return 0;
}

int line_options_read(const struct buf *line, struct wants *wants, struct line_options *out, size_t *at,
                      struct buf *fault)
{
    struct line_words words __attribute__((cleanup(words_release))) = {NULL, 0};
    size_t start = 0;

    /* pip takes everything from the first "-" at the beginning or after a space as options. */
    while (start < line->len && (line->data[start] != '-' || (start && line->data[start - 1] != ' ')))
        start++;
    out->requirement_len = start; /* what comes before is the requirement, or nothing */
    while (out->requirement_len && line->data[out->requirement_len - 1] == ' ')
        out->requirement_len--;
    if (split_words(line, start, &words, at, fault) < 0)
        return -1;
    return read_words(&words, wants, out, at, fault);
}
