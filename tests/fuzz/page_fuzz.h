/* What must hold of any page that the parsers accept. */
#ifndef TESTS_FUZZ_PAGE_FUZZ_H
#define TESTS_FUZZ_PAGE_FUZZ_H

#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/text.h"
#include "formats/python/page.h"
#include "formats/python/page_list.h"
#include "formats/python/page_render.h"
#include "formats/python/project.h"

#define FUZZ_URL "https://mirror.example/pypi/simple/foo/"

static void fuzz_check_file(const struct page *page, const struct page_file *file)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF printed = BUF_INIT;
    struct file_path path;

    CHECK(filename_valid(file->filename, strlen(file->filename)));
    CHECK(file_path_parse(file->path, strlen(file->path), &path, &error) == 0);
    CHECK(!path.metadata && strcmp(path.filename, file->filename) == 0);
    file_path_print(&path, &printed);
    CHECK(strcmp(printed.data, file->path) == 0);
    CHECK(text_starts(file->url, "https://") || text_starts(file->url, "http://"));
    const struct page_file *found = page_find(page, file->path);
    CHECK(found && strcmp(found->path, file->path) == 0);
}

/* Our own page, read again, has the same files under the same names. */
static void fuzz_read_back(const struct page *page, const struct buf *rendered)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page *again;

    CHECK(text_is_utf8(rendered->data, rendered->len));
    if (page_parse(rendered->data, rendered->len, NULL, FUZZ_URL, "foo", &again, &error) < 0)
        BUG("own page refused: %s", error.data);
    CHECK(again->file_count == page->file_count && again->dropped == 0);
    for (size_t i = 0; i < page->file_count; i++) {
        CHECK(strcmp(again->files[i].filename, page->files[i].filename) == 0);
        CHECK(again->files[i].yanked == page->files[i].yanked);
        CHECK(again->files[i].metadata == page->files[i].metadata);
    }
    page_free(again);
}

static void fuzz_page(const uint8_t *data, size_t size, const char *content_type)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF json = BUF_INIT;
    struct buf CLEANUP_BUF html = BUF_INIT;
    struct page *page;

    if (page_parse((const char *)data, size, content_type, FUZZ_URL, "foo", &page, &error) < 0) {
        CHECK(error.len);
        return;
    }
    bool distribution = !page->file_count;
    for (size_t i = 0; i < page->file_count; i++) {
        fuzz_check_file(page, &page->files[i]);
        distribution |= filename_is_distribution(page->files[i].filename);
    }
    page_render_json(page, "foo", NULL, 0, &json);
    page_render_html(page, "foo", NULL, 0, &html);
    fuzz_read_back(page, &json);
    if (distribution) /* else our HTML looks like a captive portal's */
        fuzz_read_back(page, &html);
    page_free(page);
}

static void fuzz_list(const uint8_t *data, size_t size, const char *content_type)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF html = BUF_INIT;
    struct page_list *list, *again;

    if (page_list_parse((const char *)data, size, content_type, &list, &error) < 0) {
        CHECK(error.len);
        return;
    }
    list_render_html(list, &html);
    if (page_list_parse(html.data, html.len, NULL, &again, &error) < 0)
        BUG("own list refused: %s", error.data);
    CHECK(again->projects.count == list->projects.count);
    for (size_t i = 0; i < list->projects.count; i++)
        CHECK(strcmp(again->projects.items[i], list->projects.items[i]) == 0);
    page_list_free(again);
    page_list_free(list);
}

#endif
