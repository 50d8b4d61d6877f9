/* Text in columns for people. Rows are kept until they are printed, since the widest decides. */
#ifndef ADMIN_TABLE_H
#define ADMIN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_COLUMNS_MAX 8

struct table {
    /* One letter for each column: 'l' left, 'r' right. */
    const char *align;
    const char *const *heads; /* one for each column; NULL: no heading */
    char **cells;             /* row by row */
    size_t count;
};

/* Adds cells one after the other, from left to right. */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, int64_t number);
void table_size(struct table *table, int64_t bytes);
/* How long ago, "3 d"; "-" for 0. */
void table_age(struct table *table, int64_t at_s);
/* Prints on standard output, and empties the table. */
void table_print(struct table *table);

#endif
