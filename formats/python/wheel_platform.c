/* Lists of platforms, in the order of `packaging.tags` 23.0 and of pip's utils/compatibility_tags.py; both
 * are walked from the newest to the oldest release. The numbers are what those modules have, since a list
 * that differs by one name chooses another wheel; the feature tests compare them. */
#include "formats/python/wheel_platform.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/word_list.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool arch_is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}
#define ONE_OF(text, ...) \
    arch_is_one_of(text, (const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__})))

static bool in_range(int major, int minor)
{
    return major >= 0 && major <= PLATFORM_NUMBER_MAX && minor >= 0 && minor <= PLATFORM_NUMBER_MAX;
}

/* ---- Linux ---- */

/* Names from before PEP 600, each for the glibc 2.x of a CentOS. */
static const struct {
    int minor;
    const char *name;
} old_manylinux[] = {{17, "manylinux2014"}, {12, "manylinux2010"}, {5, "manylinux1"}};

/* glibc 2 has no last minor version as long as there is no glibc 3; `packaging` assumes 50. */
#define LAST_MINOR 50

static void add_manylinux(int major, int minor, int oldest, const char *arch, struct word_list *out)
{
    for (; minor >= oldest; minor--) {
        word_list_add(out, "manylinux_%d_%d_%s", major, minor, arch);
        for (size_t i = 0; i < COUNT(old_manylinux); i++)
            if (major == 2 && minor == old_manylinux[i].minor)
                word_list_add(out, "%s_%s", old_manylinux[i].name, arch);
    }
}

int wheel_platforms_glibc(int major, int minor, const char *arch, struct word_list *out)
{
    bool x86 = ONE_OF(arch, "x86_64", "i686");

    if (!in_range(major, minor))
        return -1;
    if (x86 || ONE_OF(arch, "aarch64", "armv7l", "ppc64", "ppc64le", "s390x", "riscv64", "loongarch64")) {
        /* manylinux begins with glibc 2.5 on x86 (manylinux1) and with 2.17 elsewhere (manylinux2014). */
        for (int at = major; at >= 2; at--)
            add_manylinux(at, at == major ? minor : LAST_MINOR, at > 2 ? 0 : x86 ? 5 : 17, arch, out);
    }
    word_list_add(out, "linux_%s", arch);
    return 0;
}

/* PEP 656: all minor versions of one major version. */
int wheel_platforms_musl(int major, int minor, const char *arch, struct word_list *out)
{
    if (!in_range(major, minor))
        return -1;
    for (; minor >= 0; minor--)
        word_list_add(out, "musllinux_%d_%d_%s", major, minor, arch);
    word_list_add(out, "linux_%s", arch);
    return 0;
}

/* ---- macOS ---- */

/* Adds the names of binaries, fat ones too, that a processor could run on a release: Intel and 64-bit PowerPC
 * began with 10.4, PowerPC ended with 10.5 (64 bits) and 10.6 (32 bits). */
static void add_mac(const char *prefix, int major, int minor, const char *arch, struct word_list *out)
{
    int release = 100 * major + minor;
    const char *formats[6] = {arch};
    size_t count = 1;

    if (ONE_OF(arch, "x86_64", "i386", "ppc64") && release < 1004)
        return;
    if ((strcmp(arch, "ppc64") == 0 && release > 1005) || (strcmp(arch, "ppc") == 0 && release > 1006))
        return;
    if (ONE_OF(arch, "x86_64", "i386"))
        formats[count++] = "intel";
    if (ONE_OF(arch, "x86_64", "ppc64"))
        formats[count++] = "fat64";
    if (ONE_OF(arch, "x86_64", "i386", "ppc"))
        formats[count++] = "fat32";
    if (ONE_OF(arch, "i386", "ppc"))
        formats[count++] = "fat";
    if (ONE_OF(arch, "x86_64", "arm64"))
        formats[count++] = "universal2";
    if (ONE_OF(arch, "x86_64", "i386", "ppc64", "ppc", "intel"))
        formats[count++] = "universal";
    for (size_t i = 0; i < count; i++)
        word_list_add(out, "%s_%d_%d_%s", prefix, major, minor, formats[i]);
}

/* Up to 10.16 each release counted up the second number, from 11 on the first. macOS 11 calls itself 10.16
 * for old programs. Of the releases before 11, only fat binaries run on arm64. */
static int add_macos_platforms(const char *prefix, int major, int minor, const char *arch,
                               struct word_list *out)
{
    if (!in_range(major, minor))
        return -1;
    if (major < 11) {
        for (; major == 10 && minor >= 0; minor--)
            add_mac(prefix, major, minor, arch, out);
        return 0;
    }
    for (; major > 10; major--)
        add_mac(prefix, major, 0, arch, out);
    for (int old = 16; old > 3; old--) {
        if (strcmp(arch, "x86_64") == 0)
            add_mac(prefix, 10, old, arch, out);
        else
            word_list_add(out, "%s_10_%d_universal2", prefix, old);
    }
    return 0;
}

int wheel_platforms_macos(int major, int minor, const char *arch, struct word_list *out)
{
    return add_macos_platforms("macosx", major, minor, arch, out);
}

/* ---- pip's --platform ---- */

/* Steps over "_<digits>" at *text. */
static bool take_number(const char **text, uint64_t *out)
{
    if (**text != '_')
        return false;
    size_t digits = strspn(*text + 1, "0123456789");
    const char *start = *text + 1;
    *text = start + digits;
    /* Any number that is too large to be read is out of range as well. */
    if (digits && text_parse_uint(start, digits, out) < 0)
        *out = UINT64_MAX;
    return digits != 0;
}

/* prefix_<major>_<minor>_<arch>, with numbers searched from the end of the name, as pip's regular expression
 * does it by being greedy. Other names are taken as they are. */
static int add_pip_macos(const char *name, struct word_list *out)
{
    for (size_t at = strlen(name); at-- > 1;) {
        const char *rest = name + at;
        uint64_t major;
        uint64_t minor;
        if (!take_number(&rest, &major) || !take_number(&rest, &minor) || *rest != '_' || !rest[1])
            continue;
        char *CLEANUP_FREE prefix = xstrndup(name, at);
        if (major > PLATFORM_NUMBER_MAX || minor > PLATFORM_NUMBER_MAX)
            return -1;
        return add_macos_platforms(prefix, (int)major, (int)minor, rest + 1, out);
    }
    word_list_add(out, "%s", name);
    return 0;
}

int wheel_platforms_pip(const char *name, struct word_list *out)
{
    const char *sep = strchrnul(name, '_');
    bool of_2014 = text_equal_n(name, (size_t)(sep - name), "manylinux2014");
    bool of_2010 = text_equal_n(name, (size_t)(sep - name), "manylinux2010");

    if (word_list_has(out, name))
        return 0;
    if (text_starts(name, "macosx"))
        return add_pip_macos(name, out);
    word_list_add(out, "%s", name);
    if (of_2014 && ONE_OF(sep, "_x86_64", "_i686"))
        word_list_add(out, "manylinux2010%s", sep);
    if (of_2010 || (of_2014 && ONE_OF(sep, "_x86_64", "_i686")))
        word_list_add(out, "manylinux1%s", sep);
    return 0;
}
