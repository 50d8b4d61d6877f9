/* Names of wheels, their rank for some targets, and pip's names of platforms. */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "formats/python/wheel_platform.h"
#include "formats/python/wheel_tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rank(const struct wheel_tags *tags, const struct wheel_name *wheel)
{
    const struct word_list *list = wheel_tags_list(tags);
    int rank = wheel_tags_rank(tags, wheel);

    CHECK(rank >= -1 && rank < (int)list->count);
    if (rank < 0)
        return;
    /* The tag is made of the wheel's own words. */
    char *CLEANUP_FREE tag = xstrdup(list->items[rank]);
    char *abi = strchr(tag, '-');
    char *platform = strchr(abi + 1, '-');
    *abi++ = *platform++ = '\0';
    CHECK(strstr(wheel->python, tag) && strstr(wheel->abi, abi) && strstr(wheel->platform, platform));
}

static void check_wheel(const struct wheel_name *wheel)
{
    static struct wheel_tags *glibc;

    if (!glibc) {
        struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;
        struct wheel_target target = {
            .implementation = "cp", .major = 3, .minor = 10, .platforms = &platforms};
        CHECK(wheel_platforms_glibc(2, 31, "x86_64", &platforms) == 0);
        glibc = wheel_tags_new(&target);
    }
    CHECK(project_name_normalized(wheel->project, strlen(wheel->project)) && wheel->version.text[0]);
    CHECK(wheel_name_compare_builds(wheel, wheel) == 0);
    check_rank(glibc, wheel);
}

/* Any text may be the name of a platform. */
static void check_platform(const char *name)
{
    struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;
    struct wheel_target target = {.implementation = "py", .major = 3, .minor = -1, .platforms = &platforms};

    if (wheel_platforms_pip(name, &platforms) < 0) {
        CHECK(!platforms.count);
        return;
    }
    struct wheel_tags CLEANUP_WHEEL_TAGS *tags = wheel_tags_new(&target);
    CHECK(wheel_tags_list(tags)->count >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *CLEANUP_FREE text = xstrndup((const char *)data, size);
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct wheel_name wheel;

    if (wheel_name_parse(text, &wheel, &error) < 0)
        CHECK(error.len);
    else
        check_wheel(&wheel);
    check_platform(text);
    return 0;
}
