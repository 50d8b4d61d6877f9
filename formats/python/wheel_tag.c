/* Names of wheels, and the list of tags that a Python takes, best first. A wheel's name is a compressed set:
 * every combination of its pythons, ABIs and platforms is a tag. Each is looked up in a hash of the list,
 * which has some thousand tags, so the cost of a wheel does not depend on the target.
 *
 * The names are file names of strangers: filename_valid() bounds their length, and with it every array
 * here. */
#include "formats/python/wheel_tag.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"

/* name-version-build-python-abi-platform */
#define DASHES_MAX 5

/* ---- names of wheels ---- */

struct piece {
    const char *text;
    size_t len;
};

/* Splits at all dashes. Returns the number of pieces; 0 if there are too many. */
static size_t split_dashes(const char *text, size_t len, struct piece *out)
{
    struct piece piece = {text, 0};
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] != '-') {
            piece.len++;
        } else if (count == DASHES_MAX) {
            return 0;
        } else {
            out[count++] = piece;
            piece = (struct piece){text + i + 1, 0};
        }
    }
    out[count++] = piece;
    return count;
}

/* The name comes from outside: it is quoted only if filename_valid() has found no control characters in
 * it. */
static int refuse_wheel_name(struct buf *error, const char *filename, const char *why)
{
    if (error && filename)
        buf_set(error, "\"%s\" is not the name of a wheel: %s", filename, why);
    else if (error)
        buf_set(error, "the name of a wheel %s", why);
    return -1;
}

static void copy_lower(struct piece piece, char *out)
{
    for (size_t i = 0; i < piece.len; i++)
        out[i] = (char)tolower((unsigned char)piece.text[i]);
    out[piece.len] = '\0';
}

/* Old tools wrote "_" for the "-" of a version ("1.0-1"), as for that of a name; pip turns it back. */
static int parse_version(struct piece piece, struct version *out)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add(&text, piece.text, piece.len);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '_')
            text.data[i] = '-';
    return version_parse(text.data, text.len, out, NULL);
}

/* PEP 427: a build begins with a number, and sorts by number, then by text. */
static int parse_build(struct piece piece, struct wheel_name *out)
{
    size_t digits = 0;

    while (digits < piece.len && piece.text[digits] >= '0' && piece.text[digits] <= '9')
        digits++;
    if (text_parse_uint(piece.text, digits, &out->build_number) < 0)
        return -1;
    out->has_build = true;
    memcpy(out->build_text, piece.text + digits, piece.len - digits);
    return 0;
}

int wheel_name_parse(const char *filename, struct wheel_name *out, struct buf *error)
{
    struct buf CLEANUP_BUF project = BUF_INIT;
    struct piece pieces[DASHES_MAX + 1];
    size_t len = strlen(filename);

    memset(out, 0, sizeof(*out));
    if (!filename_valid(filename, len))
        return refuse_wheel_name(error, NULL, "is too long, or has a character that no file name may have");
    if (strchr(filename, ' ') || !text_ends(filename, ".whl"))
        return refuse_wheel_name(error, filename, "it has a space, or no \".whl\" at its end");
    size_t count = split_dashes(filename, len - strlen(".whl"), pieces);
    if (count != 5 && count != 6)
        return refuse_wheel_name(error, filename,
                                 "it does not have the form name-version[-build]-python-abi-platform.whl");
    if (!project_name_valid(pieces[0].text, pieces[0].len))
        return refuse_wheel_name(error, filename, "it does not begin with the name of a project");
    project_normalize(pieces[0].text, pieces[0].len, &project);
    memcpy(out->project, project.data, project.len);
    if (parse_version(pieces[1], &out->version) < 0)
        return refuse_wheel_name(error, filename, "its version is not valid by PEP 440");
    if (count == 6 && parse_build(pieces[2], out) < 0)
        return refuse_wheel_name(error, filename, "its build does not begin with a number");
    struct piece *tags = &pieces[count - 3];
    if (!tags[0].len || !tags[1].len || !tags[2].len)
        return refuse_wheel_name(error, filename, "one of its tags is empty");
    copy_lower(tags[0], out->python);
    copy_lower(tags[1], out->abi);
    copy_lower(tags[2], out->platform);
    return 0;
}

int wheel_name_compare_builds(const struct wheel_name *a, const struct wheel_name *b)
{
    if (a->has_build != b->has_build)
        return a->has_build ? 1 : -1;
    if (a->build_number != b->build_number)
        return a->build_number < b->build_number ? -1 : 1;
    int order = strcmp(a->build_text, b->build_text);
    return (order > 0) - (order < 0);
}

/* ---- targets ---- */

struct ranked_tag {
    const char *tag; /* a view of the text in the list */
    int rank;        /* index in the list: 0 is best */
    UT_hash_handle hh;
};

struct wheel_tags {
    struct word_list list;
    struct ranked_tag *places; /* by tag */
    struct arena arena;        /* of the places */
};

/* While a list is made. */
struct maker {
    struct wheel_tags *tags;
    const struct wheel_target *target;
    struct word_list abis;
};

/* A tag that is there already keeps its better place. */
static void add_tag(struct wheel_tags *tags, const char *python, const char *abi, const char *platform)
{
    char *CLEANUP_FREE tag = xasprintf("%s-%s-%s", python, abi, platform);
    struct ranked_tag *place;

    for (char *c = tag; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    HASH_FIND_STR(tags->places, tag, place);
    if (place)
        return;
    place = arena_alloc(&tags->arena, sizeof(*place));
    place->tag = tag;
    place->rank = (int)tags->list.count;
    HASH_ADD_KEYPTR(hh, tags->places, place->tag, strlen(place->tag), place);
    word_list_append(&tags->list, &tag);
}

static void add_for_platforms(struct maker *maker, const char *python, const char *abi)
{
    for (size_t i = 0; i < maker->target->platforms->count; i++)
        add_tag(maker->tags, python, abi, maker->target->platforms->items[i]);
}

/* "cp310", "py3" (minor -1). */
static char *interpreter(const char *implementation, int major, int minor)
{
    return minor < 0 ? xasprintf("%s%d", implementation, major)
                     : xasprintf("%s%d%d", implementation, major, minor);
}

static bool is_implementation(const struct wheel_target *target, const char *name)
{
    return strcmp(target->implementation, name) == 0;
}

/* The given ABIs, or that of a usual build: a CPython's had a letter for pymalloc ("m") up to 3.7, and one
 * for wide Unicode characters ("u") up to 3.2. */
static void find_abis(struct maker *maker)
{
    const struct wheel_target *target = maker->target;
    const struct word_list *given = target->abis;
    int version = 100 * target->major + target->minor;

    for (size_t i = 0; given && i < given->count; i++)
        word_list_add(&maker->abis, "%s", given->items[i]);
    if ((given && given->count) || target->minor < 0)
        return;
    if (is_implementation(target, "cp"))
        word_list_add(&maker->abis, "cp%d%d%s%s", target->major, target->minor, version < 308 ? "m" : "",
                      version < 303 ? "u" : "");
    else if (is_implementation(target, "pp"))
        word_list_add(&maker->abis, "pypy%d%d_pp73", target->major, target->minor);
}

/* A free-threaded build lays out objects in another way, and so has no stable ABI (PEP 703). As in
 * `packaging`, the first ABI decides. */
static bool free_threaded(const struct word_list *abis)
{
    if (!abis->count || !text_starts(abis->items[0], "cp"))
        return false;
    const char *flags = abis->items[0] + 2;
    return strchr(flags + strspn(flags, "0123456789"), 't') != NULL;
}

/* "abi3" and "none" have their own places in the order, whether they were given or not. The stable ABI is as
 * old as CPython 3.2. */
static void make_cpython(struct maker *maker)
{
    const struct wheel_target *target = maker->target;
    char *CLEANUP_FREE own = interpreter("cp", target->major, target->minor);
    bool abi3 =
        target->minor >= 0 && 100 * target->major + target->minor >= 302 && !free_threaded(&maker->abis);

    for (size_t i = 0; i < maker->abis.count; i++)
        if (strcmp(maker->abis.items[i], "abi3") != 0 && strcmp(maker->abis.items[i], "none") != 0)
            add_for_platforms(maker, own, maker->abis.items[i]);
    if (abi3)
        add_for_platforms(maker, own, "abi3");
    add_for_platforms(maker, own, "none");
    for (int minor = target->minor - 1; abi3 && minor > 1; minor--) {
        char *CLEANUP_FREE older = interpreter("cp", target->major, minor);
        add_for_platforms(maker, older, "abi3");
    }
}

static void make_generic(struct maker *maker)
{
    const struct wheel_target *target = maker->target;
    char *CLEANUP_FREE own = interpreter(target->implementation, target->major, target->minor);

    for (size_t i = 0; i < maker->abis.count; i++)
        add_for_platforms(maker, own, maker->abis.items[i]);
    add_for_platforms(maker, own, "none");
}

/* The wheels of any implementation: py310, py3, py39, ..., py30. Those for a platform come before those for
 * "any". */
static void make_common(struct maker *maker)
{
    const struct wheel_target *target = maker->target;
    struct word_list CLEANUP_WORD_LIST pythons = WORD_LIST_INIT;
    char *CLEANUP_FREE own = interpreter(target->implementation, target->major, target->minor);

    if (target->minor >= 0)
        word_list_add(&pythons, "py%d%d", target->major, target->minor);
    word_list_add(&pythons, "py%d", target->major);
    for (int minor = target->minor - 1; minor >= 0; minor--)
        word_list_add(&pythons, "py%d%d", target->major, minor);
    for (size_t i = 0; i < pythons.count; i++)
        add_for_platforms(maker, pythons.items[i], "none");
    add_tag(maker->tags, own, "none", "any");
    for (size_t i = 0; i < pythons.count; i++)
        add_tag(maker->tags, pythons.items[i], "none", "any");
}

struct wheel_tags *wheel_tags_new(const struct wheel_target *target)
{
    struct wheel_tags *tags = xcalloc(1, sizeof(*tags));
    struct maker maker = {.tags = tags, .target = target};

    CHECK(target->major >= 1 && target->major <= 9 && target->minor >= -1 && target->minor <= 99);
    find_abis(&maker);
    if (is_implementation(target, "cp"))
        make_cpython(&maker);
    else
        make_generic(&maker);
    make_common(&maker);
    word_list_release(&maker.abis);
    return tags;
}

void wheel_tags_free(struct wheel_tags *tags)
{
    if (!tags)
        return;
    HASH_CLEAR(hh, tags->places);
    arena_release(&tags->arena);
    word_list_release(&tags->list);
    free(tags);
}

void wheel_tags_cleanup(struct wheel_tags **tags)
{
    wheel_tags_free(*tags);
}

const struct word_list *wheel_tags_list(const struct wheel_tags *tags)
{
    return &tags->list;
}

/* The better of two ranks; -1, no rank, is worse than all. */
static int tag_is_better(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* For one python and one abi of the wheel ("cp310-abi3-"), the best of its platforms. */
static int rank_platforms(const struct wheel_tags *tags, const struct buf *prefix, const char *platforms)
{
    struct buf CLEANUP_BUF tag = BUF_INIT;
    const char *platform;
    size_t len;
    int best = -1;

    for (const char *rest = platforms; (platform = text_next(&rest, '.', &len));) {
        struct ranked_tag *place;
        buf_reset(&tag);
        buf_add(&tag, prefix->data, prefix->len);
        buf_add(&tag, platform, len);
        HASH_FIND_STR(tags->places, tag.data, place);
        best = tag_is_better(best, place ? place->rank : -1);
    }
    return best;
}

int wheel_tags_rank(const struct wheel_tags *tags, const struct wheel_name *wheel)
{
    struct buf CLEANUP_BUF prefix = BUF_INIT;
    const char *python;
    const char *abi;
    size_t python_len;
    size_t abi_len;
    int best = -1;

    for (const char *pythons = wheel->python; (python = text_next(&pythons, '.', &python_len));)
        for (const char *abis = wheel->abi; (abi = text_next(&abis, '.', &abi_len));) {
            buf_reset(&prefix);
            buf_printf(&prefix, "%.*s-%.*s-", (int)python_len, python, (int)abi_len, abi);
            best = tag_is_better(best, rank_platforms(tags, &prefix, wheel->platform));
        }
    return best;
}
