/* A compressed stream is one zstd frame and its seal: a skippable frame (RFC 8878 section 3.1.2) with the
 * SHA-256 of the first. The frame's own checksum does not cover its headers: there are bits that can change
 * without a change of what comes out. */
#include "admin/transfer/bundle_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/check.h"
#include "base/memory.h"

#define BUFFER_BYTES (1 << 20)
/* Each worker of zstd has buffers of its own. */
#define WORKERS_MAX 4
#define MAGIC_BYTES 4
#define SEAL_BYTES (8 + 32)

static const unsigned char frame_magic[MAGIC_BYTES] = {0x28, 0xb5, 0x2f, 0xfd};
/* Magic of a skippable frame, and its length in little-endian order. */
static const unsigned char seal_head[8] = {0x59, 0x2a, 0x4d, 0x18, 32, 0, 0, 0};

static void make_seal(struct hasher *hasher, unsigned char out[SEAL_BYTES])
{
    struct checksum sum;

    hasher_final(hasher, &sum);
    memcpy(out, seal_head, sizeof(seal_head));
    memcpy(out + sizeof(seal_head), sum.bytes, 32);
}

/* ---- out ---- */

struct stream_out {
    struct bundle_output output;
    char *data; /* not yet written, or compressed */
    size_t len;
    ZSTD_CCtx *zstd; /* NULL: plain */
    char *packed;
    struct hasher *hasher; /* of the frame */
};

struct stream_out *stream_out_new(const struct bundle_output *output, int compress)
{
    struct stream_out *out = xcalloc(1, sizeof(*out));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    out->output = *output;
    out->data = xmalloc(BUFFER_BYTES);
    if (!compress)
        return out;
    out->zstd = ZSTD_createCCtx();
    out->packed = xmalloc(BUFFER_BYTES);
    out->hasher = hasher_new(HASH_SHA256);
    CHECK(out->zstd);
    ZSTD_CCtx_setParameter(out->zstd, ZSTD_c_compressionLevel, compress);
    /* For `zstd -t` and others that know nothing of the seal. */
    ZSTD_CCtx_setParameter(out->zstd, ZSTD_c_checksumFlag, 1);
    /* Without effect where the library was built without threads. */
    if (processors > 1)
        ZSTD_CCtx_setParameter(out->zstd, ZSTD_c_nbWorkers,
                               processors < WORKERS_MAX ? (int)processors : WORKERS_MAX);
    return out;
}

void stream_out_free(struct stream_out **out_)
{
    struct stream_out *out = take_ptr(out_);

    if (!out)
        return;
    ZSTD_freeCCtx(out->zstd);
    hasher_free(out->hasher);
    free(out->packed);
    free(out->data);
    free(out);
}

/* Hands on what zstd makes of the buffer; at the end, all that it has. */
static int stream_out_compress(struct stream_out *out, bool end)
{
    ZSTD_inBuffer from = {out->data, out->len, 0};
    size_t left;
    int error;

    do {
        ZSTD_outBuffer to = {out->packed, BUFFER_BYTES, 0};
        left = ZSTD_compressStream2(out->zstd, &to, &from, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return -ENOMEM; /* the only reason it can fail for here */
        hasher_update(out->hasher, out->packed, to.pos);
        /* A write of no bytes could be taken for the end. */
        error = to.pos ? out->output.write(out->output.arg, out->packed, to.pos) : 0;
    } while (!error && (end ? left > 0 : from.pos < from.size));
    return error;
}

static int stream_out_empty(struct stream_out *out)
{
    int error =
        out->zstd ? stream_out_compress(out, false) : out->output.write(out->output.arg, out->data, out->len);

    out->len = 0;
    return error;
}

int stream_out_space(struct stream_out *out, char **space, size_t *len)
{
    int error = out->len == BUFFER_BYTES ? stream_out_empty(out) : 0;

    *space = out->data + out->len;
    *len = BUFFER_BYTES - out->len;
    return error;
}

void stream_out_filled(struct stream_out *out, size_t len)
{
    CHECK(len <= BUFFER_BYTES - out->len);
    out->len += len;
}

int stream_out_write(struct stream_out *out, const void *data, size_t len)
{
    const char *from = data;
    char *space;
    size_t left;

    while (len > 0) {
        int error = stream_out_space(out, &space, &left);
        if (error)
            return error;
        size_t part = len < left ? len : left;
        memcpy(space, from, part);
        stream_out_filled(out, part);
        from += part;
        len -= part;
    }
    return 0;
}

int stream_out_end(struct stream_out *out)
{
    unsigned char seal[SEAL_BYTES];

    /* Plain bundles have no seal: the manifest's digest, and through it all others, are in the first
     * header. */
    if (!out->zstd)
        return out->len ? stream_out_empty(out) : 0;
    int error = stream_out_compress(out, true);
    if (error)
        return error;
    make_seal(out->hasher, seal);
    return out->output.write(out->output.arg, seal, sizeof(seal));
}

/* ---- in ---- */

struct stream_in {
    struct bundle_input input;
    char *data;
    size_t at, len; /* what is left of `data` */
    bool begun;
    bool ended;      /* the input has */
    ZSTD_DCtx *zstd; /* NULL: plain */
    struct hasher *hasher;
    bool sealed; /* the frame has ended, and its seal is right */
};

struct stream_in *stream_in_new(const struct bundle_input *input)
{
    struct stream_in *in = xcalloc(1, sizeof(*in));

    in->input = *input;
    in->data = xmalloc(BUFFER_BYTES);
    return in;
}

void stream_in_free(struct stream_in **in_)
{
    struct stream_in *in = take_ptr(in_);

    if (!in)
        return;
    ZSTD_freeDCtx(in->zstd);
    hasher_free(in->hasher);
    free(in->data);
    free(in);
}

static ssize_t stream_in_pull(struct stream_in *in, void *data, size_t max)
{
    ssize_t got = in->ended ? 0 : in->input.read(in->input.arg, data, max);

    /* The end is remembered: a terminal that is read again would wait for more. */
    in->ended |= got == 0;
    return got;
}

/* Fills the buffer to at least `least` bytes, unless the input ends before. Returns 0, or negative errno. */
static int stream_in_fill(struct stream_in *in, size_t least)
{
    if (in->len - in->at >= least)
        return 0;
    memmove(in->data, in->data + in->at, in->len - in->at);
    in->len -= in->at;
    in->at = 0;
    while (in->len < least && !in->ended) {
        ssize_t got = stream_in_pull(in, in->data + in->len, BUFFER_BYTES - in->len);
        if (got < 0)
            return (int)got;
        in->len += (size_t)got;
    }
    return 0;
}

/* Sees by the first bytes whether the stream is compressed: its name may be wrong, and a pipe has none. */
static int stream_in_begin(struct stream_in *in)
{
    int error = stream_in_fill(in, MAGIC_BYTES);

    if (error)
        return error;
    in->begun = true;
    /* Anything that is not a zstd frame is taken as plain: the reader says best what is wrong with it. */
    if (in->len < MAGIC_BYTES || memcmp(in->data, frame_magic, MAGIC_BYTES) != 0)
        return 0;
    in->zstd = ZSTD_createDCtx();
    CHECK(in->zstd);
    in->hasher = hasher_new(HASH_SHA256);
    return 0;
}

static int stream_in_check_seal(struct stream_in *in)
{
    unsigned char seal[SEAL_BYTES];
    int error = stream_in_fill(in, SEAL_BYTES);
    size_t left = in->len - in->at;

    if (error)
        return error;
    make_seal(in->hasher, seal);
    if (!left)
        return -ENOTSUP;
    /* As much as there is: of a wrong seal that is also cut off, "altered" is the better advice. */
    if (memcmp(in->data + in->at, seal, left < SEAL_BYTES ? left : SEAL_BYTES) != 0)
        return -EBADMSG;
    if (left < SEAL_BYTES)
        return -ENODATA;
    in->at += SEAL_BYTES;
    in->sealed = true;
    /* Nothing may follow the seal: RFC 8878 allows further frames, which zstd would append to the output. */
    error = stream_in_fill(in, 1);
    return error ? error : in->at < in->len ? -EBADMSG : 0;
}

static ssize_t stream_in_read_packed(struct stream_in *in, void *data, size_t len)
{
    ZSTD_outBuffer to = {data, len, 0};

    /* Whoever reads on after the last byte of the frame gets 0, once the seal was right. */
    while (to.pos < len && !in->sealed) {
        size_t before = to.pos;
        int error = stream_in_fill(in, 1);
        if (error)
            return error;
        ZSTD_inBuffer from = {in->data + in->at, in->len - in->at, 0};
        size_t left = ZSTD_decompressStream(in->zstd, &to, &from);
        if (ZSTD_isError(left))
            return -EBADMSG;
        hasher_update(in->hasher, in->data + in->at, from.pos);
        in->at += from.pos;
        /* Without input zstd may still have output of its own: the stream is cut off only if it has
         * neither. */
        if (left == 0)
            error = stream_in_check_seal(in);
        else if (!from.size && to.pos == before)
            error = -ENODATA;
        if (error)
            return error;
    }
    return (ssize_t)to.pos;
}

static ssize_t stream_in_read_plain(struct stream_in *in, char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t left = in->len - in->at;
        size_t part = left < len - done ? left : len - done;
        memcpy(data + done, in->data + in->at, part);
        in->at += part;
        done += part;
        if (done == len)
            break;
        /* A large piece need not go through the buffer: an import reads 1 MiB at a time. */
        bool direct = len - done >= BUFFER_BYTES;
        in->at = in->len = 0;
        ssize_t got =
            direct ? stream_in_pull(in, data + done, len - done) : stream_in_pull(in, in->data, BUFFER_BYTES);
        if (got < 0)
            return got;
        if (direct)
            done += (size_t)got;
        else
            in->len = (size_t)got;
        if (!got)
            break;
    }
    return (ssize_t)done;
}

ssize_t stream_in_read(struct stream_in *in, void *data, size_t len)
{
    int error = in->begun ? 0 : stream_in_begin(in);

    if (error)
        return error;
    return in->zstd ? stream_in_read_packed(in, data, len) : stream_in_read_plain(in, data, len);
}
