/* The request target, RFC 9112 section 3.2 and RFC 3986, from its raw bytes. Decodes once, into memory of its
 * own, and refuses every spelling that another program might read as another path.
 *
 * libmicrohttpd would decode the path before anyone sees it and end it at %00, so "/packages/a%00b" and
 * "/packages/a" would be one, and "%2F" would make two segments of one. It is told to leave the target alone
 * (server.c), and this is the only parser of it.
 *
 * A decoded segment may become a key of the store or a path of an upstream's URL, so what is accepted here
 * must be the only spelling of its meaning: no empty, "." and ".." segments, no slash or backslash inside of
 * one, no control characters, UTF-8 only. */
#include "proxy/http/target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"

/* Where the decoded strings go. They are never longer than the target plus a NUL for each piece, so running
 * out is a bug of ours and not the client's doing. */
struct writer {
    char *next;
    char *end;
};

static const char *decode(struct writer *writer, const char *text, size_t len)
{
    char *start = writer->next;

    CHECK(writer->end - writer->next > (ptrdiff_t)len);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = len - i < 3 ? -1 : text_hex_digit(text[i + 1]);
            int low = len - i < 3 ? -1 : text_hex_digit(text[i + 2]);
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            /* %00: every string after this point ends at a NUL. */
            if (!c)
                return NULL;
            i += 2;
        }
        *writer->next++ = c;
    }
    *writer->next++ = '\0';
    return start;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* Returns what is wrong with a decoded segment, or NULL. */
static const char *segment_fault(const char *text)
{
    if (!*text)
        return "the path has an empty segment (\"//\")";
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return "the path has a \".\" or \"..\" segment";
    if (strchr(text, '/') || strchr(text, '\\'))
        return "the path has an encoded slash or a backslash";
    if (has_control(text))
        return "the path has a control character";
    if (!text_is_utf8(text, strlen(text)))
        return "the path is not UTF-8";
    return NULL;
}

static const char *parse_path(struct target *out, struct writer *writer)
{
    const char *rest = out->path + 1;
    const char *piece;
    size_t len;

    while ((piece = text_next(&rest, '/', &len))) {
        /* The one empty segment that is allowed: nothing after the last slash. */
        if (!len && !rest) {
            out->slash = true;
            break;
        }
        if (out->segment_count == TARGET_MAX_SEGMENTS)
            return "the path has too many segments";
        struct target_segment *segment = &out->segments[out->segment_count++];
        /* Raw too: pypi/simple.c redirects every spelling of a project but the canonical one, "%73ix"
         * included. */
        CHECK(writer->end - writer->next > (ptrdiff_t)len);
        segment->raw = memcpy(writer->next, piece, len);
        writer->next += len;
        *writer->next++ = '\0';
        segment->text = decode(writer, piece, len);
        if (!segment->text)
            return "the path has a bad percent escape";
        const char *fault = segment_fault(segment->text);
        if (fault)
            return fault;
    }
    return NULL;
}

static const char *parse_query(struct target *out, struct writer *writer)
{
    const char *rest = out->query;
    const char *piece;
    size_t len;

    while ((piece = text_next(&rest, '&', &len))) {
        if (!len)
            continue;
        if (out->parameter_count == TARGET_MAX_PARAMETERS)
            return "the query has too many parameters";
        const char *equals = memchr(piece, '=', len);
        size_t name_len = equals ? (size_t)(equals - piece) : len;
        struct target_parameter *parameter = &out->parameters[out->parameter_count++];
        parameter->name = decode(writer, piece, name_len);
        parameter->value = equals ? decode(writer, equals + 1, len - name_len - 1) : "";
        if (!parameter->name || !parameter->value)
            return "the query has a bad percent escape";
        if (has_control(parameter->name) || has_control(parameter->value))
            return "the query has a control character";
        if (!text_is_utf8(parameter->name, strlen(parameter->name)) ||
            !text_is_utf8(parameter->value, strlen(parameter->value)))
            return "the query is not UTF-8";
    }
    return NULL;
}

/* Returns where the path of an absolute-form begins ("" if it has none); raw itself for the other forms.
 * Clients that take us for a forward proxy send it, and RFC 9112 section 3.2.2 requires that it is accepted.
 * The host in it is ignored. */
static const char *skip_authority(const char *raw)
{
    size_t scheme = strncasecmp(raw, "http://", 7) == 0 ? 7 : strncasecmp(raw, "https://", 8) == 0 ? 8 : 0;

    return scheme ? raw + scheme + strcspn(raw + scheme, "/?") : raw;
}

static const char *target_split(const char *raw, struct target *out)
{
    size_t len = strlen(raw);

    if (len > TARGET_MAX_BYTES)
        return "the request target is too long";
    for (size_t i = 0; i < len; i++)
        /* A fragment is never sent; a blank or control character may end the target for another parser. Bytes
         * above 0x7f pass here: segment_fault() checks that they are UTF-8. */
        if ((unsigned char)raw[i] <= 0x20 || raw[i] == 0x7f || raw[i] == '#')
            return "the request target has a character that must be percent-encoded";

    const char *start = skip_authority(raw);
    if (start == raw && *raw != '/')
        return "the request target must begin with \"/\"";
    const char *query = strchr(start, '?');
    size_t path_len = query ? (size_t)(query - start) : strlen(start);

    /* The path, the query, every segment raw and decoded, every parameter decoded; with their NULs. One block
     * for all, so that a request costs one allocation. */
    size_t space_bytes = 4 * len + 2 * TARGET_MAX_SEGMENTS + 2 * TARGET_MAX_PARAMETERS + 8;
    out->memory = xmalloc(space_bytes);
    struct writer writer = {out->memory, out->memory + space_bytes};
    out->path = writer.next;
    if (!path_len)
        *writer.next++ = '/';
    memcpy(writer.next, start, path_len);
    writer.next += path_len;
    *writer.next++ = '\0';
    if (query) {
        size_t query_len = strlen(query + 1);
        out->query = memcpy(writer.next, query + 1, query_len + 1);
        writer.next += query_len + 1;
    }
    const char *fault = parse_path(out, &writer);
    return fault ? fault : parse_query(out, &writer);
}

int target_parse(const char *raw, struct target *out, struct buf *error)
{
    memset(out, 0, sizeof(*out));
    const char *fault = target_split(raw, out);
    if (!fault)
        return 0;
    buf_set(error, "%s", fault);
    target_release(out);
    return -1;
}

const char *target_query(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->parameter_count; i++)
        if (strcmp(target->parameters[i].name, name) == 0)
            return target->parameters[i].value;
    return NULL;
}

void target_release(struct target *target)
{
    free(target->memory);
    memset(target, 0, sizeof(*target));
}
