/* The HTML form (PEP 503, 592, 629, 658/714, 708, 740, 792). A document is read as UTF-8 whatever it says
 * about itself: the names that matter are ASCII. The text of a link is decoration: the file is the one that
 * the URL names, as for pip, and listings that shorten long names in the text do no harm. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "formats/html.h"
#include "formats/python/page_private.h"
#include "formats/python/project.h"
#include "formats/url.h"

struct page_reader {
    struct page_builder *builder;
    bool has_base;
    bool in_heading; /* in <title> or <h1> */
    struct buf heading;
};

/* "true", "sha256=<hex>", or anything else, which all say that there is metadata; so does "", as pip reads
 * it. A hash that we do not understand still says that. */
static void read_metadata_attribute(struct page_entry *entry, const char *value)
{
    if (!value || strcasecmp(value, "false") == 0)
        return;
    entry->metadata = METADATA_YES;
    if (strncasecmp(value, "sha256=", 7) == 0 &&
        digest_parse(value + 7, strlen(value + 7), &entry->metadata_sha256) == 0)
        entry->metadata = METADATA_HASHED;
}

static int read_anchor(struct page_builder *builder, const struct html_tag *tag)
{
    struct page_entry entry = PAGE_ENTRY_INIT;

    entry.url = html_attribute(tag, "href");
    if (!entry.url)
        return 0;
    entry.requires_python = html_attribute(tag, "data-requires-python");
    entry.yanked_reason = html_attribute(tag, "data-yanked");
    entry.yanked = entry.yanked_reason != NULL;
    /* PEP 714: the new name outranks the old one. */
    const char *metadata = html_attribute(tag, "data-core-metadata");
    read_metadata_attribute(&entry, metadata ? metadata : html_attribute(tag, "data-dist-info-metadata"));
    entry.provenance = html_attribute(tag, "data-provenance");
    const char *gpg_sig = html_attribute(tag, "data-gpg-sig");
    if (gpg_sig)
        entry.gpg_sig = strcasecmp(gpg_sig, "true") == 0 ? 1 : strcasecmp(gpg_sig, "false") == 0 ? 0 : -1;
    return page_add_file(builder, &entry);
}

static int add_url(struct page_builder *builder, struct string_builder *urls, const char *url)
{
    if (!page_is_http_url(url))
        return 0;
    return page_add_string(&builder->page->arena, urls, PAGE_STRINGS_MAX, url, builder->error);
}

/* PEP 629, 708 and 792 put into <meta> what JSON has in "meta" and "project-status". A page may have several
 * of tracks and alternate locations, one each. */
static int read_meta(struct page_builder *builder, const struct html_tag *tag)
{
    const char *name = html_attribute(tag, "name");
    const char *content = html_attribute(tag, "content");

    if (!name || !content)
        return 0;
    if (strcasecmp(name, "pypi:repository-version") == 0) {
        builder->is_index = true;
        return page_check_version(builder->url, content, builder->error);
    }
    if (strcasecmp(name, "pypi:project-status") == 0)
        page_set_status(builder, content);
    else if (strcasecmp(name, "pypi:project-status-reason") == 0)
        page_set_status_reason(builder, content);
    else if (strcasecmp(name, "pypi:tracks") == 0)
        return add_url(builder, &builder->tracks, content);
    else if (strcasecmp(name, "pypi:alternate-locations") == 0)
        return add_url(builder, &builder->alternate_locations, content);
    return 0;
}

/* Only the first <base> is used, as in browsers, and only for links after it, which is all of them in a valid
 * page. One that does not resolve to an http(s) URL is ignored. */
static void read_base(struct page_reader *reader, const struct html_tag *tag)
{
    const char *href = html_attribute(tag, "href");
    struct buf CLEANUP_BUF base = BUF_INIT;

    if (reader->has_base || !href)
        return;
    reader->has_base = true;
    if (url_resolve(reader->builder->url, href, strlen(href), &base) == 0)
        buf_set(&reader->builder->base, "%s", base.data);
}

static bool is_heading(const char *name)
{
    return strcmp(name, "title") == 0 || strcmp(name, "h1") == 0;
}

static int page_start(void *arg, const struct html_tag *tag)
{
    struct page_reader *reader = arg;
    const char *name = tag->name;

    if (strcmp(name, "a") == 0)
        return read_anchor(reader->builder, tag);
    if (strcmp(name, "meta") == 0)
        return read_meta(reader->builder, tag);
    if (strcmp(name, "base") == 0)
        read_base(reader, tag);
    else if (is_heading(name)) {
        reader->in_heading = true;
        buf_reset(&reader->heading);
    }
    return 0;
}

/* "Links for <project>": PEP 503 does not ask for it, but every simple index writes it in <title> or <h1>. It
 * is a mark of an index and, as HTML has no other place for it, the name of the project. */
static int page_end(void *arg, const char *name)
{
    static const char prefix[] = "links for ";
    struct page_reader *reader = arg;

    if (!reader->in_heading || !is_heading(name))
        return 0;
    reader->in_heading = false;
    const char *text = reader->heading.data + strspn(reader->heading.data, " \t\r\n");
    if (strncasecmp(text, prefix, strlen(prefix)) != 0)
        return 0;
    reader->builder->is_index = true;
    text += strlen(prefix);
    text += strspn(text, " \t\r\n");
    return page_check_name(reader->builder, text, strcspn(text, " \t\r\n"));
}

static void page_text(void *arg, const char *text, size_t len)
{
    struct page_reader *reader = arg;

    /* A heading that is never closed must not collect the whole document. */
    if (reader->in_heading && reader->heading.len + len <= 4096)
        buf_add(&reader->heading, text, len);
}

int page_parse_html(struct page_builder *builder, const char *body, size_t len)
{
    static const struct html_events events = {page_start, page_end, page_text};
    struct page_reader reader = {.builder = builder, .heading = BUF_INIT};
    struct buf CLEANUP_BUF fault = BUF_INIT;
    int result = html_parse(body, len, &events, &reader, &fault);

    buf_release(&reader.heading);
    if (fault.len)
        buf_set(builder->error, "%s cannot be read: %s", builder->url, fault.data);
    return result;
}
