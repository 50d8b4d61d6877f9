/* HTML as a stream of events, for index pages: start tags with decoded attributes, end tags, text. Follows
 * the tokenizer of the HTML standard (section 13.2.5) without building a tree.
 *
 * Every byte is looked at a bounded number of times, whatever the markup: libxml2's push parser stalls when a
 * piece ends inside a quoted value, and its work grows with the square of the attributes of a tag and the
 * depth of the tree.
 *
 * Bytes are passed on as they are: strings may not be valid UTF-8. A NUL comes out as the control character
 * SUB. */
#ifndef FORMATS_HTML_H
#define FORMATS_HTML_H

#include <stddef.h>

struct buf;

#define HTML_ATTRIBUTES_MAX 64

struct html_attribute {
    const char *name;  /* lower case */
    const char *value; /* character references decoded; "" when there is none */
};

struct html_tag {
    const char *name; /* lower case */
    struct html_attribute attributes[HTML_ATTRIBUTES_MAX];
    size_t attribute_count;
};

/* Arguments live during the call only. Text comes in any number of pieces; the text of scripts and styles
 * does not come. */
struct html_events {
    int (*start)(void *arg, const struct html_tag *tag); /* negative: give up */
    int (*end)(void *arg, const char *name);             /* negative: give up */
    void (*text)(void *arg, const char *text, size_t len);
};

/* Returns 0, or -1 when a callback gave up or a tag has too many attributes; the latter sets `error`. */
int html_parse(const char *body, size_t len, const struct html_events *events, void *arg, struct buf *error);

/* NULL: no such attribute. If it is repeated, the first one wins. */
const char *html_attribute(const struct html_tag *tag, const char *name);

#endif
