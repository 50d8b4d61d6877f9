/* The root list of an index: the names of all projects, 800,000 and more, of which only names are kept.
 *
 * In HTML it is a page of links like any other, and a directory listing or a captive portal is one, too. A
 * link counts as a project if its text and the end of its address are the same name after normalisation (PEP
 * 503). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/html.h"
#include "formats/python/page_private.h"
#include "formats/python/project.h"

int page_list_add(struct list_builder *builder, const char *name)
{
    if (!project_name_valid(name, strlen(name)))
        return 0;
    return page_add_string(builder->arena, &builder->projects, PAGE_LIST_MAX, name, builder->error);
}

/* ---- HTML ---- */

struct root_list_reader {
    struct list_builder *builder;
    bool in_anchor, in_title, is_index;
    struct buf href, text, title;
    size_t strange; /* links that do not lead to a project */
};

static void list_text(void *arg, const char *text, size_t len)
{
    struct root_list_reader *reader = arg;
    struct buf *into = reader->in_title ? &reader->title : reader->in_anchor ? &reader->text : NULL;

    if (into && into->len + len <= 4096)
        buf_add(into, text, len);
}

/* The last segment of "/simple/foo/", "foo/" or "foo". */
static void last_segment(const char *href, const char **start, size_t *len)
{
    size_t end = strcspn(href, "?#");

    while (end && href[end - 1] == '/')
        end--;
    const char *slash = memrchr(href, '/', end);
    *start = slash ? slash + 1 : href;
    *len = (size_t)(href + end - *start);
}

/* The end of an anchor, or the beginning of the next. Directory listings write "name/" as the text. */
static int end_link(struct root_list_reader *reader)
{
    struct buf CLEANUP_BUF from_text = BUF_INIT;
    struct buf CLEANUP_BUF from_href = BUF_INIT;
    const char *text = reader->text.data + strspn(reader->text.data, " \t\r\n");
    size_t text_len = strlen(text);
    const char *segment;
    size_t segment_len;

    if (!reader->in_anchor)
        return 0;
    reader->in_anchor = false;
    while (text_len && strchr(" \t\r\n/", text[text_len - 1]))
        text_len--;
    last_segment(reader->href.data, &segment, &segment_len);
    project_normalize(text, text_len, &from_text);
    project_normalize(segment, segment_len, &from_href);
    if (strcmp(from_text.data, from_href.data) != 0 || !project_name_valid(text, text_len)) {
        reader->strange++;
        return 0;
    }
    reader->text.data[text + text_len - reader->text.data] = '\0';
    return page_list_add(reader->builder, text);
}

static int list_start(void *arg, const struct html_tag *tag)
{
    struct root_list_reader *reader = arg;

    if (strcmp(tag->name, "a") == 0) {
        const char *href = html_attribute(tag, "href");
        int result = end_link(reader); /* an anchor cannot hold another */
        reader->in_anchor = href != NULL;
        buf_reset(&reader->text);
        buf_set(&reader->href, "%s", href ? href : "");
        return result;
    }
    if (strcmp(tag->name, "title") == 0) {
        reader->in_title = true;
        buf_reset(&reader->title);
    } else if (strcmp(tag->name, "meta") == 0) {
        const char *meta = html_attribute(tag, "name");
        const char *content = html_attribute(tag, "content");
        if (meta && content && strcasecmp(meta, "pypi:repository-version") == 0) {
            reader->is_index = true;
            return page_check_version("the root list", content, reader->builder->error);
        }
    }
    return 0;
}

static int list_end(void *arg, const char *name)
{
    struct root_list_reader *reader = arg;

    if (strcmp(name, "a") == 0)
        return end_link(reader);
    if (strcmp(name, "title") == 0) {
        reader->in_title = false;
        const char *title = reader->title.data + strspn(reader->title.data, " \t\r\n");
        reader->is_index |= strncasecmp(title, "simple index", strlen("simple index")) == 0;
    }
    return 0;
}

int page_list_parse_html(struct list_builder *builder, const char *body, size_t len)
{
    static const struct html_events events = {list_start, list_end, list_text};
    struct root_list_reader reader = {
        .builder = builder, .href = BUF_INIT, .text = BUF_INIT, .title = BUF_INIT};
    int result = html_parse(body, len, &events, &reader, builder->error);

    buf_release(&reader.href);
    buf_release(&reader.text);
    buf_release(&reader.title);
    if (result < 0)
        return -1;
    /* Without a mark it is a root list if most of its links are projects: static mirrors show plain
     * directories. */
    if (reader.is_index || builder->projects.count > reader.strange)
        return 0;
    buf_set(builder->error,
            "the root list is not a list of projects: %zu of its links lead to projects, %zu elsewhere",
            builder->projects.count, reader.strange);
    return -1;
}

/* ---- both ---- */

int page_list_parse(const char *body, size_t len, const char *content_type, struct page_list **out,
                    struct buf *error)
{
    struct page_list *list = xcalloc(1, sizeof(*list));
    struct list_builder builder = {.arena = &list->arena, .error = error};
    bool json = page_body_is_json(&body, &len, content_type);
    int result = json ? page_list_parse_json(&builder, body, len) : page_list_parse_html(&builder, body, len);

    if (result < 0) {
        free(builder.projects.items);
        page_list_free(list);
        return -1;
    }
    page_strings_finish(&list->arena, &builder.projects, &list->projects);
    *out = list;
    return 0;
}

void page_list_free(struct page_list *list)
{
    if (!list)
        return;
    arena_release(&list->arena);
    free(list);
}
