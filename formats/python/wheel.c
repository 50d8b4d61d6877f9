/* METADATA out of a wheel by libzip, which must be protected from the archive, and installers from each
 * other.
 *
 * libzip allocates whatever the end record of a zip announces, so that is checked before libzip sees the
 * file. Installers find METADATA in different ways, by the wheel's name or by the one folder that ends in
 * .dist-info; a wheel in which these differ could show an index one set of dependencies and install another.
 * Such a wheel has no metadata here. The text is taken byte for byte, as its hash goes into pages. */
#include "formats/python/wheel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/metadata.h"
#include "formats/python/project.h"

/* APPNOTE.TXT of PKWARE, sections 4.3.14 to 4.3.16. libzip looks for the end record in this tail: after it is
 * at most a comment, before it the locator of zip64. */
#define END_RECORD_BYTES 22
#define END64_RECORD_BYTES 56
#define LOCATOR_BYTES 20
#define TAIL_BYTES (UINT16_MAX + END_RECORD_BYTES + LOCATOR_BYTES)

static uint64_t little_endian(const char *bytes, size_t count)
{
    uint64_t value = 0;

    while (count--)
        value = value << 8 | (unsigned char)bytes[count];
    return value;
}

static ssize_t read_at(int fd, char *out, size_t len, off_t offset)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = pread(fd, out + done, len - done, offset + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* Checks the zip64 end record to which the locator at `locator` points: its 64-bit numbers replace those of
 * the end record. */
static bool end64_fits(int fd, const char *locator)
{
    char record[END64_RECORD_BYTES];
    uint64_t offset = little_endian(locator + 8, 8);

    if (offset > INT64_MAX - sizeof(record) ||
        read_at(fd, record, sizeof(record), (off_t)offset) != (ssize_t)sizeof(record) ||
        memcmp(record, "PK\6\6", 4) != 0)
        return true; /* libzip will say what is wrong with it */
    return little_endian(record + 32, 8) <= WHEEL_ENTRIES_MAX &&
           little_endian(record + 40, 8) <= WHEEL_DIRECTORY_MAX_BYTES;
}

/* libzip reads the whole central directory into memory, as large as the archive says, so that is checked
 * first, in every record that could be taken for the end record: a comment may contain others, and libzip
 * chooses. */
static bool directory_fits(int fd)
{
    struct stat status;
    struct buf CLEANUP_BUF tail = BUF_INIT;

    if (fstat(fd, &status) < 0)
        return false;
    size_t len = status.st_size < TAIL_BYTES ? (size_t)status.st_size : TAIL_BYTES;
    buf_reserve(&tail, len);
    if (read_at(fd, tail.data, len, status.st_size - (off_t)len) != (ssize_t)len)
        return false;
    for (size_t i = 0; i + LOCATOR_BYTES <= len; i++) {
        const char *at = tail.data + i;
        if (memcmp(at, "PK\5\6", 4) == 0 && i + END_RECORD_BYTES <= len) {
            /* All ones: the size is in the zip64 record, which is checked on its own. */
            uint64_t size = little_endian(at + 12, 4);
            if (size > WHEEL_DIRECTORY_MAX_BYTES && size != UINT32_MAX)
                return false;
        } else if (memcmp(at, "PK\6\7", 4) == 0 && !end64_fits(fd, at)) {
            return false;
        }
    }
    return true;
}

/* "<name>-<version>" for comparison: case and the kind of separator are ignored ("+" of local versions was
 * written "_" by old tools). */
static void add_identity(const char *text, size_t len, struct buf *out)
{
    project_normalize(text, len, out);
    for (char *c = out->data; *c; c++)
        if (*c == '+')
            *c = '-';
}

/* The length of "<name>-<version>" in "<name>-<version>[-<build>]-<python>-<abi>-<platform>.whl"; 0 if the
 * name does not have that form. */
static size_t identity_len(const char *filename)
{
    const char *dash = strchr(filename, '-');
    const char *end = dash ? strchr(dash + 1, '-') : NULL;

    return end && end > dash + 1 && dash > filename ? (size_t)(end - filename) : 0;
}

/* The length of "<directory>" in "<directory>.dist-info/METADATA"; 0 for other names, and for deeper ones. */
static size_t dist_info_len(const char *name)
{
    static const char suffix[] = ".dist-info/METADATA";
    size_t len = strlen(name);
    size_t suffix_len = sizeof(suffix) - 1;

    if (len <= suffix_len || memcmp(name + len - suffix_len, suffix, suffix_len) != 0 ||
        memchr(name, '/', len - suffix_len))
        return 0;
    return len - suffix_len;
}

/* Returns the index of the one METADATA of the wheel's own name and version, or -1. Names are compared raw:
 * libzip's guesses of their encoding are of no interest for ASCII. */
static zip_int64_t find_metadata(zip_t *archive, const char *filename, struct buf *error)
{
    zip_int64_t count = zip_get_num_entries(archive, 0);
    zip_int64_t found = -1;
    struct buf CLEANUP_BUF wanted = BUF_INIT;
    struct buf CLEANUP_BUF actual = BUF_INIT;

    add_identity(filename, identity_len(filename), &wanted);
    if (!wanted.len || count > WHEEL_ENTRIES_MAX) {
        buf_set(error, "%s does not have the name of a wheel, or has more than %d entries", filename,
                WHEEL_ENTRIES_MAX);
        return -1;
    }
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(archive, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        size_t len = name ? dist_info_len(name) : 0;
        if (!len)
            continue;
        if (found >= 0) {
            buf_set(error, "wheel %s has more than one METADATA file", filename);
            return -1;
        }
        found = i;
        add_identity(name, len, &actual);
    }
    if (found >= 0 && strcmp(wanted.data, actual.data) == 0)
        return found;
    buf_set(error,
            found < 0 ? "wheel %s has no .dist-info/METADATA"
                      : "wheel %s has the METADATA of another project",
            filename);
    return -1;
}

/* Only stored and deflated entries, as wheels have them: each further method of libzip would be one more
 * decompressor that strangers' data can reach. */
static int read_zip_entry(zip_t *archive, zip_uint64_t index, const char *filename, struct buf *out,
                          struct buf *error)
{
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t about;
    char chunk[16 * 1024];

    if (zip_stat_index(archive, index, 0, &about) < 0 || (about.valid & needed) != needed ||
        about.encryption_method != ZIP_EM_NONE ||
        (about.comp_method != ZIP_CM_STORE && about.comp_method != ZIP_CM_DEFLATE) || !about.size ||
        about.size > METADATA_MAX_BYTES) {
        buf_set(error,
                "METADATA of wheel %s is empty, larger than %d bytes, encrypted or compressed strangely",
                filename, METADATA_MAX_BYTES);
        return -1;
    }
    zip_file_t *file = zip_fopen_index(archive, index, 0);
    if (!file) {
        buf_set(error, "opening METADATA of wheel %s: %s", filename, zip_strerror(archive));
        return -1;
    }
    struct buf CLEANUP_BUF text = BUF_INIT;
    zip_int64_t got;
    /* The announced size may be wrong on purpose; reading stops at the first piece that exceeds it. */
    while ((got = zip_fread(file, chunk, sizeof(chunk))) > 0 && text.len <= about.size)
        buf_add(&text, chunk, (size_t)got);
    int fault = zip_fclose(file); /* a wrong CRC shows here or above */
    if (got != 0 || fault || text.len != about.size) {
        buf_set(error, "METADATA of wheel %s is damaged", filename);
        return -1;
    }
    buf_add(out, text.data, text.len);
    return 0;
}

int wheel_read_metadata(int fd, const char *filename, struct buf *out, struct buf *error)
{
    int code = 0;

    if (!directory_fits(fd)) {
        buf_set(error, "wheel %s cannot be read, or its directory is larger than %d bytes", filename,
                WHEEL_DIRECTORY_MAX_BYTES);
        return -1;
    }
    /* zip_fdopen() takes its descriptor over, and fd is the caller's. */
    int CLEANUP_CLOSE copy = dup(fd);
    zip_t *archive = copy < 0 ? NULL : zip_fdopen(copy, 0, &code);
    if (!archive) {
        zip_error_t reason;
        zip_error_init_with_code(&reason, code);
        buf_set(error, "wheel %s is not a zip archive: %s", filename, zip_error_strerror(&reason));
        zip_error_fini(&reason);
        return -1;
    }
    take_fd(&copy); /* the archive closes it */
    zip_int64_t index = find_metadata(archive, filename, error);
    int result = index < 0 ? -1 : read_zip_entry(archive, (zip_uint64_t)index, filename, out, error);
    zip_discard(archive);
    return result;
}
