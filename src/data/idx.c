/* The IDX reader. Nothing is allocated from a length that the bytes at hand cannot bear out: a plain file must have
 * exactly the size that its header promises, and a gzip file's stated size is held against deflate's limit. */
#include "data/idx.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#include <libdeflate.h>
#include <stdio.h>

/* A gzip file ends with its unpacked size modulo 2^32: what is larger cannot be checked, so it is not read. */
static const size_t size_limit = 0xFFFFFFFFu;

/* Deflate packs at most 258 bytes into 2 bits: 1032 to 1. */
enum { DEFLATE_RATIO = 1032, GZIP_SMALLEST = 18 };

static const char *const kinds[4] = {"values", "labels", "values", "pictures"}; /* by rank */

static bool is_gzip(const uint8_t *data, size_t size)
{
    return size >= 2 && data[0] == 0x1F && data[1] == 0x8B;
}

/* Unpack one gzip member of known size into *out. */
static fv_status inflate(const char *path, const uint8_t *packed, size_t packed_size, uint8_t *out, size_t size,
                         fv_error *err)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    enum libdeflate_result result;
    size_t used = 0;

    if (!decompressor)
        return fv_fail(err, FV_E_MEMORY, "%s: no memory to unpack it", path);
    result = libdeflate_gzip_decompress_ex(decompressor, packed, packed_size, out, size, &used, NULL);
    libdeflate_free_decompressor(decompressor);

    if (result == LIBDEFLATE_BAD_DATA)
        return fv_fail(err, FV_E_FORMAT,
                       "%s: gzip data is damaged or cut short (%zu bytes are here); fetch the file again", path,
                       packed_size);
    if (result != LIBDEFLATE_SUCCESS)
        return fv_fail(err, FV_E_FORMAT,
                       "%s: gzip data does not unpack to the %zu bytes that its end states; fetch the file again", path,
                       size);
    if (used != packed_size)
        return fv_fail(err, FV_E_FORMAT, "%s: %zu bytes follow the end of the gzip data at byte %zu; remove them", path,
                       packed_size - used, used);
    return FV_OK;
}

/* Replace *block (gzip) by what it unpacks to. */
static fv_status unpack(const fv_host *host, const char *path, uint8_t **block, size_t *size, fv_error *err)
{
    const uint8_t *packed = *block;
    const size_t packed_size = *size;
    uint8_t *plain;
    size_t plain_size;
    fv_status status;

    if (packed_size < GZIP_SMALLEST)
        return fv_fail(err, FV_E_FORMAT, "%s: gzip data is cut short: %zu bytes, the smallest file has %d", path,
                       packed_size, GZIP_SMALLEST);
    plain_size = (size_t)packed[packed_size - 4] | (size_t)packed[packed_size - 3] << 8 |
                 (size_t)packed[packed_size - 2] << 16 | (size_t)packed[packed_size - 1] << 24;
    if (plain_size / DEFLATE_RATIO > packed_size)
        return fv_fail(
            err, FV_E_FORMAT,
            "%s: gzip data is damaged or cut short: its end states %zu bytes, more than %zu packed bytes can "
            "hold; fetch the file again",
            path, plain_size, packed_size);

    plain = fv_alloc(host, plain_size, 1);
    if (!plain)
        return fv_fail_memory(err, plain_size, path);
    status = inflate(path, packed, packed_size, plain, plain_size, err);
    if (status) {
        fv_release(host, plain);
        return status;
    }
    fv_release(host, *block);
    *block = plain;
    *size = plain_size;
    return FV_OK;
}

static fv_status check_magic(const char *path, uint32_t magic, int rank, fv_error *err)
{
    const uint32_t wanted = 0x800u + (uint32_t)rank;

    if (magic == wanted)
        return FV_OK;
    if (magic == 0x801u || magic == 0x803u)
        return fv_fail(err, FV_E_FORMAT, "%s: holds %s (magic 0x%08X) where %s (0x%08X) are wanted; are files swapped?",
                       path, kinds[magic & 3], magic, kinds[rank], wanted);
    return fv_fail(err, FV_E_FORMAT, "%s: not an IDX file of %s: begins with 0x%08X, wanted 0x%08X", path, kinds[rank],
                   magic, wanted);
}

/* Read the header of `size` bytes at `block` into *out. */
static fv_status parse(const char *path, const uint8_t *block, size_t size, int rank, fv_idx *out, fv_error *err)
{
    fv_cursor cursor = {.data = block, .size = size};
    const uint32_t magic = fv_cursor_be32(&cursor);
    size_t count = 1;
    bool fits = true;
    fv_status status;

    if (cursor.failed)
        return fv_fail(err, FV_E_FORMAT, "%s: %zu bytes, too few for an IDX file", path, size);
    status = check_magic(path, magic, rank, err);
    if (status)
        return status;
    for (int i = 0; i < rank; i++) {
        out->dim[i] = fv_cursor_be32(&cursor);
        fits = fits && fv_mul(count, out->dim[i], &count);
    }
    if (cursor.failed)
        return fv_fail(err, FV_E_FORMAT, "%s: %zu bytes, too few for the header of an IDX file of %s", path, size,
                       kinds[rank]);

    if (!fits || count != fv_cursor_left(&cursor)) {
        char shape[96];
        int length = 0;

        for (int i = 0; i < rank; i++)
            length += snprintf(shape + length, sizeof shape - (size_t)length, "%s%zu", i ? "x" : "", out->dim[i]);
        return fv_fail(err, FV_E_FORMAT,
                       "%s: its header promises %s values, the file holds %zu; it is %s, fetch it again", path, shape,
                       fv_cursor_left(&cursor), fits && count < fv_cursor_left(&cursor) ? "too long" : "cut short");
    }
    if (count == 0)
        return fv_fail(err, FV_E_FORMAT, "%s: holds no %s: its header says %zu", path, kinds[rank], out->dim[0]);
    out->values = cursor.data + cursor.at;
    out->count = count;
    return FV_OK;
}

fv_status fv_idx_read(const fv_host *host, const char *path, int rank, fv_idx *out, fv_error *err)
{
    uint8_t *block = NULL;
    size_t size = 0;
    fv_status status = fv_file_read(host, path, size_limit, &block, &size, err);

    *out = (fv_idx){0};
    if (!status && is_gzip(block, size))
        status = unpack(host, path, &block, &size, err);
    if (!status)
        status = parse(path, block, size, rank, out, err);
    if (status) {
        fv_release(host, block);
        *out = (fv_idx){0};
        return status;
    }
    out->block = block;
    return FV_OK;
}
