/* Core metadata as Python's `email.parser` reads it (compat32), because pip reads it so: a mail header, of
 * which the first line that is not one ends everything. The description after it, often most of the file, is
 * not looked at.
 *
 * Only five fields are kept, and only they must be valid UTF-8 and well-formed; others may hold anything. A
 * Requires-Dist that cannot be read is an error of the whole file: leaving it out would install too
 * little. */
#include "formats/python/metadata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/project.h"

/* At most this much of a bad value is quoted. */
#define QUOTED_BYTES 80

struct metadata_reader {
    const char *at;
    const char *end;
    size_t line; /* number of the one at the cursor, from 1 */
    struct metadata *out;
    struct buf *error;
};

/* One header with its continuation lines joined. */
struct metadata_field {
    const char *name; /* in the text */
    size_t name_len;
    struct buf value;
    size_t line;
};

static void field_release(struct metadata_field *field)
{
    buf_release(&field->value);
}

/* ---- lines ---- */

/* Takes the line at the cursor, without its end: LF, CRLF, or CR alone, as the `email` package splits
 * lines. */
static const char *take_header_line(struct metadata_reader *reader, size_t *len)
{
    const char *line = reader->at;
    const char *stop = line;

    while (stop < reader->end && *stop != '\n' && *stop != '\r')
        stop++;
    *len = (size_t)(stop - line);
    if (stop + 1 < reader->end && stop[0] == '\r' && stop[1] == '\n')
        stop++;
    reader->at = stop < reader->end ? stop + 1 : stop;
    reader->line++;
    return line;
}

static bool continues(const struct metadata_reader *reader)
{
    return reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t');
}

/* Python keeps the line break and the blanks of a continuation; none of our fields can tell them from one
 * space. */
static void add_trimmed(struct buf *value, const char *text, size_t len)
{
    text_trim(&text, &len);
    if (len && value->len)
        buf_add_char(value, ' ');
    buf_add(value, text, len);
}

/* The length of the header's name; -1: the line is not a header. */
static ssize_t header_name_length(const char *line, size_t len)
{
    size_t at = 0;

    while (at < len && line[at] > ' ' && line[at] <= '~' && line[at] != ':')
        at++;
    return at < len && line[at] == ':' ? (ssize_t)at : -1;
}

/* False: the headers are over. */
static bool next_metadata_field(struct metadata_reader *reader, struct metadata_field *field)
{
    size_t len;

    if (reader->at == reader->end)
        return false;
    field->line = reader->line;
    const char *line = take_header_line(reader, &len);
    ssize_t name_len = header_name_length(line, len);
    /* A first line that continues nothing is skipped, as Python does; its name is empty, so no field gets
     * it. */
    if (name_len < 0 && !(field->line == 1 && len && (*line == ' ' || *line == '\t')))
        return false;
    field->name = line;
    field->name_len = name_len < 0 ? 0 : (size_t)name_len;
    buf_reset(&field->value);
    if (name_len >= 0)
        add_trimmed(&field->value, line + name_len + 1, len - (size_t)name_len - 1);
    while (continues(reader)) {
        line = take_header_line(reader, &len);
        add_trimmed(&field->value, line, len);
    }
    return true;
}

/* ---- fields ---- */

static int refuse_field(struct metadata_reader *reader, const struct metadata_field *field, const char *what)
{
    if (reader->error)
        buf_set(reader->error, "line %zu of the metadata: %.*s %s", field->line, (int)field->name_len,
                field->name, what);
    return -1;
}

/* Quotes the value, too. It is valid UTF-8 by now and is cut at a whole character, so the message is valid as
 * well. */
static int refuse_value(struct metadata_reader *reader, const struct metadata_field *field, const char *what)
{
    size_t len = field->value.len < QUOTED_BYTES ? field->value.len : QUOTED_BYTES;

    while (len && len < field->value.len && ((unsigned char)field->value.data[len] & 0xc0) == 0x80)
        len--;
    if (reader->error)
        buf_set(reader->error, "line %zu of the metadata: %.*s is \"%.*s\"%s: %s", field->line,
                (int)field->name_len, field->name, (int)len, field->value.data,
                len < field->value.len ? "..." : "", what);
    return -1;
}

static char *normalized_extra(const char *name, size_t len)
{
    struct buf out = BUF_INIT;

    project_normalize(name, len, &out);
    return buf_take(&out);
}

static int read_metadata_name(struct metadata_reader *reader, const struct metadata_field *field)
{
    if (reader->out->name)
        return 0;
    if (!project_name_valid(field->value.data, field->value.len))
        return refuse_value(reader, field, "this is not a valid name of a project");
    reader->out->name = xstrdup(field->value.data);
    reader->out->project = normalized_extra(field->value.data, field->value.len);
    return 0;
}

static int read_metadata_version(struct metadata_reader *reader, const struct metadata_field *field)
{
    struct buf CLEANUP_BUF why = BUF_INIT;

    /* As with Name: if it is repeated, the first one wins, as for `email`'s get(). */
    if (reader->out->version.text[0] ||
        version_parse(field->value.data, field->value.len, &reader->out->version, &why) == 0)
        return 0;
    reader->out->version.text[0] = '\0';
    return refuse_value(reader, field, why.data);
}

static int read_requires_python(struct metadata_reader *reader, const struct metadata_field *field)
{
    if (!reader->out->requires_python)
        reader->out->requires_python = xstrdup(field->value.data);
    return 0;
}

/* Makes space for one more item, by doubling at powers of two. */
static void *grow_list(void *items, size_t count, size_t size)
{
    return count & (count - 1) ? items : xrealloc(items, (count ? 2 * count : 1) * size);
}

static int read_requires_dist(struct metadata_reader *reader, const struct metadata_field *field)
{
    struct metadata *out = reader->out;
    struct buf CLEANUP_BUF why = BUF_INIT;

    if (out->require_count == METADATA_FIELDS_MAX)
        return refuse_field(reader, field, "is repeated too often");
    out->requires = grow_list(out->requires, out->require_count, sizeof(*out->requires));
    struct requirement *requirement = &out->requires[out->require_count];
    if (requirement_parse(field->value.data, field->value.len, requirement, &why) == 0) {
        out->require_count++;
        return 0;
    }
    requirement_release(requirement);
    return refuse_value(reader, field, why.data);
}

static int read_extra(struct metadata_reader *reader, const struct metadata_field *field)
{
    struct metadata *out = reader->out;

    if (!project_name_valid(field->value.data, field->value.len))
        return 0;
    if (out->extra_count == METADATA_FIELDS_MAX)
        return refuse_field(reader, field, "is repeated too often");
    out->extras = grow_list(out->extras, out->extra_count, sizeof(*out->extras));
    out->extras[out->extra_count++] = normalized_extra(field->value.data, field->value.len);
    return 0;
}

static const struct {
    const char *name;
    int (*read)(struct metadata_reader *reader, const struct metadata_field *field);
} fields[] = {
    {"Name", read_metadata_name},
    {"Version", read_metadata_version},
    {"Requires-Python", read_requires_python},
    {"Requires-Dist", read_requires_dist},
    {"Provides-Extra", read_extra},
};

static int read_metadata_field(struct metadata_reader *reader, const struct metadata_field *field)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (strlen(fields[i].name) != field->name_len ||
            strncasecmp(fields[i].name, field->name, field->name_len) != 0)
            continue;
        if (memchr(field->value.data, '\0', field->value.len))
            return refuse_field(reader, field, "has a NUL");
        if (!text_is_utf8(field->value.data, field->value.len))
            return refuse_field(reader, field, "is not UTF-8");
        return fields[i].read(reader, field);
    }
    return 0;
}

int metadata_parse(const char *text, size_t len, struct metadata *out, struct buf *error)
{
    struct metadata_reader reader = {.at = text, .end = text + len, .line = 1, .out = out, .error = error};
    struct metadata_field field __attribute__((cleanup(field_release))) = {.value = BUF_INIT};

    memset(out, 0, sizeof(*out));
    if (len > METADATA_MAX_BYTES) {
        if (error)
            buf_set(error, "the metadata has %zu bytes, more than the %d that are read", len,
                    METADATA_MAX_BYTES);
        return -1;
    }
    while (next_metadata_field(&reader, &field))
        if (read_metadata_field(&reader, &field) < 0)
            return -1;
    const char *missing = !out->name ? "Name" : !out->version.text[0] ? "Version" : NULL;
    if (missing && error)
        buf_set(error, "the metadata has no %s among its headers", missing);
    return missing ? -1 : 0;
}

void metadata_release(struct metadata *metadata)
{
    free(metadata->name);
    free(metadata->project);
    free(metadata->requires_python);
    for (size_t i = 0; i < metadata->require_count; i++)
        requirement_release(&metadata->requires[i]);
    free(metadata->requires);
    for (size_t i = 0; i < metadata->extra_count; i++)
        free(metadata->extras[i]);
    free(metadata->extras);
    memset(metadata, 0, sizeof(*metadata));
}

bool metadata_has_extra(const struct metadata *metadata, const char *extra)
{
    for (size_t i = 0; i < metadata->extra_count; i++)
        if (strcmp(metadata->extras[i], extra) == 0)
            return true;
    return false;
}
