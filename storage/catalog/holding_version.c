/* No state. A version in a file's name is compared by PEP 440, or as text where it was asked for as text. */
#include "storage/catalog/holding_version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/project.h"

/* ---- choosing ---- */

int version_choice_parse(const char *text, struct version_choice *out, struct buf *error)
{
    struct buf CLEANUP_BUF printed = BUF_INIT;

    *out = (struct version_choice)VERSION_CHOICE_INIT;
    if (!*text)
        return 0;
    if (specifier_set_parse(text, strlen(text), &out->set, error) < 0) {
        /* "==2004d": not a version by PEP 440, and nothing in it that could be meant as another specifier. */
        if (!text_starts(text, "==") || !text[2] || strpbrk(text + 2, "=<>!~,* \t"))
            return -1;
        buf_reset(error);
        out->literal = xstrdup(text + strlen("=="));
        out->text = xstrdup(text);
        return 0;
    }
    if (!out->set.count) {
        buf_set(error, "there is no version");
        return -1;
    }
    specifier_set_print(&out->set, &printed);
    out->text = buf_take(&printed);
    return 0;
}

void version_choice_release(struct version_choice *choice)
{
    free(take_ptr(&choice->text));
    free(take_ptr(&choice->literal));
    specifier_set_release(&choice->set);
}

/* Names of files may spell "1.0-beta" as "1.0_beta". */
static bool version_text_equal(const char *wanted, const char *got)
{
    for (; *wanted && *got; wanted++, got++)
        if (tolower((unsigned char)*wanted) != tolower((unsigned char)*got) &&
            !(strchr("-_", *wanted) && strchr("-_", *got)))
            return false;
    return *wanted == *got;
}

bool version_choice_has(const struct version_choice *choice, const char *version)
{
    struct version parsed;

    if (!choice->text)
        return true;
    if (choice->literal)
        return version_text_equal(choice->literal, version);
    return version_parse(version, strlen(version), &parsed, NULL) == 0 &&
           specifier_set_contains(&choice->set, &parsed, PRERELEASES_ALLOWED);
}

/* ---- files ---- */

/* "foo-bar-1.0.tar.gz" may be bar-1.0 of foo or 1.0 of foo-bar: the project decides which dash ends the
 * name. The version of a wheel or egg ends at the next dash, that of an sdist at the suffix. */
char *version_of_file(const char *project, const char *filename)
{
    static const char *const suffixes[] = {".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".zip", ".whl", ".egg"};
    size_t len = strlen(filename);

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (text_ends(filename, suffixes[i])) {
            len -= strlen(suffixes[i]);
            break;
        }
    for (const char *dash = filename; (dash = memchr(dash, '-', len - (size_t)(dash - filename))); dash++) {
        struct buf CLEANUP_BUF name = BUF_INIT;
        project_normalize(filename, (size_t)(dash - filename), &name);
        const char *digit = dash + 1 + (dash[1] == 'v');
        if (strcmp(name.data, project) != 0 || !isdigit((unsigned char)*digit))
            continue;
        size_t left = len - (size_t)(dash + 1 - filename);
        const char *end =
            text_ends(filename, ".whl") || text_ends(filename, ".egg") ? memchr(dash + 1, '-', left) : NULL;
        return xstrndup(dash + 1, end ? (size_t)(end - dash - 1) : left);
    }
    return NULL;
}
