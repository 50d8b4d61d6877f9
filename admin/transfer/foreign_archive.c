/* Reads tar archives with libarchive. The filters are named one by one: archive_read_support_filter_all()
 * would also run external programs (lrzip, grzip) that the archive asks for. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/transfer/foreign_private.h"
#include "base/memory.h"

static void archive_release(struct archive **archive)
{
    if (*archive)
        archive_read_free(*archive);
}
#define CLEANUP_ARCHIVE __attribute__((cleanup(archive_release)))

static int archive_broken(const struct foreign *foreign, struct archive *archive, struct buf *error)
{
    const char *why = archive_error_string(archive);

    buf_set(error, "%s is damaged or cut off: %s", foreign->name, why ? why : "it cannot be read");
    return -1;
}

/* Opens the archive at its beginning. Returns NULL with a sentence if it is not a tar archive. */
static struct archive *archive_open(struct foreign *foreign, struct buf *error)
{
    struct archive *CLEANUP_ARCHIVE archive = archive_read_new();

    if (!archive) {
        buf_set(error, "%s: out of memory", foreign->name);
        return NULL;
    }
    /* No other format: libarchive would also read cpio, ISO images and the like. */
    archive_read_support_format_tar(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
    if (lseek(foreign->fd, 0, SEEK_SET) < 0 ||
        archive_read_open_fd(archive, foreign->fd, FOREIGN_PIECE_BYTES) != ARCHIVE_OK) {
        archive_broken(foreign, archive, error);
        return NULL;
    }
    return take_ptr(&archive);
}

/* ---- members ---- */

static int member_refuse(const struct foreign *foreign, const char *name, const char *why, struct buf *error)
{
    buf_set(error,
            "%s: \"%.200s\" %s: it was not made by a program that saves images, nothing of it is taken",
            foreign->name, name, why);
    return -1;
}

/* Reads the name of a member. Returns 1 for a file or link, 0 for a folder, -1 for anything that must not be
 * in there. */
static int member_read_name(struct foreign *foreign, struct archive_entry *entry, struct buf *name,
                            struct buf *error)
{
    const char *raw = archive_entry_pathname(entry);
    mode_t type = archive_entry_filetype(entry);
    /* A hard link has the type of the file that it is a link to, and perhaps its size, but no bytes. */
    bool link = archive_entry_hardlink(entry) || type == AE_IFLNK;

    if (!raw)
        return member_refuse(foreign, "?", "cannot be read as a name", error);
    /* "a/../b" would normalise to "b", but no program that saves images writes it, and others might read it
     * differently. */
    if (foreign_normal_name("", raw, name) < 0 || strstr(raw, "../"))
        return member_refuse(foreign, raw, "leads out of the archive, or is too long", error);
    if (type == AE_IFDIR)
        return 0;
    if (!link && type != AE_IFREG)
        return member_refuse(foreign, raw, "is a device, a pipe or a socket", error);
    if (!link && archive_entry_sparse_count(entry) > 0)
        return member_refuse(foreign, raw, "has holes", error);
    return name->len ? 1 : member_refuse(foreign, raw, "has no name", error);
}

/* A symbolic link is relative to its own folder, a hard link to the root of the archive. */
static int member_add_link(struct foreign *foreign, struct archive_entry *entry, const char *name,
                           struct buf *error)
{
    struct buf CLEANUP_BUF target = BUF_INIT;
    const char *hard = archive_entry_hardlink(entry);
    const char *raw = hard ? hard : archive_entry_symlink(entry);
    const char *slash = hard ? NULL : strrchr(name, '/');
    char *CLEANUP_FREE folder = xstrndup(name, slash ? (size_t)(slash - name) : 0);

    if (!raw || foreign_normal_name(folder, raw, &target) < 0)
        return member_refuse(foreign, name, "is a link that leads out of the archive", error);
    struct foreign_file *file = foreign_add(foreign, name, error);
    if (!file)
        return -1;
    file->link = arena_strdup(&foreign->arena, target.data);
    return 0;
}

/* Asked for every block: a bomb is noticed while it unpacks, not afterwards. */
static int archive_check_factor(const struct foreign *foreign, struct archive *archive, struct buf *error)
{
    /* Of all filters together: a bomb may be packed several times. */
    int64_t unpacked = archive_filter_bytes(archive, 0);
    int64_t packed = archive_filter_bytes(archive, -1);

    if (unpacked < FOREIGN_UNPACKED_MIN_BYTES || unpacked / FOREIGN_UNPACKED_FACTOR < packed)
        return 0;
    buf_set(error,
            "%s unpacks to more than %d times its size: it looks like a compression bomb. If you trust it, "
            "unpack "
            "it (gzip -d, zstd -d) and import the .tar",
            foreign->name, FOREIGN_UNPACKED_FACTOR);
    return -1;
}

/* Gives the bytes of a member to `bytes` until that returns non-zero. Returns that, 0, or -1. */
static int member_read_bytes(struct foreign *foreign, struct archive *archive,
                             int (*bytes)(void *arg, const void *data, size_t len), void *arg,
                             struct buf *error)
{
    int64_t expected = 0;

    for (;;) {
        const void *data;
        size_t len;
        la_int64_t offset;
        int result = archive_read_data_block(archive, &data, &len, &offset);
        if (result == ARCHIVE_EOF)
            return 0;
        if (result != ARCHIVE_OK)
            return archive_broken(foreign, archive, error);
        /* libarchive leaves out the holes of sparse files; digests over what is left would be wrong. */
        if (offset != expected)
            return member_refuse(foreign, "a file", "has holes", error);
        expected += (int64_t)len;
        if (archive_check_factor(foreign, archive, error) < 0)
            return -1;
        int stop = bytes(arg, data, len);
        if (stop)
            return stop;
    }
}

static int member_take(struct foreign *foreign, struct archive *archive, struct archive_entry *entry,
                       struct foreign_intake *intake, struct buf *error)
{
    struct buf CLEANUP_BUF name = BUF_INIT;
    int kind = member_read_name(foreign, entry, &name, error);

    if (kind <= 0)
        return kind;
    if (archive_entry_hardlink(entry) || archive_entry_filetype(entry) == AE_IFLNK)
        return member_add_link(foreign, entry, name.data, error);
    struct foreign_file *file = foreign_add(foreign, name.data, error);
    if (!file)
        return -1;
    /* A header can claim any size: what counts is what came. */
    int64_t claimed = archive_entry_size(entry);
    foreign_intake_begin(intake, foreign, file);
    if (member_read_bytes(foreign, archive, foreign_intake_bytes, intake, error) < 0)
        return -1;
    if (file->size_bytes != claimed)
        return member_refuse(foreign, name.data, "has another size than it says", error);
    return foreign_intake_end(intake, error);
}

/* The next member. 1, 0 at the end, -1. */
static int archive_next_member(struct foreign *foreign, struct archive *archive, struct archive_entry **entry,
                               struct buf *error)
{
    int result = archive_read_next_header(archive, entry);

    if (result == ARCHIVE_EOF)
        return 0;
    /* A warning is about a name that is not UTF-8 or the like: our own check of the name follows. */
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
        return archive_broken(foreign, archive, error);
    return archive_check_factor(foreign, archive, error) < 0 ? -1 : 1;
}

/* ---- the second time ---- */

struct second_reading {
    const struct foreign_sink *sink;
    int64_t left_bytes;
};

/* The file may have grown since the first reading: no more bytes are passed on than it had. */
static int pass_on(void *arg, const void *data, size_t len)
{
    struct second_reading *again = arg;

    if ((int64_t)len > again->left_bytes)
        return 1;
    again->left_bytes -= (int64_t)len;
    return again->sink->bytes(again->sink->arg, data, len);
}

static int archive_changed(const struct foreign *foreign, struct buf *error)
{
    buf_set(error, "%s was changed while it was read", foreign->name);
    return -1;
}

/* The archive may be replaced between the two readings. Names are compared here; the digests, by whoever
 * receives the bytes. */
static int archive_read_again(struct foreign *foreign, const struct foreign_sink *sink, struct buf *error)
{
    struct archive *CLEANUP_ARCHIVE archive = archive_open(foreign, error);
    struct buf CLEANUP_BUF name = BUF_INIT;
    struct archive_entry *entry;
    size_t at = 0;
    int more;

    if (!archive)
        return -1;
    while ((more = archive_next_member(foreign, archive, &entry, error)) > 0) {
        int kind = member_read_name(foreign, entry, &name, error);
        if (kind < 0)
            return -1;
        if (!kind)
            continue;
        if (at == foreign->count || strcmp(name.data, foreign->files[at].name) != 0)
            return archive_changed(foreign, error);
        const struct foreign_file *file = &foreign->files[at++];
        int wanted = file->link ? 0 : sink->begin(sink->arg, file);
        if (wanted < 0)
            return wanted;
        if (!wanted)
            continue; /* libarchive skips its bytes with the next header */
        struct second_reading again = {sink, file->size_bytes};
        int result = member_read_bytes(foreign, archive, pass_on, &again, error);
        if (result > 0 || (!result && again.left_bytes))
            return archive_changed(foreign, error);
        if (result < 0)
            return result;
    }
    return more < 0 ? -1 : at == foreign->count ? 0 : archive_changed(foreign, error);
}

/* ---- the first time ---- */

int foreign_open_archive(int fd, const char *name, struct foreign **out, struct buf *error)
{
    struct foreign *CLEANUP_FOREIGN foreign = foreign_new(name, fd, false);
    struct archive *CLEANUP_ARCHIVE archive = archive_open(foreign, error);
    struct foreign_intake __attribute__((cleanup(foreign_intake_release))) intake = {.text = BUF_INIT};
    struct archive_entry *entry;
    int more;

    if (!archive)
        return -1;
    while ((more = archive_next_member(foreign, archive, &entry, error)) > 0)
        if (member_take(foreign, archive, entry, &intake, error) < 0)
            return -1;
    if (more < 0 || foreign_finish(foreign, error) < 0)
        return -1;
    foreign->read = archive_read_again;
    *out = take_ptr(&foreign);
    return 0;
}

int foreign_first_name(int fd, struct buf *out)
{
    struct foreign *CLEANUP_FOREIGN foreign = foreign_new("", fd, false);
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    struct archive *CLEANUP_ARCHIVE archive = archive_open(foreign, &ignored);
    struct archive_entry *entry;

    if (!archive || archive_next_member(foreign, archive, &entry, &ignored) <= 0 ||
        !archive_entry_pathname(entry))
        return -1;
    buf_add_text(out, archive_entry_pathname(entry));
    return 0;
}
