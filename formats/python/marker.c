/* Environment markers (PEP 508, "Environment Markers"): a recursive-descent parser, and an evaluator that
 * asks each comparison as `packaging` does: as versions if both sides allow it, otherwise as strings.
 *
 * A marker is a tree in one arena. "and" and "or" have two or more children in a list, so the depth of the
 * tree is that of the parentheses, which is limited; all recursion here is as deep as that. A marker comes
 * from the metadata of strangers: the limits of its length and depth bound both memory and stack. */
#include "formats/python/marker.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/project.h"
#include "formats/python/specifier.h"
#include "formats/scan.h"

/* Operators that only markers have, in one int with those of enum specifier_operator. */
enum { OP_IN = 100, OP_NOT_IN };

enum variable_kind {
    PLAIN,
    EXTRA, /* compared by normalised name */
    NAMES, /* a set of such names */
};

struct variable {
    const char *name;
    enum variable_kind kind;
    size_t offset; /* in struct marker_environment */
};

#define FIELD(name) offsetof(struct marker_environment, name)
/* The first entry of an offset has the name that is printed; the others are old spellings (PEP 345, and
 * setuptools), which are still in metadata of old releases. */
static const struct variable variables[] = {
    {"python_version", PLAIN, FIELD(python_version)},
    {"python_full_version", PLAIN, FIELD(python_full_version)},
    {"os_name", PLAIN, FIELD(os_name)},
    {"sys_platform", PLAIN, FIELD(sys_platform)},
    {"platform_release", PLAIN, FIELD(platform_release)},
    {"platform_system", PLAIN, FIELD(platform_system)},
    {"platform_version", PLAIN, FIELD(platform_version)},
    {"platform_machine", PLAIN, FIELD(platform_machine)},
    {"platform_python_implementation", PLAIN, FIELD(platform_python_implementation)},
    {"implementation_name", PLAIN, FIELD(implementation_name)},
    {"implementation_version", PLAIN, FIELD(implementation_version)},
    {"extra", EXTRA, FIELD(extra)},
    {"extras", NAMES, FIELD(extras)},
    {"dependency_groups", NAMES, FIELD(dependency_groups)},
    {"os.name", PLAIN, FIELD(os_name)},
    {"sys.platform", PLAIN, FIELD(sys_platform)},
    {"platform.version", PLAIN, FIELD(platform_version)},
    {"platform.machine", PLAIN, FIELD(platform_machine)},
    {"platform.python_implementation", PLAIN, FIELD(platform_python_implementation)},
    {"python_implementation", PLAIN, FIELD(platform_python_implementation)},
};
#define VARIABLES (sizeof(variables) / sizeof(*variables))

struct operand {
    const struct variable *variable; /* NULL: `text` */
    const char *text;
};

enum node_kind { NODE_COMPARE, NODE_AND, NODE_OR };

struct marker_node {
    enum node_kind kind;
    struct marker_node *next; /* child of the same parent */
    struct marker_node *children;
    struct operand left, right; /* of COMPARE */
    int op;
};

struct marker {
    struct arena arena;
    struct marker_node *root;
};

struct marker_parser {
    struct scan *scan;
    struct arena *arena;
    unsigned depth;
};

/* ---- reading ---- */

static struct marker_node *parse_or(struct marker_parser *parser);

static int parse_string(struct marker_parser *parser, struct operand *out)
{
    struct scan *scan = parser->scan;
    int quote = scan_peek(scan);
    size_t start = ++scan->at;

    for (;; scan->at++) {
        int c = scan_peek(scan);
        if (c == quote)
            break;
        if (c == SCAN_END)
            return scan_expected(scan, "a closing %c", quote);
        /* The grammar has no escapes. `packaging` lets Python read the string, so "\n" in it would mean
         * something there that it does not mean here: better an error. */
        if (c < ' ' || c == 0x7f || c == '\\')
            return scan_expected(scan, "a string without backslashes and control characters");
    }
    out->text = arena_strndup(parser->arena, scan->text + start, scan->at - start);
    scan->at++;
    return 0;
}

static int parse_operand(struct marker_parser *parser, struct operand *out)
{
    int c = scan_peek(parser->scan);

    *out = (struct operand){NULL, NULL};
    if (c == '"' || c == '\'')
        return parse_string(parser, out);
    for (size_t i = 0; i < VARIABLES; i++)
        if (c == variables[i].name[0] && scan_take_word(parser->scan, variables[i].name)) {
            out->variable = &variables[i];
            return 0;
        }
    return scan_expected(parser->scan, "a marker variable, such as python_version, or a quoted string");
}

/* PEP 508 wants whitespace between "not" and "in", of any length. */
static int parse_operator(struct marker_parser *parser)
{
    struct scan *scan = parser->scan;
    int op = specifier_operator_scan(scan);

    if (op >= 0)
        return op;
    if (scan_take_word(scan, "in"))
        return OP_IN;
    if (!scan_take_word(scan, "not"))
        return scan_expected(scan, "one of <= < != == >= > ~= === in, not in");
    if (scan_peek(scan) != ' ' && scan_peek(scan) != '\t')
        return scan_expected(scan, "a space and \"in\" after \"not\"");
    scan_skip_blanks(scan);
    return scan_take_word(scan, "in") ? OP_NOT_IN : scan_expected(scan, "\"in\" after \"not\"");
}

static bool is_names(const struct operand *operand)
{
    return operand->variable && operand->variable->kind == NAMES;
}

static struct marker_node *parse_comparison(struct marker_parser *parser)
{
    struct marker_node *node = arena_alloc(parser->arena, sizeof(*node));
    struct scan *scan = parser->scan;
    size_t start = scan->at;

    if (parse_operand(parser, &node->left) < 0)
        return NULL;
    scan_skip_blanks(scan);
    if ((node->op = parse_operator(parser)) < 0)
        return NULL;
    scan_skip_blanks(scan);
    if (parse_operand(parser, &node->right) < 0)
        return NULL;
    /* Sets can only be asked for a member (PEP 751). This is checked now, so that evaluating need not fail
     * for it. */
    bool string_in_names = !node->left.variable && node->op >= OP_IN;
    if (is_names(&node->left) || (is_names(&node->right) && !string_in_names)) {
        scan->at = start;
        scan_expected(scan, "extras and dependency_groups as in: \"name\" in extras");
        return NULL;
    }
    return node;
}

static struct marker_node *parse_atom(struct marker_parser *parser)
{
    struct scan *scan = parser->scan;
    struct marker_node *node = NULL;

    scan_skip_blanks(scan);
    if (scan_peek(scan) != '(') {
        node = parse_comparison(parser);
    } else if (parser->depth == MARKER_MAX_DEPTH) {
        scan_expected(scan, "at most %d open parentheses", MARKER_MAX_DEPTH);
    } else {
        parser->depth++;
        scan->at++;
        node = parse_or(parser);
        parser->depth--;
        if (node && !scan_take(scan, ")")) {
            scan_expected(scan, "\"and\", \"or\" or a closing )");
            return NULL;
        }
    }
    scan_skip_blanks(scan);
    return node;
}

/* One or more atoms with a word between them. */
static struct marker_node *parse_marker_list(struct marker_parser *parser, enum node_kind kind,
                                             const char *word,
                                             struct marker_node *(*parse_child)(struct marker_parser *parser))
{
    struct marker_node *first = parse_child(parser);

    if (!first || !scan_take_word(parser->scan, word))
        return first;
    struct marker_node *list = arena_alloc(parser->arena, sizeof(*list));
    struct marker_node *last = first;

    list->kind = kind;
    list->children = first;
    do {
        last->next = parse_child(parser);
        last = last->next;
    } while (last && scan_take_word(parser->scan, word));
    return last ? list : NULL;
}

/* "and" binds more tightly. */
static struct marker_node *parse_and(struct marker_parser *parser)
{
    return parse_marker_list(parser, NODE_AND, "and", parse_atom);
}

static struct marker_node *parse_or(struct marker_parser *parser)
{
    return parse_marker_list(parser, NODE_OR, "or", parse_and);
}

/* On failure the arena takes half a tree with it. */
struct marker *marker_scan(struct scan *scan)
{
    struct marker CLEANUP_MARKER *marker = xcalloc(1, sizeof(*marker));
    struct marker_parser parser = {.scan = scan, .arena = &marker->arena};

    if (scan->len - scan->at > MARKER_MAX_BYTES) {
        scan_expected(scan, "a marker of at most %d bytes", MARKER_MAX_BYTES);
        return NULL;
    }
    marker->root = parse_or(&parser);
    return marker->root ? take_ptr(&marker) : NULL;
}

struct marker *marker_parse(const char *text, size_t len, struct buf *error)
{
    struct scan scan = {.text = text, .len = len, .error = error};
    struct marker CLEANUP_MARKER *marker = marker_scan(&scan);

    if (!marker || scan_finish(&scan, "\"and\", \"or\" or the end of the marker") < 0)
        return NULL;
    return take_ptr(&marker);
}

void marker_free(struct marker *marker)
{
    if (!marker)
        return;
    arena_release(&marker->arena);
    free(marker);
}

void marker_cleanup(struct marker **marker)
{
    marker_free(*marker);
}

/* ---- printing ---- */

/* A string that was read has at most one kind of quotes in it, those that did not enclose it. */
static void print_operand(const struct operand *operand, struct buf *out)
{
    if (!operand->variable) {
        char quote = strchr(operand->text, '"') ? '\'' : '"';
        buf_printf(out, "%c%s%c", quote, operand->text, quote);
        return;
    }
    for (size_t i = 0; i < VARIABLES; i++)
        if (variables[i].offset == operand->variable->offset) {
            buf_add_text(out, variables[i].name);
            return;
        }
}

static const char *operator_text(int op)
{
    return op == OP_IN ? "in" : op == OP_NOT_IN ? "not in" : specifier_operator_text(op);
}

static void print_comparison(const struct marker_node *node, struct buf *out)
{
    print_operand(&node->left, out);
    buf_printf(out, " %s ", operator_text(node->op));
    print_operand(&node->right, out);
}

/* Parentheses are needed only for an "or" inside an "and"; those that were written around anything else are
 * gone. */
static void print_node(const struct marker_node *node, struct buf *out)
{
    if (node->kind == NODE_COMPARE) {
        print_comparison(node, out);
        return;
    }
    for (const struct marker_node *child = node->children; child; child = child->next) {
        bool inner = node->kind == NODE_AND && child->kind == NODE_OR;
        if (child != node->children)
            buf_add_text(out, node->kind == NODE_AND ? " and " : " or ");
        buf_add_text(out, inner ? "(" : "");
        print_node(child, out);
        buf_add_text(out, inner ? ")" : "");
    }
}

void marker_print(const struct marker *marker, struct buf *out)
{
    print_node(marker->root, out);
}

/* ---- evaluating ---- */

/* A member of the environment by its offset. All are pointers, to text or to a list of texts; which one, the
 * variable's kind says. memcpy() because they are of different types. */
static const void *field(const struct marker_environment *environment, const struct variable *variable)
{
    const void *value;

    memcpy(&value, (const char *)environment + variable->offset, sizeof(value));
    return value;
}

/* Appends the operand's text, as a normalised name if `normalize`: PEP 685 compares extras that way, and the
 * string on the other side is one, too. */
static void add_value(const struct operand *operand, const struct marker_environment *environment,
                      bool normalize, struct buf *out)
{
    const char *text = operand->variable ? field(environment, operand->variable) : operand->text;

    if (text && normalize)
        project_normalize(text, strlen(text), out);
    else if (text)
        buf_add_text(out, text);
}

/* "name" in extras: the names of both sides are normalised (PEP 685), whatever the caller has put there. */
static bool in_names(const struct marker_node *node, const struct marker_environment *environment)
{
    const char *const *names = field(environment, node->right.variable);
    struct buf CLEANUP_BUF wanted = BUF_INIT;
    bool found = false;

    add_value(&node->left, environment, true, &wanted);
    for (; names && *names && !found; names++) {
        struct buf CLEANUP_BUF name = BUF_INIT;
        project_normalize(*names, strlen(*names), &name);
        found = strcmp(name.data, wanted.data) == 0;
    }
    return found;
}

/* 1, 0, or -1: the operator is for versions. Of UTF-8, strcmp() gives the order of code points, as Python's
 * "<" does. */
static int compare_strings(int op, const char *left, const char *right)
{
    int order = strcmp(left, right);

    switch (op) {
    case OP_IN:
        return strstr(right, left) != NULL;
    case OP_NOT_IN:
        return strstr(right, left) == NULL;
    case SPECIFIER_EQUAL:
        return order == 0;
    case SPECIFIER_NOT_EQUAL:
        return order != 0;
    case SPECIFIER_LESS_EQUAL:
        return order <= 0;
    case SPECIFIER_GREATER_EQUAL:
        return order >= 0;
    case SPECIFIER_LESS:
        return order < 0;
    case SPECIFIER_GREATER:
        return order > 0;
    default:
        return -1;
    }
}

/* "===" compares text in any case, whether it is a version or not. -1: a specifier could not have the text on
 * the right side, so this is a comparison of strings, which has no "===". */
static int same_text_any_case(const struct buf *left, const struct buf *right)
{
    const char *wanted = right->data;
    size_t len = right->len;
    struct version version;

    text_trim(&wanted, &len);
    if (strcspn(wanted, " \t;)") < len)
        return -1;
    const char *text = version_parse(left->data, left->len, &version, NULL) == 0 ? version.text : left->data;
    return strlen(text) == len && strncasecmp(text, wanted, len) == 0;
}

/* 1, 0, or -1: operator and right side are not a specifier, or the left side is not a version. */
static int compare_versions(int op, const struct buf *left, const struct buf *right)
{
    struct scan scan = {.text = right->data, .len = right->len};
    struct specifier specifier;
    struct version version;
    int result = -1;

    if (op >= OP_IN || specifier_scan(&scan, op, &specifier) < 0)
        return -1;
    scan_skip_whitespace(&scan);
    if (scan.at == scan.len && version_parse(left->data, left->len, &version, NULL) == 0)
        result = specifier_matches(&specifier, &version);
    specifier_release(&specifier);
    return result;
}

static bool is_of_extras(const struct operand *operand)
{
    return operand->variable && operand->variable->kind != PLAIN;
}

static int evaluate_comparison(const struct marker_node *node, const struct marker_environment *environment,
                               struct buf *error)
{
    struct buf CLEANUP_BUF left = BUF_INIT;
    struct buf CLEANUP_BUF right = BUF_INIT;

    if (environment->any_extra && (is_of_extras(&node->left) || is_of_extras(&node->right)))
        return 1;
    if (is_names(&node->right))
        return in_names(node, environment) == (node->op == OP_IN);
    /* If one side is an extra, the other is the name of one. */
    bool normalize = (node->left.variable && node->left.variable->kind == EXTRA) ||
                     (node->right.variable && node->right.variable->kind == EXTRA);
    add_value(&node->left, environment, normalize, &left);
    add_value(&node->right, environment, normalize, &right);
    int result = node->op == SPECIFIER_ARBITRARY ? same_text_any_case(&left, &right)
                                                 : compare_versions(node->op, &left, &right);
    if (result < 0)
        result = compare_strings(node->op, left.data, right.data);
    if (result < 0 && error) {
        buf_set(error, "the marker ");
        print_comparison(node, error);
        buf_printf(error, " has no answer: \"%s\" is for versions, and \"%s\" and \"%s\" are not both such",
                   operator_text(node->op), left.data, right.data);
    }
    return result;
}

static int evaluate(const struct marker_node *node, const struct marker_environment *environment,
                    struct buf *error)
{
    int result = node->kind == NODE_AND;
    bool failed = false;

    if (node->kind == NODE_COMPARE)
        return evaluate_comparison(node, environment, error);
    /* No short cut: a meaningless comparison is an error even if the others decide, so that a marker does not
     * work on one machine and fail on another. The first error is the one reported. */
    for (const struct marker_node *child = node->children; child; child = child->next) {
        int answer = evaluate(child, environment, failed ? NULL : error);
        failed |= answer < 0;
        result = node->kind == NODE_AND ? result && answer > 0 : result || answer > 0;
    }
    return failed ? -1 : result;
}

int marker_evaluate(const struct marker *marker, const struct marker_environment *environment,
                    struct buf *error)
{
    return evaluate(marker->root, environment, error);
}
