/* RFC 9110 sections 5.6.2 to 5.6.6, on views: nothing is copied but the values of quoted strings, which may
 * have escapes. Functions work on a copy of the scan and store it back on success, so that a failure leaves
 * it where it was. */
#include "formats/field.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

static void field_advance(struct field_scan *scan, size_t len)
{
    scan->text += len;
    scan->len -= len;
}

void field_skip_space(struct field_scan *scan)
{
    while (scan->len && (*scan->text == ' ' || *scan->text == '\t'))
        field_advance(scan, 1);
}

bool field_take_char(struct field_scan *scan, char c)
{
    if (!scan->len || *scan->text != c)
        return false;
    field_advance(scan, 1);
    return true;
}

bool field_take_token(struct field_scan *scan, struct field_scan *token)
{
    size_t len = 0;

    while (len < scan->len && text_is_token(scan->text + len, 1))
        len++;
    *token = (struct field_scan){scan->text, len};
    field_advance(scan, len);
    return len > 0;
}

/* RFC 9110 section 5.6.4. A backslash may escape any character that may be in the string; a lone control
 * character, escaped or not, ends the attempt: it could split a header or a log line later. */
static bool take_quoted(struct field_scan *scan, struct buf *value)
{
    struct field_scan rest = *scan;

    if (!field_take_char(&rest, '"'))
        return false;
    while (!field_take_char(&rest, '"')) {
        (void)field_take_char(&rest, '\\');
        if (!rest.len || *rest.text == 0x7f || ((unsigned char)*rest.text < ' ' && *rest.text != '\t'))
            return false;
        buf_add_char(value, *rest.text);
        field_advance(&rest, 1);
    }
    *scan = rest;
    return true;
}

bool field_take_value(struct field_scan *scan, struct buf *value)
{
    struct field_scan token;

    buf_reset(value);
    if (!field_take_token(scan, &token))
        return take_quoted(scan, value);
    buf_add(value, token.text, token.len);
    return true;
}

bool field_take_parameter(struct field_scan *scan, struct field_scan *name, struct buf *value)
{
    struct field_scan rest = *scan;

    if (!field_take_token(&rest, name))
        return false;
    field_skip_space(&rest);
    if (!field_take_char(&rest, '='))
        return false;
    field_skip_space(&rest);
    if (!field_take_value(&rest, value))
        return false;
    *scan = rest;
    return true;
}

bool field_token_is(const struct field_scan *token, const char *name)
{
    return strlen(name) == token->len && strncasecmp(token->text, name, token->len) == 0;
}
