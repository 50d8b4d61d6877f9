/* Content negotiation, RFC 9110 section 12: pure functions over the values of all header lines of one name.
 * Malformed elements are skipped. If nothing is left, the header counts as absent. */
#ifndef PROXY_HTTP_NEGOTIATE_H
#define PROXY_HTTP_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>

/* Index of the offer (a media type without parameters) that the Accept lines prefer, -1 if they accept none.
 * The most specific range decides about an offer; parameters of a range other than q are not compared; equals
 * go by the order of the offers. Without lines: 0. */
int negotiate_media(const char *const *lines, size_t count, const char *const *offers, size_t offer_count);

/* True if Accept-Encoding lines accept gzip, and with no lower weight than identity. Without lines: false. */
bool negotiate_gzip(const char *const *lines, size_t count);

/* The representations of the simple index (PEP 691), in the order of our preference where the client has
 * none: one that does not say what it accepts is a browser or an old tool. */
enum simple_format { SIMPLE_TEXT_HTML, SIMPLE_V1_JSON, SIMPLE_V1_HTML, SIMPLE_FORMATS };

/* The media type to answer with. */
const char *simple_format_type(enum simple_format format);
/* An enum simple_format by Accept lines, or -1 (406). "latest" is v1. */
int simple_format_negotiate(const char *const *lines, size_t count);
/* By name, as in ?format=: a media type of the above, or the "latest" alias. -1 if unknown. */
int simple_format_by_type(const char *type);

#endif
