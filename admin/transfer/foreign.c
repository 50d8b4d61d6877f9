/* The table of files, whatever they are in, and the intake that computes digests while bytes come in. One
 * thread. It calls what reads them (foreign_archive.c, foreign_folder.c) through `read`, and is called by
 * them. */
#include "admin/transfer/foreign.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/transfer/foreign_private.h"
#include "base/memory.h"

#define LINKS_MAX 8 /* that lead to each other */

struct foreign *foreign_new(const char *name, int fd, bool owns_fd)
{
    struct foreign *foreign = xcalloc(1, sizeof(*foreign));

    foreign->name = name;
    foreign->fd = fd;
    foreign->owns_fd = owns_fd;
    return foreign;
}

void foreign_free(struct foreign **foreign)
{
    struct foreign *old = take_ptr(foreign);

    if (!old)
        return;
    if (old->owns_fd && old->fd >= 0)
        close(old->fd);
    arena_release(&old->arena);
    free(old->files);
    free(old->by_name);
    free(old);
}

const char *foreign_name(const struct foreign *foreign)
{
    return foreign->name;
}

/* ---- names ---- */

int foreign_normal_name(const char *base, const char *name, struct buf *out)
{
    buf_set(out, "%s", base);
    /* Nothing is ever written under these names, but a name that leads out would say one thing to us, and
     * another to what unpacks the archive. */
    if (*name == '/' || strlen(name) > FOREIGN_NAME_MAX_BYTES)
        return -1;
    while (*name) {
        size_t len = strcspn(name, "/");
        if (len == 2 && memcmp(name, "..", 2) == 0) {
            if (!out->len) /* above the root */
                return -1;
            const char *slash = memrchr(out->data, '/', out->len);
            buf_truncate(out, slash ? (size_t)(slash - out->data) : 0);
        } else if (len && !(len == 1 && *name == '.')) {
            if (out->len)
                buf_add_char(out, '/');
            buf_add(out, name, len);
        }
        name += len + (name[len] == '/');
    }
    return 0;
}

/* ---- files coming in ---- */

struct foreign_file *foreign_add(struct foreign *foreign, const char *name, struct buf *error)
{
    /* Empty files cost a compressed archive next to nothing, but us an entry each. */
    if (foreign->count == FOREIGN_FILES_MAX) {
        buf_set(error, "%s has more than %d files: that is not an image", foreign->name, FOREIGN_FILES_MAX);
        return NULL;
    }
    if (foreign->count == foreign->capacity) {
        foreign->capacity = foreign->capacity ? 2 * foreign->capacity : 64;
        foreign->files = xrealloc(foreign->files, foreign->capacity * sizeof(*foreign->files));
    }
    struct foreign_file *file = &foreign->files[foreign->count++];
    *file = (struct foreign_file){.name = arena_strdup(&foreign->arena, name)};
    return file;
}

void foreign_intake_begin(struct foreign_intake *intake, struct foreign *foreign, struct foreign_file *file)
{
    intake->foreign = foreign;
    intake->file = file;
    if (!intake->hasher)
        intake->hasher = hasher_new(HASH_SHA256);
    hasher_reset(intake->hasher);
    buf_reset(&intake->text);
    intake->keep = true;
    file->size_bytes = 0;
}

/* Keeps bytes that may be JSON, as the first character says that is not blank: names say nothing, a
 * configuration may be called "<hex>.json" or just "<hex>". So the archive need not be read a third time. */
int foreign_intake_bytes(void *arg, const void *data, size_t len)
{
    struct foreign_intake *intake = arg;
    struct foreign_file *file = intake->file;

    if (!len)
        return 0;
    if (!file->size_bytes)
        file->gzip = len >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
    if (intake->keep && !intake->text.len) {
        const char *first = data;
        size_t blanks = 0;
        while (blanks < len && strchr(" \t\r\n", first[blanks]) && first[blanks])
            blanks++;
        intake->keep = blanks < len && (first[blanks] == '{' || first[blanks] == '[');
    }
    if (intake->keep && intake->text.len + len > FOREIGN_JSON_MAX_BYTES) {
        intake->keep = false; /* a layer that happens to begin so */
        buf_release(&intake->text);
    }
    if (intake->keep)
        buf_add(&intake->text, data, len);
    hasher_update(intake->hasher, data, len);
    file->size_bytes += (int64_t)len;
    return 0;
}

int foreign_intake_end(struct foreign_intake *intake, struct buf *error)
{
    struct foreign *foreign = intake->foreign;
    struct checksum sum;

    hasher_final(intake->hasher, &sum);
    memcpy(intake->file->digest.bytes, sum.bytes, sizeof(intake->file->digest.bytes));
    if (!intake->keep || !intake->text.len)
        return 0;
    foreign->json_bytes += intake->text.len;
    if (foreign->json_bytes > FOREIGN_JSON_TOTAL_BYTES) {
        buf_set(error, "%s has more than %d MiB of JSON in it: that is not an image", foreign->name,
                FOREIGN_JSON_TOTAL_BYTES >> 20);
        return -1;
    }
    intake->file->json = arena_strndup(&foreign->arena, intake->text.data, intake->text.len);
    return 0;
}

void foreign_intake_release(struct foreign_intake *intake)
{
    hasher_free(intake->hasher);
    buf_release(&intake->text);
}

/* ---- finding ---- */

/* By name; equal names in the order of the archive, since qsort_r() is not stable. */
static int compare_file_names(const void *a, const void *b, void *arg)
{
    const struct foreign_file *files = arg;
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    int order = strcmp(files[left].name, files[right].name);

    return order ? order : (left > right) - (left < right);
}

int foreign_finish(struct foreign *foreign, struct buf *error)
{
    foreign->by_name = xcalloc(foreign->count, sizeof(*foreign->by_name));
    for (size_t i = 0; i < foreign->count; i++)
        foreign->by_name[i] = i;
    qsort_r(foreign->by_name, foreign->count, sizeof(*foreign->by_name), compare_file_names, foreign->files);
    for (size_t i = 1; i < foreign->count; i++) {
        const struct foreign_file *one = &foreign->files[foreign->by_name[i - 1]];
        const struct foreign_file *other = &foreign->files[foreign->by_name[i]];
        if (strcmp(one->name, other->name) != 0)
            continue;
        /* The same file twice is harmless: whichever of them a program takes, it is the same. Two different
         * ones are how an image passes a scanner as one thing, and runs as another. */
        bool same = one->link && other->link
                        ? strcmp(one->link, other->link) == 0
                        : !one->link && !other->link && digest_equal(&one->digest, &other->digest);
        if (!same) {
            buf_set(error, "%s has two different files %s: programs differ in which of them they take",
                    foreign->name, one->name);
            return -1;
        }
    }
    return 0;
}

static const struct foreign_file *find_exactly(const struct foreign *foreign, const char *name)
{
    size_t low = 0;

    for (size_t high = foreign->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        const struct foreign_file *file = &foreign->files[foreign->by_name[middle]];
        int order = strcmp(file->name, name);
        if (order == 0)
            return file;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct foreign_file *foreign_find(const struct foreign *foreign, const char *name)
{
    struct buf CLEANUP_BUF normal = BUF_INIT;
    const struct foreign_file *file =
        foreign_normal_name("", name, &normal) == 0 ? find_exactly(foreign, normal.data) : NULL;

    /* Counted: two links may lead to each other. */
    for (int i = 0; file && file->link && i < LINKS_MAX; i++)
        file = find_exactly(foreign, file->link);
    return file && !file->link ? file : NULL;
}

size_t foreign_count(const struct foreign *foreign)
{
    return foreign->count;
}

const struct foreign_file *foreign_at(const struct foreign *foreign, size_t i)
{
    return &foreign->files[i];
}

int foreign_read(struct foreign *foreign, const struct foreign_sink *sink, struct buf *error)
{
    return foreign->read(foreign, sink, error);
}
