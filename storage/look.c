/* Looking through the store: queries on read connections. No state.
 *
 * A read transaction that stays open keeps SQLite from resetting its log, which then grows with every
 * commit. So where `visit` may take its time (it may read blobs, or wait for the administrator's
 * terminal), rows are copied out in pages of 256 and the next page begins after the last key; the others
 * call `visit` with the transaction open and are for short work. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "storage/entry.h"
#include "storage/index_read.h"
#include "storage/orders.h"
#include "storage/store_private.h"
#include "storage/upkeep.h"

#define PAGE_ROWS 256

/* A store whose index was lost is one too: it is rebuilt. */
bool store_exists(const char *path)
{
    char *CLEANUP_FREE index = xasprintf("%s/index.db", path);
    char *CLEANUP_FREE blobs = xasprintf("%s/blobs/sha256", path);

    return access(index, F_OK) == 0 || access(blobs, F_OK) == 0;
}

void store_save_uses(struct store *store)
{
    atomic_store(&store->save_uses, true);
    store_flush(store);
}

/* ---- blobs ---- */

#define BLOB_COLUMNS "digest, size, added_at, used_at"

/* Returns false where the digest is not 32 bytes long, which the schema rules out. */
static bool blob_row_read(sqlite3_stmt *row, struct blob_row *out)
{
    out->size_bytes = sqlite3_column_int64(row, 1);
    out->added_at_s = sqlite3_column_int64(row, 2);
    out->used_at_s = sqlite3_column_int64(row, 3);
    return schema_column_digest(row, 0, &out->digest);
}

struct blob_page {
    struct blob_row rows[PAGE_ROWS];
    size_t count;
};

static int blob_page_add(void *arg, sqlite3_stmt *row)
{
    struct blob_page *page = arg;

    page->count += blob_row_read(row, &page->rows[page->count]);
    return page->count == PAGE_ROWS;
}

static int read_looked_up(void *out, sqlite3_stmt *row)
{
    (void)blob_row_read(row, out);
    return 1;
}

int blob_look(struct store *store, const struct digest *digest, struct blob_row *out)
{
    static const struct index_query query = {"SELECT " BLOB_COLUMNS " FROM blob WHERE digest = ?1",
                                             read_looked_up, true};

    *out = (struct blob_row){.digest = *digest, .size_bytes = -1};
    int error = index_read_rows(store->readers, &query, &(struct schema_value){.digest = digest}, out);
    return error ? error : out->size_bytes < 0 ? -ENOENT : 0;
}

int blob_walk_by_use(struct store *store, int (*visit)(void *arg, const struct blob_row *row), void *arg)
{
    static const struct index_query query = {"SELECT " BLOB_COLUMNS
                                             " FROM blob WHERE (used_at, digest) > (?1, ?2) "
                                             "ORDER BY used_at, digest LIMIT ?3",
                                             blob_page_add, false};
    struct blob_page *CLEANUP_FREE page = xmalloc(sizeof(*page));
    int64_t used_at_s = INT64_MIN; /* this and digest: the last row that was seen */
    struct digest digest = {0};
    const struct schema_value values[] = {
        {.number = &used_at_s}, {.digest = &digest}, {.number = &(int64_t){PAGE_ROWS}}};

    do {
        page->count = 0;
        int result = index_read_rows(store->readers, &query, values, page);
        for (size_t i = 0; !result && i < page->count; i++)
            result = visit(arg, &page->rows[i]);
        if (result)
            return result;
        if (page->count) {
            used_at_s = page->rows[page->count - 1].used_at_s;
            digest = page->rows[page->count - 1].digest;
        }
    } while (page->count == PAGE_ROWS);
    return 0;
}

/* ---- files and rows together ---- */

struct digest_list {
    struct digest *digests;
    size_t count;
    size_t capacity;
};

static int digest_list_add(void *arg, sqlite3_stmt *row)
{
    struct digest_list *rows = arg;

    if (rows->count == rows->capacity)
        rows->digests =
            xrealloc(rows->digests, (rows->capacity = 2 * rows->capacity + 64) * sizeof(*rows->digests));
    rows->count += schema_column_digest(row, 0, &rows->digests[rows->count]);
    return 0;
}

static int walk_folder(struct store *store, int folder, int (*visit)(void *arg, const struct digest *digest),
                       void *arg)
{
    static const struct index_query query = {
        "SELECT digest FROM blob WHERE digest BETWEEN ?1 AND ?2 ORDER BY digest", digest_list_add, false};
    struct digest first = {{(unsigned char)folder}};
    struct digest last;
    const struct schema_value values[] = {{.digest = &first}, {.digest = &last}};
    struct digest_list rows = {.count = 0};
    struct digest_list files = {.count = 0};
    size_t file = 0;
    size_t row = 0;
    int result = layout_list_folder(&store->layout, folder, &files.digests, &files.count);

    memset(last.bytes, 0xff, sizeof(last.bytes));
    last.bytes[0] = (unsigned char)folder;
    if (!result)
        result = index_read_rows(store->readers, &query, values, &rows);
    /* Merges the two lists, both in the order of digests. */
    while (!result && (file < files.count || row < rows.count)) {
        int order = file == files.count ? 1
                    : row == rows.count ? -1
                                        : digest_compare(&files.digests[file], &rows.digests[row]);
        result = visit(arg, order <= 0 ? &files.digests[file] : &rows.digests[row]);
        file += order <= 0;
        row += order >= 0;
    }
    free(rows.digests);
    free(files.digests);
    return result;
}

int blob_walk(struct store *store, int (*visit)(void *arg, const struct digest *digest), void *arg)
{
    int result = 0;

    for (int folder = 0; !result && folder < LAYOUT_FOLDERS; folder++)
        result = walk_folder(store, folder, visit, arg);
    return result;
}

/* ---- entries ---- */

struct entry_page {
    struct entry *entries[PAGE_ROWS]; /* from entry_copy() */
    size_t count;
};

static int entry_page_add(void *arg, sqlite3_stmt *row)
{
    struct entry_page *page = arg;
    struct entry entry;

    index_read_entry_row(row, &entry);
    page->entries[page->count++] = entry_copy(&entry, 1);
    return page->count == PAGE_ROWS;
}

/* A page begins after the last key of the one before, not at an offset: entries that are put or removed by
 * `visit` or by others shift nothing. */
int entry_walk(struct store *store, const char *space, const char *after,
               int (*visit)(void *arg, const struct entry *entry), void *arg)
{
    static const struct index_query query = {
        "SELECT " INDEX_ENTRY_COLUMNS " FROM entry WHERE space = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
        entry_page_add, false};
    struct entry_page *CLEANUP_FREE page = xmalloc(sizeof(*page));
    struct entry *last = NULL;
    int result;

    do {
        const struct schema_value values[] = {
            {.text = space}, {.text = last ? last->key : after}, {.number = &(int64_t){PAGE_ROWS}}};
        page->count = 0;
        result = index_read_rows(store->readers, &query, values, page);
        for (size_t i = 0; i < page->count; i++) {
            if (!result)
                result = visit(arg, page->entries[i]);
            free(last);
            last = page->entries[i];
        }
    } while (!result && page->count == PAGE_ROWS);
    free(last);
    return result;
}

int entry_list_naming(struct store *store, const struct digest *digest,
                      int (*visit)(void *arg, const struct entry *entry), void *arg)
{
    static const struct index_query query = {"SELECT " INDEX_ENTRY_COLUMNS
                                             " FROM entry WHERE digest = ?1 ORDER BY space, key",
                                             entry_visit_row, true};

    return index_read_rows(store->readers, &query, &(struct schema_value){.digest = digest},
                           &(struct entry_visit){visit, arg});
}

/* ---- sums ---- */

struct sum_visit {
    int (*visit)(void *arg, const struct entry_sum *sum);
    void *arg;
};

static int sum_visit_row(void *arg, sqlite3_stmt *row)
{
    const struct sum_visit *visit = arg;
    const struct entry_sum sum = {
        .space = (const char *)sqlite3_column_text(row, 0),
        .scope = (const char *)sqlite3_column_text(row, 1),
        .entries = sqlite3_column_int64(row, 2),
        .blobs = sqlite3_column_int64(row, 3),
        .bytes = sqlite3_column_int64(row, 4),
        .used_at_s = sqlite3_column_int64(row, 5),
    };

    return visit->visit(visit->arg, &sum);
}

/* One row for each blob first, since files of the same bytes must not count twice. Sums read every entry
 * of the space and its blob: good for an administrator's question, not for a request. */
#define SUMS                                                                                 \
    "SELECT space, scope, sum(entries) AS entries, count(blob.digest), "                     \
    "ifnull(sum(blob.size), 0) AS bytes, ifnull(max(blob.used_at), 0) FROM named LEFT JOIN " \
    "blob USING (digest) "

int entry_sum_spaces(struct store *store, int (*visit)(void *arg, const struct entry_sum *sum), void *arg)
{
    static const struct index_query query = {
        "WITH named AS (SELECT space, '' AS scope, digest, count(*) AS entries FROM entry "
        "GROUP BY space, digest) " SUMS "GROUP BY space ORDER BY space",
        sum_visit_row, false};

    return index_read_rows(store->readers, &query, NULL, &(struct sum_visit){visit, arg});
}

int entry_sum_scopes(struct store *store, const char *space, int64_t max,
                     int (*visit)(void *arg, const struct entry_sum *sum), void *arg)
{
    static const struct index_query query = {
        "WITH named AS (SELECT space, scope, digest, count(*) AS entries FROM entry WHERE space = ?1 "
        "GROUP BY scope, digest) " SUMS "GROUP BY scope ORDER BY bytes DESC, scope LIMIT ?2",
        sum_visit_row, false};
    const struct schema_value values[] = {{.text = space}, {.number = &max}};

    return index_read_rows(store->readers, &query, values, &(struct sum_visit){visit, arg});
}
