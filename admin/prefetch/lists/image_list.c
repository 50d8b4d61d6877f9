/* images.txt, and the syntax of references to images. */
#include <string.h>

#include "admin/prefetch/lists/list_private.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/scan.h"

int list_image_check(const char *text, size_t len, struct buf *error)
{
    struct scan scan = {.text = text, .len = len, .error = error};
    const char *at = len ? memchr(text, '@', len) : NULL;
    size_t named = at ? (size_t)(at - text) : len;
    size_t colon = named; /* the last one that no "/" follows: before it may be that of a port */
    struct checksum digest;

    for (size_t i = named; colon == named && i-- > 0 && text[i] != '/';)
        if (text[i] == ':')
            colon = i;
    /* As for Docker, the first of several words is the registry if it looks like one. */
    const char *slash = memchr(text, '/', colon);
    size_t word = slash ? (size_t)(slash - text) : 0;
    if (word && image_registry_like(text, word))
        scan.at = word + 1;
    else if (word && memchr(text, ':', word))
        return scan_expected(&scan, "a registry, \"HOST\" or \"HOST:PORT\", before the first \"/\"");
    /* Docker's limit for a name includes the registry, which is stricter than ours for the repository. */
    if (!image_name_valid(text + scan.at, colon - scan.at) || colon > IMAGE_NAME_MAX_BYTES)
        return scan_expected(&scan,
                             "a repository of at most %d bytes: words of a-z and 0-9, with . _ __ or - "
                             "between them and \"/\" between words",
                             IMAGE_NAME_MAX_BYTES);
    scan.at = colon + 1;
    if (colon < named && !image_tag_valid(text + scan.at, named - scan.at))
        return scan_expected(&scan, "a tag after \":\", at most %d of a-z A-Z 0-9 _ . -",
                             IMAGE_TAG_MAX_BYTES);
    scan.at = named + 1;
    if (at && image_digest_parse(text + scan.at, len - scan.at, &digest) < 0)
        return scan_expected(&scan, "a digest after \"@\", \"sha256:\" and 64 hex digits in lower case");
    return 0;
}

int list_platform_check(const char *text, size_t len, struct buf *error)
{
    struct scan scan = {.text = text, .len = len, .error = error};
    size_t words = 0;

    for (;;) {
        size_t start = scan.at;
        while (scan_alnum(&scan) || scan_peek(&scan) == '_' || scan_peek(&scan) == '.' ||
               scan_peek(&scan) == '-')
            scan.at++;
        if (scan.at == start)
            return scan_expected(&scan, "a platform such as \"linux/amd64\"");
        /* "os/architecture" and, of some, "/variant" ("arm64/v8"). */
        if (++words == 3 || !scan_take(&scan, "/"))
            break;
    }
    if (words < 2)
        return scan_expected(&scan, "\"/\" and an architecture after \"linux\"");
    return scan_finish(&scan, "the end of the platform");
}

static int read_image_line(struct list_reader *reader, size_t line, const char *text, size_t len)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;
    struct buf CLEANUP_BUF reference = BUF_INIT;
    /* No reference can have a "#". */
    const char *comment = len ? memchr(text, '#', len) : NULL;
    const char *start = text;
    size_t column = 1;

    /* Files from Windows end their lines in "\r\n". */
    len = comment ? (size_t)(comment - text) : len;
    if (len && text[len - 1] == '\r')
        len--;
    text_trim(&start, &len);
    if (!len)
        return 0;
    if (list_image_check(start, len, &fault) < 0) {
        const char *sentence = list_split_column(fault.data, &column);
        return list_fault(reader, line, (size_t)(start - text) + column, "%s", sentence);
    }
    buf_add(&reference, start, len);
    return list_add_image(reader, line, reference.data, NULL);
}

int list_read_images(struct list_reader *reader, const char *text, size_t len)
{
    size_t line = 1;

    if (list_check_utf8(reader, &text, &len) < 0)
        return -1;
    for (const char *end = text + len; text < end && !reader->stopped; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        /* Its fault is reported; with --keep-going the next line may be good. */
        (void)read_image_line(reader, line, text, (size_t)(stop - text));
        text = stop + 1;
    }
    return 0;
}
