/* Digests: SHA-256 names blobs; the other algorithms only check what an upstream's page or path promises. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Algorithms a page, a path or a registry may name. Names as in PEP 503 fragments and PEP 691 "hashes". */
#define HASH_TABLE(X)                      \
    X(HASH_SHA256, "sha256", 32)           \
    X(HASH_BLAKE2B_256, "blake2b_256", 32) \
    X(HASH_SHA512, "sha512", 64)           \
    X(HASH_SHA384, "sha384", 48)           \
    X(HASH_SHA224, "sha224", 28)           \
    X(HASH_BLAKE2B, "blake2b", 64)         \
    X(HASH_SHA1, "sha1", 20)               \
    X(HASH_MD5, "md5", 16)

enum hash_kind {
#define X(id, name, bytes) id,
    HASH_TABLE(X)
#undef X
        HASH_KINDS
};

#define HASH_MAX_BYTES 64
#define DIGEST_HEX_SIZE 65 /* 64 hex digits and NUL */

/* A SHA-256: the name of a blob. A plain value. */
struct digest {
    unsigned char bytes[32];
};

/* The hash that the content of a file must have. */
struct checksum {
    enum hash_kind kind;
    unsigned char bytes[HASH_MAX_BYTES];
};

/* NULL-safe look-up by name ("sha256"); negative when unknown, or when this machine's OpenSSL does not offer
 * it (MD5 under a FIPS policy). */
int hash_kind_by_name(const char *name, size_t len);
const char *hash_kind_name(enum hash_kind kind);

struct hasher;
struct hasher *hasher_new(enum hash_kind kind);
void hasher_free(struct hasher *hasher);
void hasher_reset(struct hasher *hasher);
void hasher_update(struct hasher *hasher, const void *data, size_t len);
/* Writes the hash; the hasher must be reset before further use. */
void hasher_final(struct hasher *hasher, struct checksum *out);

void digest_of(const void *data, size_t len, struct digest *out);
bool digest_equal(const struct digest *a, const struct digest *b);
/* As memcmp(): the order of the index and of sorted folders. */
int digest_compare(const struct digest *a, const struct digest *b);
void digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE]);
/* digest_of() as text. */
void digest_hex_of(const void *data, size_t len, char out[DIGEST_HEX_SIZE]);
/* Exactly 64 lower- or upper-case hex digits. Returns 0, or -1. */
int digest_parse(const char *hex, size_t len, struct digest *out);
/* Exactly the algorithm's number of hex digits. Returns 0, or -1. */
int checksum_parse(enum hash_kind kind, const char *hex, size_t len, struct checksum *out);
bool checksum_equal(const struct checksum *a, const struct checksum *b);
/* out must hold 2 * HASH_MAX_BYTES + 1. */
void checksum_hex(const struct checksum *checksum, char *out);

#endif
