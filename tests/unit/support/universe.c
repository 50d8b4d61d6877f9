#include "tests/unit/support/universe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/page.h"
#include "formats/python/project.h"
#include "formats/python/python_target.h"
#include "formats/python/requirement.h"

#define RELEASES_MAX 400
#define WISHES_MAX 20

struct made_release {
    char *project;
    char *filename;
    struct buf link;
    struct buf metadata;
    bool bare;
    bool failing;
};

static struct {
    struct made_release releases[RELEASES_MAX];
    size_t count;
    struct page *pages[RELEASES_MAX];
    size_t page_count;
} made;

static struct {
    struct buf notes, announced, pages, metadata, wanted_by;
} seen = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};

static void list(struct buf *out, const char *text)
{
    buf_printf(out, "%s%s", out->len ? ", " : "", text);
}

/* ---- the language ---- */

/* Takes the text up to `separator`, which is stepped over. */
static char *cut(char **rest, const char *separator)
{
    char *start = *rest;
    char *stop = start ? strstr(start, separator) : NULL;

    *rest = stop ? stop + strlen(separator) : NULL;
    if (stop)
        *stop = '\0';
    return start;
}

static void add_requirements(struct buf *metadata, char *text, const char *extra)
{
    for (char *one; (one = cut(&text, ", "));) {
        while (*one == ' ')
            one++;
        if (!*one)
            continue;
        buf_printf(metadata, "Requires-Dist: %s", one);
        if (extra)
            buf_printf(metadata, "%s extra == \"%s\"", strchr(one, ';') ? " and" : " ;", extra);
        buf_add_char(metadata, '\n');
    }
}

static void add_all_requirements(struct made_release *out, char *text)
{
    add_requirements(&out->metadata, cut(&text, "; extra "), NULL);
    for (char *extra; (extra = cut(&text, "; extra "));) {
        char *requirements = extra;
        const char *name = cut(&requirements, ":");
        buf_printf(&out->metadata, "Provides-Extra: %s\n", name);
        if (requirements)
            add_requirements(&out->metadata, requirements, name);
    }
}

struct flags {
    const char *tags;
    bool sdist, broken, other, yanked;
    const char *python, *metadata_python;
};

static void read_flag(struct made_release *out, const char *flag, struct flags *flags)
{
    if (strcmp(flag, "yanked") == 0)
        flags->yanked = true;
    else if (strcmp(flag, "sdist") == 0)
        flags->sdist = true;
    else if (strcmp(flag, "broken") == 0)
        flags->broken = true;
    else if (strcmp(flag, "other") == 0)
        flags->other = true;
    else if (strcmp(flag, "bare") == 0)
        out->bare = true;
    else if (strcmp(flag, "failing") == 0)
        out->failing = true;
    else if (text_starts(flag, "meta"))
        flags->metadata_python = flag + 4;
    else if (strchr("<>=!~", *flag))
        flags->python = flag;
    else if (strchr(flag, '-'))
        flags->tags = flag;
    else
        fail_msg("no flag is called %s", flag);
}

static void make_link(struct made_release *out, const char *name, const char *version,
                      const struct flags *flags)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest digest;

    out->filename = flags->sdist ? xasprintf("%s-%s.tar.gz", name, version)
                                 : xasprintf("%s-%s-%s.whl", name, version, flags->tags);
    digest_of(out->filename, strlen(out->filename), &digest);
    digest_hex(&digest, hex);
    buf_printf(&out->link, "<a href=\"../../files/%s#sha256=%s\"", out->filename, hex);
    if (flags->python) {
        buf_add_text(&out->link, " data-requires-python=\"");
        text_html_escape(flags->python, strlen(flags->python), &out->link);
        buf_add_char(&out->link, '"');
    }
    buf_printf(&out->link, "%s>%s</a>\n", flags->yanked ? " data-yanked=\"bad\"" : "", out->filename);
}

static void make_release(char *line)
{
    struct made_release *out = &made.releases[made.count++];
    struct flags flags = {.tags = "py3-none-any"};
    struct buf project = BUF_INIT;
    char *requirements = line;
    char *head = cut(&requirements, " : ");
    const char *name = cut(&head, " ");
    const char *version = cut(&head, " ");

    assert_true(made.count < RELEASES_MAX && name && version);
    for (const char *flag; (flag = cut(&head, " "));)
        if (*flag)
            read_flag(out, flag, &flags);
    project_normalize(name, strlen(name), &project);
    out->project = buf_take(&project);
    buf_init(&out->link);
    buf_init(&out->metadata);
    make_link(out, name, version, &flags);
    buf_printf(&out->metadata, "Metadata-Version: 2.1\nName: %s\nVersion: %s\n",
               flags.other ? "another" : name, flags.broken ? "none" : version);
    if (flags.metadata_python)
        buf_printf(&out->metadata, "Requires-Python: %s\n", flags.metadata_python);
    if (requirements)
        add_all_requirements(out, requirements);
}

static void make_universe(const char *text)
{
    char *CLEANUP_FREE copy = xstrdup(text);
    char *rest = copy;

    for (char *line; (line = cut(&rest, "\n"));)
        if (*line)
            make_release(line);
}

static void drop_universe(void)
{
    for (size_t i = 0; i < made.count; i++) {
        free(made.releases[i].project);
        free(made.releases[i].filename);
        buf_release(&made.releases[i].link);
        buf_release(&made.releases[i].metadata);
    }
    for (size_t i = 0; i < made.page_count; i++)
        page_free(made.pages[i]);
    memset(&made, 0, sizeof(made));
}

/* ---- the provider ---- */

static enum resolve_supply give_page(void *arg, const char *project, const struct page **out,
                                     struct buf *error)
{
    struct buf CLEANUP_BUF html = BUF_INIT;
    struct buf CLEANUP_BUF why = BUF_INIT;
    bool known = strcmp(project, "empty") == 0;

    (void)arg;
    list(&seen.pages, project);
    if (strcmp(project, "unreachable") == 0) {
        buf_set(error, "the line is dead");
        return RESOLVE_FAILED;
    }
    buf_printf(&html, "<!DOCTYPE html><html><body><h1>Links for %s</h1>\n", project);
    for (size_t i = 0; i < made.count; i++)
        if (strcmp(made.releases[i].project, project) == 0) {
            buf_add_text(&html, made.releases[i].link.data);
            known = true;
        }
    if (!known)
        return RESOLVE_NONE;
    buf_add_text(&html, "</body></html>");
    struct page **page = &made.pages[made.page_count++];
    if (page_parse(html.data, html.len, "text/html", "http://index.example/simple/x/", project, page, &why) <
        0)
        fail_msg("%s", why.data);
    *out = *page;
    return RESOLVE_HAVE;
}

static enum resolve_supply give_metadata(void *arg, const char *project, const struct page_file *file,
                                         struct buf *out, struct buf *error)
{
    (void)arg;
    (void)project;
    list(&seen.metadata, file->filename);
    for (size_t i = 0; i < made.count; i++) {
        const struct made_release *release = &made.releases[i];
        if (strcmp(release->filename, file->filename) != 0)
            continue;
        if (release->bare || release->failing) {
            buf_set(error, release->bare ? "nobody has it" : "the line is dead");
            return release->bare ? RESOLVE_NONE : RESOLVE_FAILED;
        }
        buf_add(out, release->metadata.data, release->metadata.len);
        return RESOLVE_HAVE;
    }
    fail_msg("metadata of %s, which is on no page", file->filename);
    return RESOLVE_FAILED;
}

static void hear_coming(void *arg, const char *const *projects, size_t count)
{
    (void)arg;
    for (size_t i = 0; i < count; i++)
        list(&seen.announced, projects[i]);
}

static const struct resolve_provider provider = {give_page, give_metadata, hear_coming, NULL};

/* ---- trials ---- */

struct wishes {
    struct resolve_requirement items[WISHES_MAX];
    struct requirement requirements[WISHES_MAX];
    struct checksum hashes[WISHES_MAX];
    char *origins[WISHES_MAX];
    size_t count;
};

static void read_wish(struct wishes *wishes, char *line, const char *origin)
{
    struct buf CLEANUP_BUF why = BUF_INIT;
    size_t at = wishes->count++;
    struct resolve_requirement *item = &wishes->items[at];
    char *hashed = line;
    struct digest digest;

    assert_true(at < WISHES_MAX);
    cut(&hashed, " #");
    if (requirement_parse(line, strlen(line), &wishes->requirements[at], &why) < 0)
        fail_msg("%s: %s", line, why.data);
    wishes->origins[at] = xasprintf("%s:%zu", origin, wishes->count);
    *item =
        (struct resolve_requirement){.requirement = &wishes->requirements[at], .origin = wishes->origins[at]};
    if (!hashed)
        return;
    digest_of(hashed, strlen(hashed), &digest);
    wishes->hashes[at].kind = HASH_SHA256;
    memcpy(wishes->hashes[at].bytes, digest.bytes, sizeof(digest.bytes));
    item->hashes = &wishes->hashes[at];
    item->hash_count = 1;
}

static void read_wishes(struct wishes *wishes, const char *text, const char *origin)
{
    char *CLEANUP_FREE copy = xstrdup(text ? text : "");
    char *rest = copy;

    wishes->count = 0;
    for (char *line; (line = cut(&rest, "\n"));)
        if (*line)
            read_wish(wishes, line, origin);
}

static void release_wishes(struct wishes *wishes)
{
    for (size_t i = 0; i < wishes->count; i++) {
        requirement_release(&wishes->requirements[i]);
        free(wishes->origins[i]);
    }
}

static void print_answer(const struct resolution *resolution, struct buf *out)
{
    for (size_t i = 0; i < resolution->count; i++) {
        const struct resolved *item = &resolution->items[i];
        list(out, item->project);
        for (size_t k = 0; k < item->extra_count; k++)
            buf_printf(out, "%s%s", k ? "," : "[", item->extras[k]);
        buf_printf(out, "%s %s", item->extra_count ? "]" : "", item->version);
        buf_printf(&seen.wanted_by, "\n%s: %s", item->project, item->wanted_by);
    }
    buf_add_char(&seen.wanted_by, '\n');
    for (size_t i = 0; i < resolution->note_count; i++)
        list(&seen.notes, resolution->notes[i]);
}

static void forget_seen(void)
{
    for (struct buf *buf = (struct buf *)&seen; buf < (struct buf *)(&seen + 1); buf++)
        buf_reset(buf);
}

static int tell(int status, struct resolution *resolution, struct buf *out)
{
    if (status == 0)
        print_answer(resolution, out);
    resolution_free(resolution);
    return status;
}

static int ask_session(struct resolve_session *session, const struct resolve_requirement *requirements,
                       size_t count, struct buf *out, struct buf *error)
{
    struct resolution *resolution;
    int status = resolve_session_run(session, requirements, count, &resolution, error);

    return tell(status, resolution, out);
}

/* Each requirement by itself, in one session. */
static void ask_each(struct resolve_session *session, const struct resolve_request *request, struct buf *out)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    for (size_t i = 0; i < request->requirement_count; i++) {
        buf_add_text(out, i ? " | " : "");
        struct buf CLEANUP_BUF one = BUF_INIT;
        if (ask_session(session, &request->requirements[i], 1, &one, &error) < 0)
            buf_add_text(&one, "none");
        buf_add(out, one.data, one.len);
    }
}

static int ask_after_others(const struct resolve_request *request, struct buf *out, struct buf *error)
{
    struct resolve_session *session = resolve_session_new(request);

    ask_each(session, request, out);
    buf_reset(out);
    int status = ask_session(session, request->requirements, request->requirement_count, out, error);
    resolve_session_free(&session);
    return status;
}

/* A session that has answered other questions must give the same answer. */
static int ask_both(const struct resolve_request *request, struct buf *out, struct buf *error)
{
    struct buf CLEANUP_BUF in_session = BUF_INIT;
    struct buf CLEANUP_BUF in_session_error = BUF_INIT;
    int in_session_status = ask_after_others(request, &in_session, &in_session_error);
    struct resolution *resolution;

    forget_seen();
    int status = resolve(request, &resolution, error);
    tell(status, resolution, out);
    assert_int_equal(in_session_status, status);
    assert_string_equal(in_session.data, out->data);
    assert_string_equal(in_session_error.data, error->data);
    return status;
}

static int ask_in_session(const struct resolve_request *request, struct buf *out, struct buf *error)
{
    struct resolve_session *session = resolve_session_new(request);

    (void)error;
    ask_each(session, request, out);
    resolve_session_free(&session);
    return 0;
}

typedef int asking(const struct resolve_request *request, struct buf *out, struct buf *error);

static int run(const struct trial *trial, asking *way, struct buf *out, struct buf *error)
{
    struct python_target CLEANUP_PYTHON_TARGET target;
    struct wishes roots;
    struct wishes constraints;

    forget_seen();
    if (python_target_init(trial->python ? trial->python : "3.10", NULL,
                           trial->platform ? trial->platform : "linux_x86_64", &target, error) < 0)
        fail_msg("%s", error->data);
    make_universe(trial->universe);
    read_wishes(&roots, trial->requirements, "r");
    read_wishes(&constraints, trial->constraints, "c");
    struct resolve_request request = {
        .requirements = roots.items,
        .requirement_count = roots.count,
        .constraints = constraints.items,
        .constraint_count = constraints.count,
        .target = &target,
        .provider = &provider,
        .formats = {&trial->only_binary, trial->only_binary != NULL, &trial->no_binary,
                    trial->no_binary != NULL},
        .sdists = trial->sdists,
        .require_hashes = trial->require_hashes,
        .prereleases = trial->prereleases,
        .steps_max = trial->steps_max,
    };
    int status = way(&request, out, error);
    release_wishes(&roots);
    release_wishes(&constraints);
    drop_universe();
    return status;
}

void trial_gives(const struct trial *trial, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (run(trial, ask_both, &out, &error) < 0)
        fail_msg("%s", error.data);
    assert_string_equal(out.data, expected);
}

void trial_gives_each(const struct trial *trial, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    (void)run(trial, ask_in_session, &out, &error);
    assert_string_equal(out.data, expected);
}

void trial_fails(const struct trial *trial, const char *const *texts)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (run(trial, ask_both, &out, &error) == 0)
        fail_msg("it gives %s", out.data);
    for (; *texts; texts++)
        if (!strstr(error.data, *texts))
            fail_msg("\"%s\" is not in: %s", *texts, error.data);
}

void trial_lacks(const struct trial *trial, const char *word)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    char *CLEANUP_FREE begun = xasprintf(" %s", word);

    if (run(trial, ask_both, &out, &error) == 0)
        fail_msg("it gives %s", out.data);
    if (strstr(error.data, begun))
        fail_msg("\"%s\" is in: %s", begun, error.data);
}

const char *trial_notes(void)
{
    return seen.notes.data;
}

const char *trial_announced(void)
{
    return seen.announced.data;
}

const char *trial_pages(void)
{
    return seen.pages.data;
}

const char *trial_metadata(void)
{
    return seen.metadata.data;
}

const char *trial_wanted_by(const char *project)
{
    static char found[64];
    char *CLEANUP_FREE key = xasprintf("\n%s: ", project);
    const char *start = strstr(seen.wanted_by.data, key);

    if (!start)
        fail_msg("%s is no part of the answer", project);
    CHECK(start);
    start += strlen(key);
    snprintf(found, sizeof(found), "%.*s", (int)strcspn(start, "\n"), start);
    return found;
}
