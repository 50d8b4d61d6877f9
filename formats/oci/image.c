/* The grammars of names, tags and digests: OCI distribution specification 1.1, "Pulling manifests", and for
 * the host before a name the reference of docker and containerd. Names become parts of URLs, of keys of the
 * store and of log lines, so everything is checked by hand against a small alphabet, without a regular
 * expression that could be slow. */
#include "formats/oci/image.h"

#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "formats/address.h"

#define HOST_MAX_BYTES 253 /* RFC 1035 section 2.3.4, as text */

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alphanumeric(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* The length of the separator at text: one ".", one or two "_", any number of "-"; 0 if there is none, or it
 * is too long. */
static size_t separator_len(const char *text, size_t len)
{
    size_t same = 0;

    while (same < len && text[same] == text[0])
        same++;
    switch (text[0]) {
    case '.':
        return same == 1 ? 1 : 0;
    case '_':
        return same <= 2 ? same : 0;
    case '-':
        return same;
    default:
        return 0;
    }
}

bool image_name_valid(const char *text, size_t len)
{
    bool wants_word = true; /* a letter or digit must come next */

    if (len > IMAGE_NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < len;) {
        size_t step = 1;
        if (is_lower_or_digit(text[i])) {
            wants_word = false;
        } else {
            step = text[i] == '/' ? 1 : separator_len(text + i, len - i);
            if (wants_word || !step)
                return false;
            wants_word = true;
        }
        i += step;
    }
    return !wants_word;
}

/* A tag cannot have a ":", so a digest in the same place of a URL is never taken for one. */
bool image_tag_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_alphanumeric(text[i]) && text[i] != '_' && (i == 0 || (text[i] != '.' && text[i] != '-')))
            return false;
    return len > 0 && len <= IMAGE_TAG_MAX_BYTES;
}

/* Letters, digits and "-" between dots; no label is empty or has a "-" at an end. */
static bool host_name_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool at_edge = i == 0 || i + 1 == len || text[i - 1] == '.' || text[i + 1] == '.';
        if (!is_alphanumeric(text[i]) && (at_edge || (text[i] != '-' && text[i] != '.')))
            return false;
    }
    return len > 0 && len <= HOST_MAX_BYTES;
}

/* "[::1]". A zone, which address.c ignores, is refused by its "%": it means nothing to another machine. */
static bool is_ipv6_literal(const char *text, size_t len)
{
    char copy[64];
    bool numeric = false;

    if (len < 4 || len - 2 >= sizeof(copy) || text[0] != '[' || text[len - 1] != ']' ||
        !memchr(text, ':', len))
        return false;
    memcpy(copy, text + 1, len - 2);
    copy[len - 2] = '\0';
    (void)address_text_public(copy, &numeric);
    return numeric && strspn(copy, "0123456789abcdefABCDEF:.") == len - 2;
}

/* docker's rule: the part before the first "/" is a host only if something shows it, a dot, a port or being
 * "localhost"; otherwise "library/nginx" would ask a host "library". */
bool image_registry_like(const char *text, size_t len)
{
    const char *colon = len ? memrchr(text, ':', len) : NULL;
    const char *bracket = len ? memrchr(text, ']', len) : NULL;
    size_t host = len;
    uint64_t port;

    if (colon && (!bracket || colon > bracket)) {
        host = (size_t)(colon - text);
        if (len - host > strlen(":65535") || text_parse_uint(colon + 1, len - host - 1, &port) < 0 || !port ||
            port > 65535)
            return false;
    }
    if (is_ipv6_literal(text, host))
        return true;
    return host_name_valid(text, host) &&
           (host < len || memchr(text, '.', host) || text_equal_n(text, host, "localhost"));
}

static bool has_upper(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            return true;
    return false;
}

/* checksum_parse() takes hex digits of any case, but the specification only lower ones: two spellings of a
 * digest would be two keys for one blob. */
int image_digest_parse(const char *text, size_t len, struct checksum *out)
{
    static const enum hash_kind kinds[] = {HASH_SHA256, HASH_SHA512};
    struct checksum found;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *name = hash_kind_name(kinds[i]);
        size_t name_len = strlen(name);
        if (len <= name_len || memcmp(text, name, name_len) != 0 || text[name_len] != ':')
            continue;
        if (has_upper(text, len) ||
            checksum_parse(kinds[i], text + name_len + 1, len - name_len - 1, &found) < 0)
            return -1;
        *out = found;
        return 0;
    }
    return -1;
}

bool image_digest_valid(const char *text)
{
    struct checksum ignored;

    return image_digest_parse(text, strlen(text), &ignored) == 0;
}

void image_digest_print(const struct checksum *digest, char out[IMAGE_DIGEST_SIZE])
{
    const char *name = hash_kind_name(digest->kind);
    size_t len = strlen(name);

    CHECK(digest->kind == HASH_SHA256 || digest->kind == HASH_SHA512);
    memcpy(out, name, len);
    out[len] = ':';
    checksum_hex(digest, out + len + 1);
}
