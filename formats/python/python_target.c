/* Environment and tags of a Python that is not running here, made from three words of the user. A name that
 * we do not know is an error, never a guess: a wrong platform would only show when pip refuses the wheel on
 * the other machine. */
#include "formats/python/python_target.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/wheel_platform.h"
#include "formats/python/wheel_tag.h"
#include "formats/scan.h"
#include "formats/word_list.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- Python ---- */

static const struct implementation {
    const char *name; /* sys.implementation.name */
    const char *title;
    const char *tag;
    /* of the implementation; NULL: the same as the language. PyPy's matches the ABI "pp73" */
    const char *version;
} implementations[] = {
    {"cpython", "CPython", "cp", NULL},
    {"pypy", "PyPy", "pp", "7.3.0"},
};

/* NULL is the first one, CPython. */
static const struct implementation *find_implementation(const char *name, struct buf *error)
{
    for (size_t i = 0; i < COUNT(implementations); i++)
        if (!name || strcmp(implementations[i].name, name) == 0)
            return &implementations[i];
    buf_set(error, "no implementation of Python is known as \"%s\": expected cpython or pypy", name);
    return NULL;
}

struct python {
    int major;
    int minor;
    bool free_threaded;
};

/* One to three digits; -1: there are none, or more. */
static int read_target_number(struct scan *scan)
{
    uint64_t number;
    size_t start = scan->at;

    while (scan_digit(scan))
        scan->at++;
    if (scan->at == start || scan->at - start > 3 ||
        text_parse_uint(scan->text + start, scan->at - start, &number) < 0)
        return -1;
    return (int)number;
}

/* "3.10", "3.10.12", "3.13t". version_parse() checks the whole, and the numbers are read again as integers. A
 * pre-release is taken with three numbers only ("3.13.0rc1"): "3.13rc1" would not say of which one.
 * `out->python` is never a pre-release, so that requires-python ">=3.13" holds for one, as pip does it. */
static int read_target_python(const char *text, struct python_target *out, struct python *python)
{
    size_t len = strlen(text);
    struct version version;

    python->free_threaded = len && text[len - 1] == 't';
    len -= python->free_threaded;
    struct scan scan = {.text = text, .len = len};
    python->major = read_target_number(&scan);
    if (python->major < 2 || python->major > 9 || !scan_take(&scan, ".") ||
        (python->minor = read_target_number(&scan)) < 0 || python->minor > 99 ||
        version_parse(text, len, &version, NULL) < 0)
        return -1;
    size_t count = version_release_count(&version);
    int micro = count == 3 && scan_take(&scan, ".") ? read_target_number(&scan) : 0;
    if (count > 3 || micro < 0 || version.post.len || version.local.len ||
        (count < 3 && version_is_prerelease(&version)))
        return -1;
    char *CLEANUP_FREE full = xasprintf("%d.%d.%d", python->major, python->minor, micro);
    out->environment.python_full_version = arena_strdup(&out->arena, count == 3 ? version.text : full);
    return version_parse(full, strlen(full), &out->python, NULL);
}

static int set_python(const char *text, const struct implementation *implementation,
                      struct python_target *out, struct python *python, struct buf *error)
{
    struct marker_environment *environment = &out->environment;

    if (read_target_python(text, out, python) < 0) {
        buf_set(error, "\"%s\" is not a version of Python: expected one such as 3.10, 3.10.12 or 3.13t",
                text);
        return -1;
    }
    char *CLEANUP_FREE shown = xasprintf("%d.%d", python->major, python->minor);
    environment->python_version = arena_strdup(&out->arena, shown);
    environment->platform_python_implementation = implementation->title;
    environment->implementation_name = implementation->name;
    environment->implementation_version =
        implementation->version ? implementation->version : environment->python_full_version;
    return 0;
}

/* ---- platforms ---- */

struct platform {
    int major; /* of glibc, musl or macOS */
    int minor;
    const char *arch;
};

/* Windows has no older platforms whose wheels would do: there is only the one name. */
static int add_windows(struct platform *platform, struct word_list *out)
{
    return wheel_platforms_pip(platform->arch, out);
}

static int add_glibc(struct platform *platform, struct word_list *out)
{
    return wheel_platforms_glibc(platform->major, platform->minor, platform->arch, out);
}

static int add_musl(struct platform *platform, struct word_list *out)
{
    return wheel_platforms_musl(platform->major, platform->minor, platform->arch, out);
}

static int set_macos_platform(struct platform *platform, struct word_list *out)
{
    return wheel_platforms_macos(platform->major, platform->minor, platform->arch, out);
}

static const struct system {
    const char *os_name, *sys_platform, *platform_system;
} windows = {"nt", "win32", "Windows"}, linux_system = {"posix", "linux", "Linux"},
  darwin = {"posix", "darwin", "Darwin"};

/* If major is 0, two numbers follow the prefix; a second row with the same prefix is the short form. */
static const struct family {
    const char *prefix;
    int major, minor;
    const struct system *system;
    int (*add)(struct platform *platform, struct word_list *out);
} families[] = {
    {"win", 1, 0, &windows, add_windows},
    {"linux_", 2, 28, &linux_system, add_glibc},
    {"manylinux2014_", 2, 17, &linux_system, add_glibc},
    {"manylinux2010_", 2, 12, &linux_system, add_glibc},
    {"manylinux1_", 2, 5, &linux_system, add_glibc},
    {"manylinux_", 0, 0, &linux_system, add_glibc},
    {"musllinux_", 0, 0, &linux_system, add_musl},
    {"musllinux_", 1, 2, &linux_system, add_musl},
    {"macosx_", 0, 0, &darwin, set_macos_platform},
    {"macosx_", 14, 0, &darwin, set_macos_platform},
};

static const struct machine {
    const struct system *system;
    const char *arch;
    const char *machine; /* as platform.machine() says it */
} machines[] = {
    {&windows, "win_amd64", "AMD64"},
    {&windows, "win_arm64", "ARM64"},
    {&windows, "win32", "x86"},
    {&darwin, "arm64", "arm64"},
    {&darwin, "x86_64", "x86_64"},
    {&linux_system, "x86_64", "x86_64"},
    {&linux_system, "aarch64", "aarch64"},
    {&linux_system, "i686", "i686"},
    {&linux_system, "armv7l", "armv7l"},
    {&linux_system, "ppc64le", "ppc64le"},
    {&linux_system, "s390x", "s390x"},
    {&linux_system, "riscv64", "riscv64"},
    {&linux_system, "loongarch64", "loongarch64"},
};

static const struct machine *find_machine(const struct system *system, const char *arch)
{
    for (size_t i = 0; i < COUNT(machines); i++)
        if (machines[i].system == system && strcmp(machines[i].arch, arch) == 0)
            return &machines[i];
    return NULL;
}

/* Returns the machine if the name belongs to the family, and in `out` the numbers and the architecture. */
static const struct machine *match_platform_prefix(const struct family *family, const char *name,
                                                   struct platform *out)
{
    struct scan scan = {.text = name, .len = strlen(name)};

    if (!scan_take(&scan, family->prefix))
        return NULL;
    *out = (struct platform){.major = family->major, .minor = family->minor};
    if (!family->major) {
        out->major = read_target_number(&scan);
        if (out->major < 0 || !scan_take(&scan, "_") || (out->minor = read_target_number(&scan)) < 0 ||
            !scan_take(&scan, "_"))
            return NULL;
    }
    out->arch = family->system == &windows ? name : name + scan.at;
    return find_machine(family->system, out->arch);
}

/* Darwin was four ahead of the second number of macOS 10.x, nine ahead of the first from 11 to 15, and is one
 * after it since. */
static const char *kernel_release(const struct system *system, const struct platform *platform,
                                  struct arena *arena)
{
    int darwin_major = platform->major > 15    ? platform->major - 1
                       : platform->major >= 11 ? platform->major + 9
                                               : platform->minor + 4;

    if (system == &windows)
        return "10";
    if (system != &darwin)
        return "";
    char *CLEANUP_FREE text = xasprintf("%d.0.0", darwin_major);
    return arena_strdup(arena, text);
}

static int set_platform(const char *name, struct python_target *out, struct word_list *platforms,
                        struct buf *error)
{
    for (size_t i = 0; i < COUNT(families); i++) {
        const struct family *family = &families[i];
        struct platform platform;
        /* A prefix that fits with numbers or a machine that do not: another row may still fit. */
        const struct machine *machine = match_platform_prefix(family, name, &platform);
        if (!machine || family->add(&platform, platforms) < 0 || !platforms->count)
            continue;
        out->environment.os_name = family->system->os_name;
        out->environment.sys_platform = family->system->sys_platform;
        out->environment.platform_system = family->system->platform_system;
        out->environment.platform_machine = machine->machine;
        out->environment.platform_release = kernel_release(family->system, &platform, &out->arena);
        return 0;
    }
    buf_set(error,
            "no platform is known as \"%s\": expected one such as linux_x86_64, linux_aarch64, "
            "manylinux_2_36_x86_64, musllinux_1_2_x86_64, macosx_arm64 or win_amd64",
            name);
    return -1;
}

/* ---- the target ---- */

int python_target_init(const char *python, const char *implementation, const char *platform,
                       struct python_target *out, struct buf *error)
{
    struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;
    struct word_list CLEANUP_WORD_LIST abis = WORD_LIST_INIT;
    const struct implementation *found;
    struct python numbers;

    memset(out, 0, sizeof(*out));
    out->arena = (struct arena)ARENA_INIT;
    if (!(found = find_implementation(implementation, error)) ||
        set_python(python, found, out, &numbers, error) < 0 ||
        set_platform(platform, out, &platforms, error) < 0)
        return -1;
    /* wheel_tags_new() would take the ABI of the usual build, whose wheels a free-threaded one cannot
     * load. */
    if (numbers.free_threaded)
        word_list_add(&abis, "%s%d%dt", found->tag, numbers.major, numbers.minor);
    struct wheel_target wheels = {
        .implementation = found->tag,
        .major = numbers.major,
        .minor = numbers.minor,
        .abis = &abis,
        .platforms = &platforms,
    };
    out->tags = wheel_tags_new(&wheels);
    char *CLEANUP_FREE name = xasprintf("%s %s on %s", found->title, python, platform);
    out->name = arena_strdup(&out->arena, name);
    return 0;
}

void python_target_release(struct python_target *target)
{
    wheel_tags_free(target->tags);
    arena_release(&target->arena);
    memset(target, 0, sizeof(*target));
}
