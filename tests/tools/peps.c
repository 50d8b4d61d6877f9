/* peps: the rules of Python packaging as questions on standard input, so that a test can compare many
 * thousand answers with those of Python's own library. One question a line: a word and its arguments,
 * percent-encoded, with tabs between them. One answer a line; "error <message>" where the text is refused.
 *
 *     version TEXT               canonical form, tab, 1 for a pre-release
 *     compare A B                -1, 0, 1
 *     specifiers SET             as printed
 *     contains SET VERSION       three digits: pre-releases by the set, refused, allowed
 *     marker TEXT VALUE...       1, 0; values of the environment in the order of its struct
 *     print TEXT                 a marker as printed
 *     requirement TEXT           as printed, and with tabs: project, extras, specifiers, url, marker
 *     wheel FILENAME             with tabs: project, version, build, python, abi, platform
 *     tags TARGET...             all tags, with spaces
 *     rank FILENAME TARGET...    the wheel's rank
 *     toml TEXT                  the document as JSON
 *     list PATH                  requirements.txt as JSON: requirements, constraints, only_binary, no_binary,
 *                                prereleases, require_hashes and the notes
 *
 * TARGET is implementation, major, minor, abis (with commas), then platforms: pip:NAME,
 * glibc:MAJOR:MINOR:ARCH, musl:..., macos:... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/lists/list.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/marker.h"
#include "formats/python/requirement.h"
#include "formats/python/specifier.h"
#include "formats/python/version.h"
#include "formats/python/wheel_platform.h"
#include "formats/python/wheel_tag.h"
#include "formats/toml.h"

#define ARGUMENTS_MAX 32

struct question {
    struct buf arguments[ARGUMENTS_MAX]; /* [0] is the word */
    size_t count;
};

static const char *argument(const struct question *question, size_t i)
{
    CHECK(i < question->count);
    return question->arguments[i].data;
}

static void answer_version(const struct question *question, struct buf *out, struct buf *error)
{
    struct version version;

    if (version_parse(argument(question, 1), question->arguments[1].len, &version, error) == 0)
        buf_printf(out, "%s\t%d", version.text, version_is_prerelease(&version));
}

static void answer_compare(const struct question *question, struct buf *out, struct buf *error)
{
    struct version a;
    struct version b;

    if (version_parse(argument(question, 1), question->arguments[1].len, &a, error) == 0 &&
        version_parse(argument(question, 2), question->arguments[2].len, &b, error) == 0)
        buf_printf(out, "%d", version_compare(&a, &b, VERSION_WHOLE));
}

static void answer_specifiers(const struct question *question, struct buf *out, struct buf *error)
{
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;

    if (specifier_set_parse(argument(question, 1), question->arguments[1].len, &set, error) == 0)
        specifier_set_print(&set, out);
}

static void answer_contains(const struct question *question, struct buf *out, struct buf *error)
{
    static const enum prereleases modes[] = {PRERELEASES_BY_SET, PRERELEASES_REFUSED, PRERELEASES_ALLOWED};
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;
    struct version version;

    if (specifier_set_parse(argument(question, 1), question->arguments[1].len, &set, error) < 0 ||
        version_parse(argument(question, 2), question->arguments[2].len, &version, error) < 0)
        return;
    for (size_t i = 0; i < 3; i++)
        buf_printf(out, "%d", specifier_set_contains(&set, &version, modes[i]));
}

static void answer_marker(const struct question *question, struct buf *out, struct buf *error)
{
    struct marker CLEANUP_MARKER *marker =
        marker_parse(argument(question, 1), question->arguments[1].len, error);
    struct marker_environment environment = {
        .python_version = argument(question, 2),
        .python_full_version = argument(question, 3),
        .os_name = argument(question, 4),
        .sys_platform = argument(question, 5),
        .platform_release = argument(question, 6),
        .platform_system = argument(question, 7),
        .platform_version = argument(question, 8),
        .platform_machine = argument(question, 9),
        .platform_python_implementation = argument(question, 10),
        .implementation_name = argument(question, 11),
        .implementation_version = argument(question, 12),
        .extra = argument(question, 13),
    };
    int applies = marker ? marker_evaluate(marker, &environment, error) : -1;

    if (applies >= 0)
        buf_printf(out, "%d", applies);
}

static void answer_print(const struct question *question, struct buf *out, struct buf *error)
{
    struct marker CLEANUP_MARKER *marker =
        marker_parse(argument(question, 1), question->arguments[1].len, error);

    if (marker)
        marker_print(marker, out);
}

static void answer_requirement(const struct question *question, struct buf *out, struct buf *error)
{
    struct requirement CLEANUP_REQUIREMENT requirement;

    if (requirement_parse(argument(question, 1), question->arguments[1].len, &requirement, error) < 0)
        return;
    requirement_print(&requirement, out);
    buf_printf(out, "\t%s\t", requirement.project);
    for (size_t i = 0; i < requirement.extra_count; i++)
        buf_printf(out, "%s%s", i ? "," : "", requirement.extras[i]);
    buf_add_char(out, '\t');
    specifier_set_print(&requirement.specifiers, out);
    buf_printf(out, "\t%s\t", requirement.url ? requirement.url : "");
    if (requirement.marker)
        marker_print(requirement.marker, out);
}

static void answer_wheel(const struct question *question, struct buf *out, struct buf *error)
{
    struct wheel_name wheel;

    if (wheel_name_parse(argument(question, 1), &wheel, error) < 0)
        return;
    buf_printf(out, "%s\t%s\t", wheel.project, wheel.version.text);
    if (wheel.has_build)
        buf_printf(out, "%llu%s", (unsigned long long)wheel.build_number, wheel.build_text);
    buf_printf(out, "\t%s\t%s\t%s", wheel.python, wheel.abi, wheel.platform);
}

/* ---- tags ---- */

static int number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    CHECK(*text && !*end && value >= -1 && value < 1000);
    return (int)value;
}

static int add_platform(const char *text, struct word_list *out)
{
    char *CLEANUP_FREE copy = xstrdup(text);
    char *rest = copy;
    const char *kind = strsep(&rest, ":");

    if (strcmp(kind, "pip") == 0)
        return wheel_platforms_pip(rest, out);
    int major = number(strsep(&rest, ":"));
    int minor = number(strsep(&rest, ":"));
    if (strcmp(kind, "glibc") == 0)
        return wheel_platforms_glibc(major, minor, rest, out);
    if (strcmp(kind, "musl") == 0)
        return wheel_platforms_musl(major, minor, rest, out);
    CHECK(strcmp(kind, "macos") == 0);
    return wheel_platforms_macos(major, minor, rest, out);
}

static struct wheel_tags *read_target(const struct question *question, size_t at)
{
    struct word_list CLEANUP_WORD_LIST abis = WORD_LIST_INIT;
    struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;
    struct wheel_target target = {
        .implementation = argument(question, at),
        .major = number(argument(question, at + 1)),
        .minor = number(argument(question, at + 2)),
        .abis = &abis,
        .platforms = &platforms,
    };
    char *CLEANUP_FREE copy = xstrdup(argument(question, at + 3));
    char *rest = copy;

    for (const char *abi; (abi = strsep(&rest, ","));)
        if (*abi)
            word_list_add(&abis, "%s", abi);
    for (size_t i = at + 4; i < question->count; i++)
        CHECK(add_platform(argument(question, i), &platforms) == 0);
    return wheel_tags_new(&target);
}

static void answer_tags(const struct question *question, struct buf *out, struct buf *error)
{
    struct wheel_tags CLEANUP_WHEEL_TAGS *tags = read_target(question, 1);
    const struct word_list *list = wheel_tags_list(tags);

    (void)error;
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s%s", i ? " " : "", list->items[i]);
}

static void answer_rank(const struct question *question, struct buf *out, struct buf *error)
{
    struct wheel_tags CLEANUP_WHEEL_TAGS *tags = read_target(question, 2);
    struct wheel_name wheel;

    if (wheel_name_parse(argument(question, 1), &wheel, error) == 0)
        buf_printf(out, "%d", wheel_tags_rank(tags, &wheel));
}

static void answer_toml(const struct question *question, struct buf *out, struct buf *error)
{
    static const struct toml_limits limits = {.bytes = 1 << 20, .depth = 64, .values = 1 << 20};
    struct toml_place place;
    struct toml CLEANUP_TOML *toml =
        toml_read(argument(question, 1), question->arguments[1].len, &limits, &place, error);
    char *CLEANUP_FREE dump = toml ? json_dumps(toml_root(toml), JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

    if (dump)
        buf_add_text(out, dump);
    else
        buf_printf(error, " (%zu:%zu)", place.line, place.column);
}

/* ---- lists ---- */

static json_t *hashes_json(const struct list_requirement *item)
{
    json_t *hashes = json_array();
    char hex[2 * HASH_MAX_BYTES + 1];

    for (size_t i = 0; i < item->hash_count; i++) {
        checksum_hex(&item->hashes[i], hex);
        json_array_append_new(hashes, json_sprintf("%s:%s", hash_kind_name(item->hashes[i].kind), hex));
    }
    return hashes;
}

static json_t *requirements_json(const struct list_requirement *items, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        requirement_print(&items[i].requirement, &text);
        json_array_append_new(list, json_pack("[sso]", text.data, items[i].origin, hashes_json(&items[i])));
    }
    return list;
}

static json_t *strings_json(const struct wants_strings *strings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(list, json_string(strings->items[i]));
    return list;
}

static void answer_list(const struct question *question, struct buf *out, struct buf *error)
{
    struct wants CLEANUP_WANTS wants;

    wants_init(&wants);
    if (list_read(argument(question, 1), LIST_FORMAT_REQUIREMENTS, false, &wants, error) < 0)
        return;
    json_t *root = json_pack("{soso soso sb sb}", "requirements",
                             requirements_json(wants.requirements, wants.requirement_count), "constraints",
                             requirements_json(wants.constraints, wants.constraint_count), "only_binary",
                             strings_json(&wants.only_binary), "no_binary", strings_json(&wants.no_binary),
                             "prereleases", wants.prereleases, "require_hashes", wants.require_hashes);
    json_object_set_new(root, "notes", strings_json(&wants.notes));
    char *CLEANUP_FREE dump = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    buf_add_text(out, dump);
    json_decref(root);
}

/* ---- questions ---- */

static const struct {
    const char *word;
    void (*answer)(const struct question *question, struct buf *out, struct buf *error);
} words[] = {
    {"version", answer_version},
    {"compare", answer_compare},
    {"specifiers", answer_specifiers},
    {"contains", answer_contains},
    {"marker", answer_marker},
    {"print", answer_print},
    {"requirement", answer_requirement},
    {"wheel", answer_wheel},
    {"tags", answer_tags},
    {"rank", answer_rank},
    {"toml", answer_toml},
    {"list", answer_list},
};

static void answer(const struct question *question)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcmp(argument(question, 0), words[i].word) == 0) {
            words[i].answer(question, &out, &error);
            printf("%s%s\n", error.len ? "error " : "", error.len ? error.data : out.data);
            return;
        }
    BUG("no question is called %s", argument(question, 0));
}

static void read_question(const char *line, struct question *question)
{
    const char *piece;
    size_t len;

    question->count = 0;
    for (const char *rest = line; (piece = text_next(&rest, '\t', &len));) {
        CHECK(question->count < ARGUMENTS_MAX);
        struct buf *argument = &question->arguments[question->count++];
        buf_reset(argument);
        CHECK(text_percent_decode(piece, len, argument) == 0);
    }
}

int main(void)
{
    struct question question;
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        buf_init(&question.arguments[i]);
    while ((len = getline(&line, &room, stdin)) > 0) {
        line[len - 1] = '\0';
        read_question(line, &question);
        answer(&question);
    }
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        buf_release(&question.arguments[i]);
    free(line);
    return 0;
}
