/* No state. jansson builds the whole tree before anybody can look at it, and "[[[[..." or "{},{},..." take up
 * to a hundred times their text in memory; so the text is scanned for its shape first, without a tree. */
#include "base/json.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

int json_check_limits(const char *text, size_t len, const struct json_limits *limits, struct buf *error)
{
    /* Counts too much in a text that is not JSON, which only means that it is refused a little earlier. */
    size_t depth = 0, deepest = 0, containers = 0, commas = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            containers++;
            deepest = ++depth > deepest ? depth : deepest;
        } else if (!quoted) {
            depth -= depth && (c == '}' || c == ']');
            commas += c == ',';
        }
    }
    if (deepest > limits->depth)
        buf_set(error, "nests deeper than %zu levels", limits->depth);
    else if (containers > limits->containers || commas >= limits->values)
        buf_set(error, "has more than %zu objects and arrays, or %zu values", limits->containers,
                limits->values);
    else
        return 0;
    return -1;
}

static size_t skip_space(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] && strchr(" \t\r\n", text[at]))
        at++;
    return at;
}

/* Says why jansson gave up. Its own message is not used: it ends in a piece of the text, which may be a
 * token. */
static void describe_json_fault(const json_error_t *fault, size_t at, size_t len, struct buf *error)
{
    size_t place = at + (size_t)(fault->position > 0 ? fault->position : 0);

    switch (json_error_code(fault)) {
    case json_error_duplicate_key:
        buf_set(error, "is JSON that names a member twice, near byte %zu of %zu", place, len);
        break;
    case json_error_numeric_overflow:
        buf_set(error, "is JSON with a number that is too big, near byte %zu of %zu", place, len);
        break;
    default:
        buf_set(error, "is not valid JSON near byte %zu of %zu", place, len);
    }
}

static json_t *load_object(const char *text, size_t len, size_t *at, size_t flags, struct buf *error)
{
    json_error_t fault;

    if (len > INT_MAX) { /* the type of jansson's positions */
        buf_set(error, "is JSON of more than %d bytes", INT_MAX);
        return NULL;
    }
    if (text[*at] == '<') {
        buf_set(error, "is HTML where JSON was expected");
        return NULL;
    }
    json_t *value = json_loadb(text + *at, len - *at, flags | JSON_REJECT_DUPLICATES, &fault);
    if (!value) {
        describe_json_fault(&fault, *at, len, error);
        return NULL;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        buf_set(error, "is JSON, but not an object");
        return NULL;
    }
    *at += (size_t)fault.position;
    return value;
}

json_t *json_read_object(const char *text, size_t len, const struct json_limits *limits, struct buf *error)
{
    size_t at = skip_space(text, len, 0);

    if (at == len) {
        buf_set(error, "is empty");
        return NULL;
    }
    if (json_check_limits(text, len, limits, error) < 0)
        return NULL;
    return load_object(text, len, &at, 0, error);
}

json_t *json_read_next_object(const char *text, size_t len, size_t *at, struct buf *error)
{
    *at = skip_space(text, len, *at);
    return *at < len ? load_object(text, len, at, JSON_DISABLE_EOF_CHECK, error) : NULL;
}

const char *json_text_member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && *text ? text : NULL;
}

int64_t json_number_member(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

void json_cleanup(json_t **value)
{
    json_decref(*value);
}
