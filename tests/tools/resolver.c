/* resolver: resolving as questions on standard input, so that a test can compare many answers with pip's. One question
 * a line, a JSON object:
 *
 *     python, platform     the target: "3.10", "linux_x86_64"
 *     requirements         an array of texts
 *     constraints          the same
 *     prereleases, sdists  booleans
 *     only_binary, no_binary  arrays of projects and ":all:"; may be missing
 *     pages                project -> HTML
 *     metadata             name of a file -> its text
 *
 * One answer a line: for each project "<name of the file> <extras, with commas>", with tabs between them; "error
 * <message>", on one line, where there is no answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/resolve/resolve.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/memory.h"
#include "formats/python/page.h"
#include "formats/python/python_target.h"
#include "formats/python/requirement.h"

static const struct json_limits limits = {.depth = 4, .containers = 1000, .values = 1 << 20};

/* ---- the universe ---- */

#define PAGES_MAX 1000

struct universe {
    const json_t *question;
    struct page *pages[PAGES_MAX];
    size_t page_count;
};

static enum resolve_supply give_page(void *arg, const char *project, const struct page **out,
                                     struct buf *error)
{
    struct universe *universe = arg;
    const char *html = json_text_member(json_object_get(universe->question, "pages"), project);
    char *CLEANUP_FREE url = xasprintf("https://universe.test/simple/%s/", project);
    struct page **page = &universe->pages[universe->page_count];

    if (!html)
        return RESOLVE_NONE;
    CHECK(universe->page_count < PAGES_MAX);
    if (page_parse(html, strlen(html), "text/html", url, project, page, error) < 0)
        BUG("the page of %s: %s", project, error->data);
    universe->page_count++;
    *out = *page;
    return RESOLVE_HAVE;
}

static enum resolve_supply give_metadata(void *arg, const char *project, const struct page_file *file,
                                         struct buf *out, struct buf *error)
{
    const struct universe *universe = arg;
    const char *text = json_text_member(json_object_get(universe->question, "metadata"), file->filename);

    (void)project;
    (void)error;
    CHECK(text);
    buf_add_text(out, text);
    return RESOLVE_HAVE;
}

/* ---- requirements ---- */

struct wishes {
    struct requirement *requirements;
    struct resolve_requirement *items;
    size_t count;
};

static void read_wishes(const json_t *texts, const char *origin, struct wishes *out)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    json_t *text;
    size_t i;

    out->count = json_array_size(texts);
    out->requirements = xcalloc(out->count + 1, sizeof(*out->requirements));
    out->items = xcalloc(out->count + 1, sizeof(*out->items));
    json_array_foreach(texts, i, text)
    {
        const char *written = json_string_value(text);
        if (requirement_parse(written, strlen(written), &out->requirements[i], &error) < 0)
            BUG("%s: %s", written, error.data);
        out->items[i] = (struct resolve_requirement){.requirement = &out->requirements[i], .origin = origin};
    }
}

/* Free with free(); the texts are the question's. */
static const char **read_names(const json_t *texts, size_t *count)
{
    const char **names = xcalloc(json_array_size(texts) + 1, sizeof(*names));

    *count = json_array_size(texts);
    for (size_t i = 0; i < *count; i++)
        names[i] = json_string_value(json_array_get(texts, i));
    return names;
}

static void wishes_release(struct wishes *wishes)
{
    for (size_t i = 0; i < wishes->count; i++)
        requirement_release(&wishes->requirements[i]);
    free(wishes->requirements);
    free(wishes->items);
}

/* ---- answers ---- */

static void print_items(const struct resolution *resolution, struct buf *out)
{
    for (size_t i = 0; i < resolution->count; i++) {
        const struct resolved *item = &resolution->items[i];
        buf_printf(out, "%s%s ", i ? "\t" : "", item->file->filename);
        for (size_t k = 0; k < item->extra_count; k++)
            buf_printf(out, "%s%s", k ? "," : "", item->extras[k]);
    }
}

static void print_error(const struct buf *error, struct buf *out)
{
    buf_add_text(out, "error ");
    for (size_t i = 0; i < error->len; i++)
        buf_add_char(out, error->data[i] == '\n' ? '|' : error->data[i]);
}

static void print_answer(int status, struct resolution *resolution, const struct buf *error, struct buf *out)
{
    if (status == 0)
        print_items(resolution, out);
    else
        print_error(error, out);
    resolution_free(resolution);
}

/* The same in a session in which other questions were asked before: each root by itself. */
static void answer_in_session(const struct resolve_request *request, struct buf *out)
{
    struct resolve_session *session = resolve_session_new(request);
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct resolution *resolution;

    for (size_t i = 0; i < request->requirement_count; i++) {
        (void)resolve_session_run(session, &request->requirements[i], 1, &resolution, &error);
        resolution_free(resolution);
    }
    int status =
        resolve_session_run(session, request->requirements, request->requirement_count, &resolution, &error);
    print_answer(status, resolution, &error, out);
    resolve_session_free(&session);
}

static void answer_for(const json_t *question, const struct python_target *target, struct buf *out)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF in_session = BUF_INIT;
    struct universe universe = {.question = question};
    const struct resolve_provider provider = {.page = give_page, .metadata = give_metadata, .arg = &universe};
    struct resolution *resolution;
    struct wishes roots;
    struct wishes constraints;

    read_wishes(json_object_get(question, "requirements"), "the requirements", &roots);
    read_wishes(json_object_get(question, "constraints"), "the constraints", &constraints);
    size_t only_binary_count;
    size_t no_binary_count;
    const char **CLEANUP_FREE only_binary =
        read_names(json_object_get(question, "only_binary"), &only_binary_count);
    const char **CLEANUP_FREE no_binary =
        read_names(json_object_get(question, "no_binary"), &no_binary_count);
    struct resolve_request request = {
        .requirements = roots.items,
        .requirement_count = roots.count,
        .constraints = constraints.items,
        .constraint_count = constraints.count,
        .target = target,
        .provider = &provider,
        .formats = {only_binary, only_binary_count, no_binary, no_binary_count},
        .sdists = json_is_true(json_object_get(question, "sdists")),
        .prereleases = json_is_true(json_object_get(question, "prereleases")) ? RESOLVE_PRERELEASES_ALL
                                                                              : RESOLVE_PRERELEASES_PIP,
    };
    int status = resolve(&request, &resolution, &error);
    print_answer(status, resolution, &error, out);
    answer_in_session(&request, &in_session);
    if (strcmp(in_session.data, out->data) != 0)
        BUG("in a session: %s; by itself: %s", in_session.data, out->data);
    wishes_release(&roots);
    wishes_release(&constraints);
    for (size_t i = 0; i < universe.page_count; i++)
        page_free(universe.pages[i]);
}

static void answer(const json_t *question)
{
    struct python_target CLEANUP_PYTHON_TARGET target;
    struct buf CLEANUP_BUF out = BUF_INIT;

    if (python_target_init(json_text_member(question, "python"), NULL, json_text_member(question, "platform"),
                           &target, &out) < 0)
        BUG("%s", out.data);
    answer_for(question, &target, &out);
    printf("%s\n", out.data);
}

int main(void)
{
    struct buf CLEANUP_BUF why = BUF_INIT;
    char *CLEANUP_FREE line = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) > 0) {
        json_t *CLEANUP_JSON question = json_read_object(line, (size_t)len, &limits, &why);
        if (!question)
            BUG("the question %s", why.data);
        answer(question);
    }
    return 0;
}
