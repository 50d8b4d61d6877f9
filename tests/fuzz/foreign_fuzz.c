/* Images as other programs write them: archives as they are, and archives made here of files that the fuzzer names, where
 * "@0" to "@9" become the digests of the files before, and "@=" in a name that of the file: they would keep it out
 * otherwise. The first byte chooses. What is taken becomes a bundle that can be read to its end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/transfer/bundle.h"
#include "admin/transfer/import_docker.h"
#include "admin/transfer/import_image.h"
#include "admin/transfer/import_oci.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/memory.h"
#include "formats/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char configuration[] =
    "[registry \"docker.io\"]\nupstream = https://registry.test\ndefault = yes\n"
    "[registry \"ghcr.io\"]\nupstream = https://ghcr.test\n";

/* ---- an archive of the fuzzer's files ---- */

#define DIGESTS_MAX 10

struct making {
    struct buf archive;
    char hex[DIGESTS_MAX][DIGEST_HEX_SIZE];
    size_t count;
};

/* own: what "@=" becomes. */
static void add_with_digests(const struct making *making, const char *text, size_t len, const char *own,
                             struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        char next = text[i] == '@' && i + 1 < len ? text[i + 1] : '\0';
        size_t number = (size_t)((unsigned char)next - '0');
        if (next && number < making->count)
            buf_add_text(out, making->hex[number]);
        else if (next == '=')
            buf_add_text(out, own);
        else
            buf_add_char(out, text[i]);
        i += next && (number < making->count || next == '=');
    }
}

static void add_file(struct making *making, const char *name, size_t name_len, const struct buf *text)
{
    unsigned char header[TAR_BLOCK_BYTES];
    struct buf CLEANUP_BUF whole_name = BUF_INIT;
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    digest_of(text->data, text->len, &digest);
    digest_hex(&digest, hex);
    add_with_digests(making, name, name_len, hex, &whole_name);
    if (!whole_name.len || whole_name.len > TAR_NAME_MAX)
        return;
    tar_make_header(header, whole_name.data, (int64_t)text->len);
    buf_add(&making->archive, header, sizeof(header));
    buf_add(&making->archive, text->data, text->len);
    for (size_t i = tar_padding((int64_t)text->len); i > 0; i--)
        buf_add_char(&making->archive, '\0');
    if (making->count < DIGESTS_MAX)
        memcpy(making->hex[making->count++], hex, sizeof(hex));
}

/* "name\0text\0name\0text ..." */
static void make_archive(const char *data, size_t size, struct making *making)
{
    const char *end = data + size;

    while (data < end) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        const char *name = data;
        size_t name_len = strnlen(data, (size_t)(end - data));
        data += name_len + (data + name_len < end);
        size_t len = strnlen(data, (size_t)(end - data));
        add_with_digests(making, data, len, "", &text);
        data += len + (data + len < end);
        add_file(making, name, name_len, &text);
    }
    for (int i = 0; i < TAR_END_BYTES; i++)
        buf_add_char(&making->archive, '\0');
}

/* ---- what becomes of it ---- */

static int write_buf(void *arg, const void *data, size_t len)
{
    buf_add(arg, data, len);
    return 0;
}

static ssize_t read_buf(void *arg, void *data, size_t max)
{
    struct buf *rest = arg; /* borrowed: moves on */
    size_t part = rest->len < max ? rest->len : max;

    memcpy(data, rest->data, part);
    rest->data += part;
    rest->len -= part;
    return (ssize_t)part;
}

/* The reader checks every digest. */
static void check_bundle(const struct buf *bundle, size_t blob_count)
{
    struct buf rest = *bundle;
    const struct bundle_input input = {read_buf, &rest};
    struct bundle_reader *reader = bundle_reader_new(&input);
    const struct bundle_content *content = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct bundle_blob blob;
    char piece[4096];
    ssize_t got = 0;
    size_t count = 0;
    int more = 0;

    CHECK(bundle_read_content(reader, &content, &error) == 0);
    while (got >= 0 && (more = bundle_read_blob(reader, &blob, &error)) > 0) {
        count++;
        while ((got = bundle_read_bytes(reader, piece, sizeof(piece), &error)) > 0)
            ;
    }
    CHECK(got == 0 && more == 0 && error.len == 0 && count == blob_count);
    bundle_reader_free(&reader);
}

static void check_files(const struct foreign *foreign)
{
    for (size_t i = 0; i < foreign_count(foreign); i++) {
        const struct foreign_file *file = foreign_at(foreign, i);
        CHECK(*file->name && *file->name != '/' && strcmp(file->name, "..") != 0 &&
              strncmp(file->name, "../", 3) != 0);
        const struct foreign_file *found = foreign_find(foreign, file->name);
        CHECK(!found || !found->link);
        CHECK(file->link || (found && digest_equal(&found->digest, &file->digest)));
    }
}

static void import_images(struct import_plan *plan, const struct config *config, bool layout,
                          const char *name)
{
    struct import_images CLEANUP_IMPORT_IMAGES images = {0};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    const struct bundle_output output = {write_buf, &bundle};
    int result = layout ? import_oci_read(plan, &images, &error) : import_docker_read(plan, &images, &error);

    if (!result)
        result = import_images_plan(&images, config, name, plan, &error);
    fprintf(stderr, "layout %d: %d %s\n", layout, result, error.data);
    CHECK((result < 0) == (error.len > 0));
    if (result < 0)
        return;
    import_plan_finish(plan);
    CHECK(import_plan_write(plan, &output, &error) == 0);
    check_bundle(&bundle, plan->content.blob_count);
}

static void read_archive(int fd, const struct config *config, bool layout, const char *name)
{
    struct buf CLEANUP_BUF notes = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct import_plan CLEANUP_IMPORT_PLAN plan;

    import_plan_init(&plan, &notes);
    if (foreign_open_archive(fd, "fuzz", &plan.foreign, &error) < 0) {
        CHECK(error.len && !plan.foreign);
        return;
    }
    check_files(plan.foreign);
    import_images(&plan, config, layout, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct making making = {.archive = BUF_INIT};
    static struct config *config;
    struct buf CLEANUP_BUF error = BUF_INIT;
    int CLEANUP_CLOSE fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (!size)
        return 0;
    const char *text = (const char *)data + 1;
    if (data[0] % 2)
        make_archive(text, size - 1, &making);
    else
        buf_add(&making.archive, text, size - 1);
    CHECK(fd >= 0 && write(fd, making.archive.data, making.archive.len) == (ssize_t)making.archive.len);
    if (!config)
        CHECK(config_parse(configuration, strlen(configuration), "m.conf", &config, &error) == 0);
    const char *name = data[0] & 2 ? "docker:named:1" : NULL;
    read_archive(fd, config, true, name);
    read_archive(fd, config, false, name);
    buf_release(&making.archive);
    return 0;
}
