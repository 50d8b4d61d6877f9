/* Headers of tar files, made and read back. A header is not parsed field by field: reading takes name and
 * size, makes the header that belongs to them, and compares all 512 bytes. So a header that says anything
 * else, in a mode, a link name or unused bytes, is refused without a check of its own. */
#include "formats/tar.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* Offsets of the header's fields, and the length of its numbers for size and time. */
enum {
    NAME = 0,
    MODE = 100,
    UID = 108,
    GID = 116,
    SIZE = 124,
    TIME = 136,
    SUM = 148,
    TYPE = 156,
    MAGIC = 257,
    MAJOR = 329,
    MINOR = 337,
    SIZE_LEN = 12,
};

#define PLAIN_FILE '0'
/* 1980-01-01, the earliest time that FAT and zip can store. */
#define FIXED_TIME 315532800
#define OCTAL_SIZE_LIMIT (INT64_C(1) << 33)

static void put_octal(unsigned char *field, int digits, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%0*llo", digits, (long long)value);
    memcpy(field, text, (size_t)digits);
}

/* Eleven octal digits hold less than 8 GiB. Above that GNU tar's form is used, which other programs read: the
 * top bit of the first byte is set, the rest is the number, big-endian. */
static void put_size(unsigned char *field, int64_t size_bytes)
{
    if (size_bytes < OCTAL_SIZE_LIMIT) {
        put_octal(field, SIZE_LEN - 1, size_bytes);
        return;
    }
    field[0] = 0x80;
    for (int i = SIZE_LEN - 1; i > 0; i--, size_bytes >>= 8)
        field[i] = size_bytes & 0xff;
}

/* -1 if the field is not a size, or too large for int64_t. A size in another spelling than put_size()'s shows
 * when the header is compared. */
static int64_t get_size(const unsigned char *field)
{
    bool binary = field[0] == 0x80;
    int64_t size_bytes = 0;

    for (int i = binary ? 1 : 0; i < (binary ? SIZE_LEN : SIZE_LEN - 1); i++) {
        int base = binary ? 256 : 8;
        int digit = binary ? field[i] : field[i] - '0';
        if (digit < 0 || digit >= base || size_bytes > (INT64_MAX - digit) / base)
            return -1;
        size_bytes = size_bytes * base + digit;
    }
    return size_bytes;
}

void tar_make_header(unsigned char out[TAR_BLOCK_BYTES], const char *name, int64_t size_bytes)
{
    size_t len = strlen(name);
    int64_t sum = 0;

    CHECK(len > 0 && len <= TAR_NAME_MAX && size_bytes >= 0);
    memset(out, 0, TAR_BLOCK_BYTES);
    memcpy(out + NAME, name, len);
    put_octal(out + MODE, 7, 0644);
    put_octal(out + UID, 7, 0);
    put_octal(out + GID, 7, 0);
    put_size(out + SIZE, size_bytes);
    put_octal(out + TIME, 11, FIXED_TIME);
    memset(out + SUM, ' ', 8); /* the sum is over the header with its own field as spaces */
    out[TYPE] = PLAIN_FILE;
    memcpy(out + MAGIC, "ustar\00000", 8);
    put_octal(out + MAJOR, 7, 0);
    put_octal(out + MINOR, 7, 0);
    for (int i = 0; i < TAR_BLOCK_BYTES; i++)
        sum += out[i];
    put_octal(out + SUM, 6, sum);
    out[SUM + 6] = '\0';
}

int tar_read_header(const unsigned char header[TAR_BLOCK_BYTES], char name[TAR_NAME_MAX + 1],
                    int64_t *size_bytes)
{
    unsigned char expected[TAR_BLOCK_BYTES];
    size_t len = strnlen((const char *)header + NAME, TAR_NAME_MAX);

    *size_bytes = get_size(header + SIZE);
    if (!len || *size_bytes < 0)
        return -1;
    memcpy(name, header + NAME, len);
    name[len] = '\0';
    tar_make_header(expected, name, *size_bytes);
    return memcmp(expected, header, TAR_BLOCK_BYTES) == 0 ? 0 : -1;
}

size_t tar_padding(int64_t size_bytes)
{
    return (size_t)(-size_bytes & (TAR_BLOCK_BYTES - 1));
}
