/* Choosing a platform as containerd does (platforms.Only): the same operating system and architecture, and of
 * variants the newest that is not newer than ours. */
#include "formats/oci/platform.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

struct parts {
    const char *os, *architecture, *variant;
    size_t os_len, architecture_len, variant_len;
};

static bool split_platform(const char *text, struct parts *out)
{
    const char *rest = text;

    *out = (struct parts){.variant = ""};
    out->os = text_next(&rest, '/', &out->os_len);
    out->architecture = rest ? text_next(&rest, '/', &out->architecture_len) : NULL;
    if (rest)
        out->variant = text_next(&rest, '/', &out->variant_len);
    return !rest && out->os_len && out->architecture && out->architecture_len;
}

bool image_platform_valid(const char *text)
{
    struct parts parts;

    return split_platform(text, &parts) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789/._-") == strlen(text);
}

const char *image_platform_of_machine(const char *machine)
{
    static const char *const names[][2] = {
        {"x86_64", "linux/amd64"},        {"aarch64", "linux/arm64"},
        {"armv7l", "linux/arm/v7"},       {"riscv64", "linux/riscv64"},
        {"loongarch64", "linux/loong64"}, {"ppc64le", "linux/ppc64le"},
        {"s390x", "linux/s390x"},         {"i686", "linux/386"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(machine, names[i][0]) == 0)
            return names[i][1];
    return "linux/amd64";
}

/* "v7" is 7, and no variant is the architecture's usual one; -1: the variant has no order, and only the same
 * word matches. */
static int variant_number(const struct parts *parts)
{
    static const struct {
        const char *architecture;
        int number;
    } usual[] = {{"arm", 7}, {"arm64", 8}, {"amd64", 1}};
    uint64_t number;

    if (parts->variant_len > 1 && *parts->variant == 'v' &&
        text_parse_uint(parts->variant + 1, parts->variant_len - 1, &number) == 0 && number < 100)
        return (int)number;
    for (size_t i = 0; !parts->variant_len && i < sizeof(usual) / sizeof(usual[0]); i++)
        if (text_equal_n(parts->architecture, parts->architecture_len, usual[i].architecture))
            return usual[i].number;
    return -1;
}

static bool same_platform_part(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

int image_platform_rank(const char *wanted, const char *offered)
{
    struct parts want, offer;

    if (!split_platform(wanted, &want) || !split_platform(offered, &offer) ||
        !same_platform_part(want.os, want.os_len, offer.os, offer.os_len) ||
        !same_platform_part(want.architecture, want.architecture_len, offer.architecture,
                            offer.architecture_len))
        return -1;
    if (same_platform_part(want.variant, want.variant_len, offer.variant, offer.variant_len))
        return 100; /* above every variant number */
    int want_number = variant_number(&want);
    int offer_number = variant_number(&offer);
    return want_number >= 0 && offer_number >= 0 && offer_number <= want_number ? offer_number : -1;
}
