/* Formats cells as they are added, and prints them once the widths are known. Owns the cells until then. */
#include "admin/table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

static void table_add(struct table *table, char *cell)
{
    /* The capacity is the next power of two, so it is full when the count is one. */
    if ((table->count & (table->count - 1)) == 0)
        table->cells = xrealloc(table->cells, (table->count ? 2 * table->count : 1) * sizeof(char *));
    table->cells[table->count++] = cell;
}

void table_text(struct table *table, const char *text)
{
    char *cell = xstrdup(text);

    for (char *at = cell; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f) /* names come from peers and go to a terminal */
            *at = '?';
    table_add(table, cell);
}

void table_number(struct table *table, int64_t number)
{
    table_add(table, xasprintf("%" PRId64, number));
}

void table_size(struct table *table, int64_t bytes)
{
    struct buf text = BUF_INIT;

    text_print_size(&text, bytes);
    table_add(table, buf_take(&text));
}

void table_age(struct table *table, int64_t at_s)
{
    int64_t age_s = clock_wall_s() - at_s;

    if (!at_s)
        table_add(table, xstrdup("-")); /* never, or not known */
    /* A larger unit only from two of it on: "1 d" could be nearly two. */
    else if (age_s >= 2 * 86400)
        table_add(table, xasprintf("%" PRId64 " d", age_s / 86400));
    else if (age_s >= 2 * 3600)
        table_add(table, xasprintf("%" PRId64 " h", age_s / 3600));
    else
        table_add(table, xasprintf("%" PRId64 " min", age_s > 0 ? age_s / 60 : 0));
}

/* In characters, not bytes. Wide characters would be misaligned, but names of packages and images have
 * none. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, size_t width, bool right, bool last)
{
    int padding = (int)(width - width_of(text));

    if (right)
        printf("%*s%s", padding, "", text);
    else
        printf("%s%*s", text, last ? 0 : padding, ""); /* no blanks at the ends of lines */
    fputs(last ? "\n" : "  ", stdout);
}

void table_print(struct table *table)
{
    size_t columns = strlen(table->align);
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    CHECK(columns <= TABLE_COLUMNS_MAX && table->count % columns == 0);
    for (size_t i = 0; table->heads && i < columns; i++)
        widths[i] = width_of(table->heads[i]);
    for (size_t i = 0; i < table->count; i++) {
        size_t width = width_of(table->cells[i]);
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
    /* Heads alone would look like an answer that was cut off. */
    for (size_t i = 0; table->heads && table->count && i < columns; i++)
        print_cell(table->heads[i], widths[i], table->align[i] == 'r', i == columns - 1);
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % columns;
        print_cell(table->cells[i], widths[column], table->align[column] == 'r', column == columns - 1);
        free(table->cells[i]);
    }
    free(table->cells);
    table->cells = NULL;
    table->count = 0;
}
