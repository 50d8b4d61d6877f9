/* State: the algorithms of OpenSSL, fetched once by the first caller; a hasher belongs to one thread. */
#include "base/digest.h"

#include <blake2.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"

static const struct {
    const char *name;
    size_t bytes;
} kinds[] = {
#define X(id, name, bytes) {name, bytes},
    HASH_TABLE(X)
#undef X
};

/* The official file paths spell a BLAKE2b of 32 bytes. OpenSSL 3.0 has only the one of 64, whose first half
 * is another hash; so that one is libb2's. */
struct hasher {
    enum hash_kind kind;
    EVP_MD_CTX *evp; /* NULL for BLAKE2b-256 */
    blake2b_state blake;
};

/* EVP_sha256() would make OpenSSL fetch the algorithm for every hash, which costs more than hashing a small
 * file. NULL where this machine's OpenSSL does not offer one (MD5 under a FIPS policy). */
static EVP_MD *methods[HASH_KINDS];
static pthread_once_t methods_once = PTHREAD_ONCE_INIT;

static void fetch_methods(void)
{
    static const char *const names[HASH_KINDS] = {
        [HASH_SHA256] = "SHA256", [HASH_SHA512] = "SHA512", [HASH_SHA384] = "SHA384",
        [HASH_SHA224] = "SHA224", [HASH_SHA1] = "SHA1",     [HASH_BLAKE2B] = "BLAKE2B-512",
        [HASH_MD5] = "MD5",
    };

    for (int i = 0; i < HASH_KINDS; i++)
        if (names[i])
            methods[i] = EVP_MD_fetch(NULL, names[i], NULL);
    CHECK(methods[HASH_SHA256]);
}

int hash_kind_by_name(const char *name, size_t len)
{
    pthread_once(&methods_once, fetch_methods);
    for (int i = 0; name && i < HASH_KINDS; i++)
        if ((methods[i] || i == HASH_BLAKE2B_256) && strlen(kinds[i].name) == len &&
            strncasecmp(kinds[i].name, name, len) == 0)
            return i;
    return -1;
}

const char *hash_kind_name(enum hash_kind kind)
{
    return kinds[kind].name;
}

struct hasher *hasher_new(enum hash_kind kind)
{
    struct hasher *hasher = xcalloc(1, sizeof(*hasher));

    pthread_once(&methods_once, fetch_methods);
    hasher->kind = kind;
    if (kind != HASH_BLAKE2B_256) {
        hasher->evp = EVP_MD_CTX_new();
        CHECK(hasher->evp);
    }
    hasher_reset(hasher);
    return hasher;
}

void hasher_free(struct hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->evp);
    free(hasher);
}

void hasher_reset(struct hasher *hasher)
{
    if (hasher->evp)
        CHECK(EVP_DigestInit_ex2(hasher->evp, methods[hasher->kind], NULL) == 1);
    else
        CHECK(blake2b_init(&hasher->blake, 32) == 0);
}

void hasher_update(struct hasher *hasher, const void *data, size_t len)
{
    if (hasher->evp)
        CHECK(EVP_DigestUpdate(hasher->evp, data, len) == 1);
    else
        CHECK(blake2b_update(&hasher->blake, data, len) == 0);
}

void hasher_final(struct hasher *hasher, struct checksum *out)
{
    memset(out, 0, sizeof(*out));
    out->kind = hasher->kind;
    if (hasher->evp)
        CHECK(EVP_DigestFinal_ex(hasher->evp, out->bytes, NULL) == 1);
    else
        CHECK(blake2b_final(&hasher->blake, out->bytes, 32) == 0);
}

void digest_of(const void *data, size_t len, struct digest *out)
{
    struct hasher *hasher = hasher_new(HASH_SHA256);
    struct checksum sum;

    hasher_update(hasher, data, len);
    hasher_final(hasher, &sum);
    hasher_free(hasher);
    memcpy(out->bytes, sum.bytes, sizeof(out->bytes));
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int digest_compare(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

void digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE])
{
    text_hex(digest->bytes, sizeof(digest->bytes), out);
}

void digest_hex_of(const void *data, size_t len, char out[DIGEST_HEX_SIZE])
{
    struct digest digest;

    digest_of(data, len, &digest);
    digest_hex(&digest, out);
}

int digest_parse(const char *hex, size_t len, struct digest *out)
{
    return text_unhex(hex, len, out->bytes, sizeof(out->bytes));
}

int checksum_parse(enum hash_kind kind, const char *hex, size_t len, struct checksum *out)
{
    memset(out, 0, sizeof(*out));
    out->kind = kind;
    return text_unhex(hex, len, out->bytes, kinds[kind].bytes);
}

bool checksum_equal(const struct checksum *a, const struct checksum *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, kinds[a->kind].bytes) == 0;
}

void checksum_hex(const struct checksum *checksum, char *out)
{
    text_hex(checksum->bytes, kinds[checksum->kind].bytes, out);
}
