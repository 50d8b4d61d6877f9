/* Requirements by PEP 508, "Grammar", with what `packaging` 22.0 and later read beside that: a comma after
 * the last specifier, whitespace at both ends. Versions from before PEP 440, which older pips took, are
 * refused.
 *
 * A URL ends at whitespace, not at ";": a URL may contain that, so PEP 508 wants a space before the marker.
 * pip itself splits at the first ";" of `name @ URL;...`; there we follow PEP 508. */
#include "formats/python/requirement.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/python/marker.h"
#include "formats/python/project.h"
#include "formats/scan.h"

static bool in_name(struct scan *scan)
{
    int c = scan_peek(scan);

    return scan_alnum(scan) || c == '-' || c == '_' || c == '.';
}

/* Names of projects and extras have the same syntax. Returns the length, with the cursor after the name. The
 * whole run of name characters is taken first, so that "flask-" is a bad name and not "flask" followed by
 * something. */
static ssize_t read_requirement_name(struct scan *scan, const char *what)
{
    size_t start = scan->at;

    while (in_name(scan))
        scan->at++;
    size_t len = scan->at - start;
    if (project_name_valid(scan->text + start, len))
        return (ssize_t)len;
    scan->at = start;
    return scan_expected(scan, "%s of at most %d letters, digits, and - _ . between them", what,
                         PROJECT_NAME_MAX);
}

static char *normalized_name(const char *name, size_t len)
{
    struct buf out = BUF_INIT;

    project_normalize(name, len, &out);
    return buf_take(&out);
}

/* "x[a,A]" asks for one extra. */
static void add_extra(struct requirement *out, const char *name, size_t len)
{
    char *CLEANUP_FREE extra = normalized_name(name, len);

    for (size_t i = 0; i < out->extra_count; i++)
        if (strcmp(out->extras[i], extra) == 0)
            return;
    /* Grows at powers of two. */
    if (!(out->extra_count & (out->extra_count - 1)))
        out->extras = xrealloc(out->extras, (out->extra_count ? 2 * out->extra_count : 1) * sizeof(char *));
    out->extras[out->extra_count++] = take_ptr(&extra);
}

/* "[]" is allowed; a comma after the last extra is not. */
static int read_extras(struct scan *scan, struct requirement *out)
{
    if (!scan_take(scan, "["))
        return 0;
    scan_skip_blanks(scan);
    if (scan_take(scan, "]"))
        return 0;
    for (;;) {
        ssize_t len = read_requirement_name(scan, "an extra: a name");
        if (len < 0)
            return -1;
        add_extra(out, scan->text + scan->at - len, (size_t)len);
        scan_skip_blanks(scan);
        if (scan_take(scan, "]"))
            return 0;
        if (!scan_take(scan, ","))
            return scan_expected(scan, "\",\" or \"]\" after an extra");
        scan_skip_blanks(scan);
    }
}

static int read_versions(struct scan *scan, struct requirement *out)
{
    bool parentheses = scan_take(scan, "("); /* from PEP 345: metadata of old releases has them */
    struct specifier specifier;
    int op;

    scan_skip_blanks(scan);
    while ((op = specifier_operator_scan(scan)) >= 0) {
        if (specifier_scan(scan, op, &specifier) < 0 ||
            specifier_set_add(&out->specifiers, &specifier, scan) < 0)
            return -1;
        scan_skip_blanks(scan);
        if (!scan_take(scan, ","))
            break;
        scan_skip_blanks(scan);
    }
    if (parentheses && !scan_take(scan, ")"))
        return scan_expected(scan, out->specifiers.count ? "\",\" or \")\" after a specifier"
                                                         : "one of ~= == != <= >= < > === or \")\"");
    scan_skip_blanks(scan);
    return 0;
}

/* Is there a scheme, and a host if the scheme needs one? Nothing is fetched from it here, so it need only be
 * told from a mistake. */
static bool url_plausible(const char *url, size_t len)
{
    struct scan scan = {.text = url, .len = len};

    if (scan_digit(&scan))
        return false;
    while (scan_alnum(&scan) || (scan.at && strchr("+-.", scan_peek(&scan))))
        scan.at++;
    bool file = scan.at == 4 && strncasecmp(url, "file", 4) == 0;
    if (!scan.at || !scan_take(&scan, "://"))
        return false;
    return file || (scan_peek(&scan) != SCAN_END && !strchr("/?#", scan_peek(&scan)));
}

static int read_url(struct scan *scan, struct requirement *out)
{
    scan_skip_blanks(scan);
    size_t start = scan->at;
    while (scan_peek(scan) > ' ' && scan_peek(scan) != 0x7f)
        scan->at++;
    size_t len = scan->at - start;
    if (!url_plausible(scan->text + start, len)) {
        scan->at = start;
        return scan_expected(scan, "a URL with scheme and host after \"@\"");
    }
    out->url = xstrndup(scan->text + start, len);
    scan_skip_blanks(scan);
    return 0;
}

/* For the message about trailing text: which things could have followed. */
static const char *rest_of(const struct requirement *requirement)
{
    if (requirement->marker)
        return "\"and\", \"or\" or the end of the marker";
    if (requirement->url)
        return "\";\" or the end after the URL and a space";
    if (requirement->specifiers.count)
        return "\",\", \";\" or the end after a specifier";
    return "one of ~= == != <= >= < > ===, \"@\", \"[\", \";\" or the end";
}

int requirement_parse(const char *text, size_t len, struct requirement *out, struct buf *error)
{
    struct scan scan = {.text = text, .len = len, .error = error};

    memset(out, 0, sizeof(*out));
    if (len > REQUIREMENT_MAX_BYTES)
        return scan_expected(&scan, "a requirement of at most %d bytes", REQUIREMENT_MAX_BYTES);
    scan_skip_blanks(&scan);
    ssize_t name_len = read_requirement_name(&scan, "a project: a name");
    if (name_len < 0)
        return -1;
    out->name = xstrndup(scan.text + scan.at - name_len, (size_t)name_len);
    out->project = normalized_name(out->name, (size_t)name_len);
    scan_skip_blanks(&scan);
    if (read_extras(&scan, out) < 0)
        return -1;
    scan_skip_blanks(&scan);
    if ((scan_take(&scan, "@") ? read_url(&scan, out) : read_versions(&scan, out)) < 0)
        return -1;
    if (scan_take(&scan, ";") && !(out->marker = marker_scan(&scan)))
        return -1;
    return scan_finish(&scan, rest_of(out));
}

void requirement_release(struct requirement *requirement)
{
    free(requirement->name);
    free(requirement->project);
    for (size_t i = 0; i < requirement->extra_count; i++)
        free(requirement->extras[i]);
    free(requirement->extras);
    specifier_set_release(&requirement->specifiers);
    free(requirement->url);
    marker_free(requirement->marker);
    memset(requirement, 0, sizeof(*requirement));
}

void requirement_print(const struct requirement *requirement, struct buf *out)
{
    buf_add_text(out, requirement->name);
    for (size_t i = 0; i < requirement->extra_count; i++)
        buf_printf(out, "%s%s", i ? "," : "[", requirement->extras[i]);
    buf_add_text(out, requirement->extra_count ? "]" : "");
    specifier_set_print(&requirement->specifiers, out);
    if (requirement->url)
        buf_printf(out, " @ %s", requirement->url);
    if (requirement->marker) {
        buf_add_text(out, " ; ");
        marker_print(requirement->marker, out);
    }
}
