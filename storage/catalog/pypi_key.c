/* No state. Thin on purpose: a file's key is our path of it, which formats/python/project.h spells. */
#include "storage/catalog/pypi_key.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

void json_key_print(const char *project, const char *version, struct buf *out)
{
    buf_add_text(out, project);
    if (version)
        buf_printf(out, "/%s", version);
}

void file_key_print(const struct file_path *path, struct buf *out)
{
    file_path_print(path, out);
}

int file_key_parse(const char *key, struct file_path *out)
{
    return file_path_parse(key, strlen(key), out, NULL);
}

int file_key_filename(const char *key, struct buf *out)
{
    const char *slash = strrchr(key, '/');
    const char *last = slash ? slash + 1 : key;

    buf_reset(out);
    return text_percent_decode(last, strlen(last), out);
}
