/* Names of container images: OCI distribution specification 1.1, "Pulling manifests", and OCI image
 * specification, "Digests". Pure functions; text that they refuse is never put into a URL, a key or a log
 * line. */
#ifndef FORMATS_OCI_IMAGE_H
#define FORMATS_OCI_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"

#define IMAGE_NAME_MAX_BYTES 255
#define IMAGE_TAG_MAX_BYTES 128

/* "library/nginx": [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/...)*, at most IMAGE_NAME_MAX_BYTES. */
bool image_name_valid(const char *text, size_t len);
/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
bool image_tag_valid(const char *text, size_t len);
/* The name of a registry as written before a repository: a host, perhaps with a port. "localhost", or with a
 * "." or ":" in it; an IPv6 address in brackets. A repository's first word may look the same ("my.app"). */
bool image_registry_like(const char *text, size_t len);

/* "sha256:<64 hex>", "sha512:<128 hex>", hex digits in lower case. Returns 0; -1 if it is not a digest, or of
 * another algorithm, with *out untouched. */
int image_digest_parse(const char *text, size_t len, struct checksum *out);
bool image_digest_valid(const char *text);
/* The longest: "sha512:" and 128 digits and a NUL. */
#define IMAGE_DIGEST_SIZE (7 + 2 * HASH_MAX_BYTES + 1)
/* The digest must be of one of these two algorithms. */
void image_digest_print(const struct checksum *digest, char out[IMAGE_DIGEST_SIZE]);

#endif
