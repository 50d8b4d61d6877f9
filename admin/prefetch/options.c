/* The command line and mirror.conf share these checks, so that a section accepts what the command does.
 * Options that are not given come from the machine we run on: it is asked only when they are needed, in
 * prefetch_choice_complete(). */
#include "admin/prefetch/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/platform.h"
#include "formats/python/python_target.h"

void prefetch_choice_init(struct prefetch_choice *choice)
{
    *choice = (struct prefetch_choice){.options = {.sdist = SDIST_FALLBACK, .versions = VERSIONS_NEWEST}};
}

void prefetch_choice_release(struct prefetch_choice *choice)
{
    word_list_release(&choice->paths);
    word_list_release(&choice->names);
    word_list_release(&choice->pythons);
    word_list_release(&choice->platforms);
    word_list_release(&choice->image_platforms);
    free(choice->lists);
    free(choice->implementation);
}

/* ---- single options ---- */

static void choice_add_list(struct prefetch_choice *choice, const char *path, bool images)
{
    size_t count = choice->paths.count;
    enum list_format format = LIST_FORMAT_BY_NAME;

    /* `paths` owns the text of lists[i].path, at the same index. */
    word_list_add(&choice->paths, "%s", path);
    if (choice->paths.count == count)
        return; /* the list was named before: read twice, it would be resolved twice */
    /* A Compose file is known by its name, with --images too; any other file has one image a line. */
    if (images && !text_ends(path, ".yml") && !text_ends(path, ".yaml"))
        format = LIST_FORMAT_IMAGES;
    choice->lists = xrealloc(choice->lists, (count + 1) * sizeof(*choice->lists));
    choice->lists[count] = (struct prefetch_list){choice->paths.items[count], format};
    choice->options.lists = choice->lists;
    choice->options.list_count = choice->paths.count;
}

/* Adds words that are separated by commas. False: one is empty, as in "3.10,,3.11", where something is
 * missing. */
static bool add_words(struct word_list *list, const char *text)
{
    const char *rest = text;
    const char *word;
    size_t len;

    while ((word = text_next(&rest, ',', &len))) {
        text_trim(&word, &len);
        if (!len)
            return false;
        word_list_add(list, "%.*s", (int)len, word);
    }
    return true;
}

static bool target_known(const char *python, const char *platform)
{
    struct python_target CLEANUP_PYTHON_TARGET target;
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    return python_target_init(python, NULL, platform, &target, &ignored) == 0;
}

/* A version is valid if there is a target with it, whatever the platform. */
static const char *take_pythons(struct prefetch_choice *choice, const char *value)
{
    bool good = add_words(&choice->pythons, value);

    for (size_t i = 0; good && i < choice->pythons.count; i++)
        good = target_known(choice->pythons.items[i], "linux_x86_64");
    return good ? NULL : "versions of Python such as 3.10,3.11";
}

static const char *take_platforms(struct prefetch_choice *choice, const char *value)
{
    struct word_list CLEANUP_WORD_LIST words = WORD_LIST_INIT;
    bool good = add_words(&words, value);

    for (size_t i = 0; good && i < words.count; i++) {
        /* One option for both: only platforms of images have a "/". */
        bool image = strchr(words.items[i], '/');
        good = image ? image_platform_valid(words.items[i]) : target_known("3.11", words.items[i]);
        word_list_add(image ? &choice->image_platforms : &choice->platforms, "%s", words.items[i]);
    }
    return good ? NULL
                : "platforms such as linux_x86_64,win_amd64,macosx_arm64 or linux/amd64,linux/arm64/v8";
}

static const char *take_implementation(struct prefetch_choice *choice, const char *value)
{
    bool cpython = strcmp(value, "cp") == 0 || strcmp(value, "cpython") == 0;

    if (!cpython && strcmp(value, "pp") != 0 && strcmp(value, "pypy") != 0)
        return "cp or pp";
    free(choice->implementation);
    choice->implementation = xstrdup(cpython ? "cpython" : "pypy");
    return NULL;
}

static const char *take_sdist(struct prefetch_choice *choice, const char *value)
{
    if (strcmp(value, "never") == 0)
        choice->options.sdist = SDIST_NEVER;
    else if (strcmp(value, "fallback") == 0)
        choice->options.sdist = SDIST_FALLBACK;
    else if (strcmp(value, "always") == 0)
        choice->options.sdist = SDIST_ALWAYS;
    else
        return "never, fallback or always";
    return NULL;
}

static const char *take_versions(struct prefetch_choice *choice, const char *value)
{
    uint64_t number = VERSIONS_NEWEST;

    if (strcmp(value, "all") == 0)
        number = VERSIONS_ALL;
    else if (strcmp(value, "newest") != 0 &&
             (text_parse_uint(value, strlen(value), &number) < 0 || number < 1 || number > VERSIONS_ALL))
        return "newest, all or a number from 1";
    choice->options.versions = (int64_t)number;
    return NULL;
}

const char *prefetch_choice_take(struct prefetch_choice *choice, int option, const char *value)
{
    switch (option) {
    case 'r':
    case PREFETCH_IMAGES:
        choice_add_list(choice, value, option == PREFETCH_IMAGES);
        return NULL;
    case PREFETCH_PYTHON:
        return take_pythons(choice, value);
    case PREFETCH_PLATFORM:
        return take_platforms(choice, value);
    case PREFETCH_IMPLEMENTATION:
        return take_implementation(choice, value);
    case PREFETCH_SDIST:
        return take_sdist(choice, value);
    case PREFETCH_VERSIONS:
        return take_versions(choice, value);
    default: /* --with-deps or --no-deps: the last one counts */
        choice->options.without_deps = option == PREFETCH_NO_DEPS;
        return NULL;
    }
}

const char *prefetch_choice_name(int option)
{
    static const struct option options[] = {PREFETCH_TARGET_OPTIONS};
    static const char *const names[] = {"--requirement", "--images",         "--python",
                                        "--platform",    "--implementation", "--sdist",
                                        "--versions",    "--with-deps",      "--no-deps"};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (options[i].val == option)
            return names[i];
    return "";
}

/* ---- sections of mirror.conf ---- */

static int choice_take_all(struct prefetch_choice *choice, const struct string_list *values, int option,
                           const char *key, struct buf *error)
{
    for (size_t i = 0; i < values->count; i++) {
        const char *expected = prefetch_choice_take(choice, option, values->items[i]);
        if (!expected)
            continue;
        buf_set(error, "%s = %s: expected %s", key, values->items[i], expected);
        return -1;
    }
    return 0;
}

static int choice_take_one(struct prefetch_choice *choice, char *value, int option, const char *key,
                           struct buf *error)
{
    const struct string_list list = {&value, value ? 1 : 0};

    return choice_take_all(choice, &list, option, key, error);
}

int prefetch_choice_of_config(const struct prefetch_config *config, struct prefetch_choice *choice,
                              struct buf *error)
{
    if (choice_take_all(choice, &config->lists, 'r', "list", error) < 0 ||
        choice_take_all(choice, &config->images, PREFETCH_IMAGES, "images", error) < 0 ||
        choice_take_all(choice, &config->pythons, PREFETCH_PYTHON, "python", error) < 0 ||
        choice_take_all(choice, &config->platforms, PREFETCH_PLATFORM, "platform", error) < 0 ||
        choice_take_one(choice, config->implementation, PREFETCH_IMPLEMENTATION, "implementation", error) <
            0 ||
        choice_take_one(choice, config->sdist, PREFETCH_SDIST, "sdist", error) < 0 ||
        choice_take_one(choice, config->versions, PREFETCH_VERSIONS, "versions", error) < 0)
        return -1;
    for (size_t i = 0; i < config->names.count; i++)
        if (!add_words(&choice->names, config->names.items[i])) {
            buf_set(error, "name = %s: expected names such as pypi:flask", config->names.items[i]);
            return -1;
        }
    if (choice->options.list_count || choice->names.count)
        return 0;
    buf_set(error, "it has neither list nor images nor name: there is nothing to fetch");
    return -1;
}

/* ---- what was not given ---- */

void prefetch_choice_complete(struct prefetch_choice *choice)
{
    struct prefetch_options *options = &choice->options;
    struct utsname machine;

    /* The arrays are borrowed only here, since each option that was taken may have moved them. */
    if (!choice->platforms.count && uname(&machine) == 0)
        word_list_add(&choice->platforms, "linux_%s", machine.machine);
    if (!choice->pythons.count) {
        char version[16];
        /* A machine without python3 is fine as long as only images are wanted: packages.c says so if not. */
        FILE *python = popen("exec python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])' "
                             "</dev/null 2>/dev/null",
                             "re");
        bool printed = python && fgets(version, sizeof(version), python);
        if (python && pclose(python) == 0 && printed)
            word_list_add(&choice->pythons, "%.*s", (int)strcspn(version, "\n"), version);
    }
    options->names = (const char *const *)choice->names.items;
    options->name_count = choice->names.count;
    options->pythons = (const char *const *)choice->pythons.items;
    options->python_count = choice->pythons.count;
    options->platforms = (const char *const *)choice->platforms.items;
    options->platform_count = choice->platforms.count;
    options->image_platforms = (const char *const *)choice->image_platforms.items;
    options->image_platform_count = choice->image_platforms.count;
    options->implementation = choice->implementation;
}
