/* Variables of Compose files: compose-spec, "Interpolation". Values are those of the environment; the file
 * .env is not read. */
#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/lists/yaml.h"
#include "base/memory.h"
#include "formats/scan.h"

#define MAX_DEPTH 16 /* of defaults inside defaults */

static int interpolate(struct scan *scan, size_t depth, struct buf *out, struct buf *missing);

/* Only the first name is kept: the note that is made of it needs one, to say why an image was skipped. */
static int not_set(const char *name, struct buf *missing)
{
    if (!missing->len)
        buf_add_text(missing, name);
    return 0;
}

/* The rest after "${NAME": "}", or an operator and a text up to "}", which goes to `other`. */
static int read_operator(struct scan *scan, const char *name, size_t depth, struct buf *out,
                         struct buf *missing)
{
    struct buf CLEANUP_BUF other = BUF_INIT;
    struct buf CLEANUP_BUF unset = BUF_INIT;
    const char *value = getenv(name);
    bool empty_counts = scan_take(scan, ":"); /* ":-", ":?", ":+": an empty value is like none */
    int op = scan_peek(scan);

    if (empty_counts && value && !*value)
        value = NULL;
    if (op == '}') {
        scan->at++;
        buf_add_text(out, value ? value : "");
        return empty_counts ? -1 : value ? 1 : not_set(name, missing);
    }
    if (op != '-' && op != '?' && op != '+')
        return -1;
    scan->at++;
    int result = interpolate(scan, depth + 1, &other, &unset);
    if (result < 0 || !scan_take(scan, "}"))
        return -1;
    /* Variables that only an unused text lacks do not matter: they are dropped with `unset`. */
    if (op == '+') {
        buf_add(out, other.data, value ? other.len : 0);
        return !value || result ? 1 : not_set(unset.data, missing);
    }
    if (value) {
        buf_add_text(out, value);
        return 1;
    }
    buf_add(out, other.data, op == '-' ? other.len : 0);
    return op == '-' && result ? 1 : not_set(op == '-' ? unset.data : name, missing);
}

/* After "$". */
static int read_variable(struct scan *scan, size_t depth, struct buf *out, struct buf *missing)
{
    bool braces = scan_take(scan, "{");
    size_t start = scan->at;

    while (scan_alnum(scan) || scan_peek(scan) == '_')
        scan->at++;
    if (scan->at == start || (scan->text[start] >= '0' && scan->text[start] <= '9'))
        return -1;
    char *CLEANUP_FREE name = xstrndup(scan->text + start, scan->at - start);
    if (braces)
        return read_operator(scan, name, depth, out, missing);
    const char *value = getenv(name);
    buf_add_text(out, value ? value : "");
    return value ? 1 : not_set(name, missing);
}

/* Up to the end, or inside braces to the "}" that closes them. */
static int interpolate(struct scan *scan, size_t depth, struct buf *out, struct buf *missing)
{
    int result = 1;

    if (depth > MAX_DEPTH)
        return -1;
    while (scan_peek(scan) != SCAN_END && !(depth && scan_peek(scan) == '}')) {
        if (!scan_take(scan, "$")) {
            buf_add_char(out, scan->text[scan->at++]);
            continue;
        }
        if (scan_take(scan, "$")) {
            buf_add_char(out, '$');
            continue;
        }
        int one = read_variable(scan, depth, out, missing);
        if (one < 0)
            return -1;
        result = result && one;
    }
    return result;
}

int compose_interpolate(const char *text, size_t len, struct buf *out, struct buf *missing)
{
    struct scan scan = {.text = text, .len = len};

    return interpolate(&scan, 0, out, missing);
}
