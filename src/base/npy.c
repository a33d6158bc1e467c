/* The header of a .npy file is the text of a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }.
 * It is read word by word with a bounded cursor; keys may come in any order. */
#include "base/npy.h"
#include "base/error.h"
#include "base/file.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *descr;
    size_t bytes;
} types[] = {
    [FV_NPY_F32] = {"<f4", 4}, [FV_NPY_F64] = {"<f8", 8}, [FV_NPY_U8] = {"|u1", 1},
    [FV_NPY_I32] = {"<i4", 4}, [FV_NPY_I64] = {"<i8", 8},
};

enum { MAGIC = 6, LONGEST_HEADER = 65535 };
static const uint8_t magic[MAGIC] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* What is left of the header's text. */
typedef struct words {
    const char *at, *end;
} words;

static bool accept(words *w, const char *word)
{
    const size_t length = strlen(word);

    while (w->at < w->end && (*w->at == ' ' || *w->at == '\n'))
        w->at++;
    if ((size_t)(w->end - w->at) < length || memcmp(w->at, word, length) != 0)
        return false;
    w->at += length;
    return true;
}

static bool number(words *w, size_t *out)
{
    const char *begin;

    accept(w, "");
    *out = 0;
    for (begin = w->at; w->at < w->end && *w->at >= '0' && *w->at <= '9'; w->at++)
        if (__builtin_mul_overflow(*out, (size_t)10, out) || __builtin_add_overflow(*out, (size_t)(*w->at - '0'), out))
            return false;
    return w->at > begin;
}

static bool read_descr(words *w, fv_npy *array, char descr[16])
{
    size_t length = 0;

    if (!accept(w, "'"))
        return false;
    while (w->at < w->end && *w->at != '\'' && length < 15)
        descr[length++] = *w->at++;
    descr[length] = '\0';
    array->type = (fv_npy_type)FV_COUNT(types);
    for (size_t i = 0; i < FV_COUNT(types); i++)
        if (!strcmp(descr, types[i].descr))
            array->type = (fv_npy_type)i;
    return accept(w, "'");
}

static bool read_shape(words *w, fv_npy *array)
{
    if (!accept(w, "("))
        return false;
    for (array->rank = 0; !accept(w, ")"); array->rank++) {
        if (array->rank == FV_NPY_MAX_RANK || !number(w, &array->dim[array->rank]))
            return false;
        if (!accept(w, ",") && (w->at == w->end || *w->at != ')'))
            return false;
    }
    return true;
}

static fv_status read_header(const char *path, words *w, fv_npy *array, fv_error *err)
{
    char descr[16] = "";
    bool fortran = false, has_descr = false, has_order = false, has_shape = false, fine = accept(w, "{");

    while (fine && !accept(w, "}")) {
        if (accept(w, "'descr':"))
            fine = has_descr = read_descr(w, array, descr);
        else if (accept(w, "'fortran_order':"))
            fine = has_order = (fortran = accept(w, "True")) || accept(w, "False");
        else if (accept(w, "'shape':"))
            fine = has_shape = read_shape(w, array);
        else
            fine = false;
        accept(w, ",");
    }
    if (!fine || !has_descr || !has_order || !has_shape)
        return fv_fail(err, FV_E_FORMAT,
                       "%s: the .npy header is not a dictionary of descr, fortran_order and shape "
                       "with at most %d dimensions",
                       path, FV_NPY_MAX_RANK);
    if ((size_t)array->type == FV_COUNT(types))
        return fv_fail(err, FV_E_FORMAT,
                       "%s: elements are of type '%s'; wanted are <f4, <f8, |u1, <i4 or <i8: convert with "
                       "array.astype('float32')",
                       path, descr);
    if (fortran)
        return fv_fail(err, FV_E_FORMAT, "%s: the array is in Fortran order; save numpy.ascontiguousarray(array)",
                       path);
    return FV_OK;
}

static fv_status read(const char *path, fv_npy *array, fv_error *err)
{
    const uint8_t *map = array->map;
    const size_t size = array->map_size;
    size_t header, begin, bytes;
    fv_status status;

    if (size < MAGIC + 4 || memcmp(map, magic, MAGIC) != 0)
        return fv_fail(err, FV_E_FORMAT, "%s: not a .npy file: it does not begin with \\x93NUMPY", path);
    begin = map[MAGIC] == 1 ? MAGIC + 4 : MAGIC + 6;
    if (map[MAGIC] < 1 || map[MAGIC] > 3 || size < begin)
        return fv_fail(err, FV_E_FORMAT, "%s: .npy version %d.%d; 1.0 to 3.0 are read", path, map[MAGIC],
                       map[MAGIC + 1]);
    header = (size_t)map[8] | (size_t)map[9] << 8;
    if (map[MAGIC] > 1)
        header |= (size_t)map[10] << 16 | (size_t)map[11] << 24;
    if (header > LONGEST_HEADER || header > size - begin)
        return fv_fail(err, FV_E_FORMAT,
                       "%s: the .npy header is said to be %zu bytes; the file has %zu and %d are the "
                       "most that is read",
                       path, header, size - begin, LONGEST_HEADER);
    status = read_header(path, &(words){(const char *)map + begin, (const char *)map + begin + header}, array, err);
    if (status)
        return status;

    array->count = 1;
    for (int i = 0; i < array->rank; i++)
        if (__builtin_mul_overflow(array->count, array->dim[i], &array->count))
            return fv_fail(err, FV_E_FORMAT, "%s: the shape has more elements than can be counted", path);
    if (__builtin_mul_overflow(array->count, types[array->type].bytes, &bytes) || bytes != size - begin - header)
        return fv_fail(err, FV_E_FORMAT,
                       "%s: %zu elements of %zu bytes do not fill the %zu bytes behind the header; "
                       "was the file cut short?",
                       path, array->count, types[array->type].bytes, size - begin - header);
    array->data = map + begin + header;
    return FV_OK;
}

fv_status fv_npy_open(const char *path, fv_npy *array, fv_error *err)
{
    fv_status status;

    *array = (fv_npy){0};
    status = fv_file_map(path, &array->map, &array->map_size, err);
    if (status)
        return status;
    status = read(path, array, err);
    if (status)
        fv_npy_close(array);
    return status;
}

void fv_npy_close(fv_npy *array)
{
    fv_file_unmap(array->map, array->map_size);
    *array = (fv_npy){0};
}

static double element(const fv_npy *array, size_t i)
{
    const uint8_t *at = (const uint8_t *)array->data + i * types[array->type].bytes;
    union {
        float f32;
        double f64;
        int32_t i32;
        int64_t i64;
    } v;

    memcpy(&v, at, types[array->type].bytes);
    switch (array->type) {
    case FV_NPY_F32:
        return (double)v.f32;
    case FV_NPY_F64:
        return v.f64;
    case FV_NPY_I32:
        return v.i32;
    case FV_NPY_I64:
        return (double)v.i64;
    case FV_NPY_U8:
        break;
    }
    return *at;
}

void fv_npy_doubles(const fv_npy *array, size_t begin, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = element(array, begin + i);
}

void fv_npy_floats(const fv_npy *array, size_t begin, size_t count, float *out)
{
    if (array->type == FV_NPY_F32)
        memcpy(out, (const uint8_t *)array->data + begin * sizeof *out, count * sizeof *out);
    else
        for (size_t i = 0; i < count; i++)
            out[i] = (float)element(array, begin + i);
}

fv_status fv_npy_write(const char *path, fv_npy_type type, int rank, const size_t *dim, const void *data, fv_error *err)
{
    char header[512];
    size_t count = 1, length;
    int used = snprintf(header + 10, sizeof header - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                        types[type].descr);

    for (int i = 0; i < rank; i++) {
        used += snprintf(header + 10 + used, sizeof header - 10 - (size_t)used, "%zu%s", dim[i],
                         i == 0 || i + 1 < rank ? ", " : "");
        count *= dim[i];
    }
    used += snprintf(header + 10 + used, sizeof header - 10 - (size_t)used, "), }");
    /* Blanks and a line end, so that the data begin at a multiple of 64. */
    length = ((size_t)used + 10 + 1 + 63) / 64 * 64;
    memset(header + 10 + used, ' ', length - 11 - (size_t)used);
    header[length - 1] = '\n';
    memcpy(header, magic, MAGIC);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((length - 10) & 255);
    header[9] = (char)((length - 10) >> 8);
    return fv_file_replace(path, (fv_piece[]){{header, length}, {data, count * types[type].bytes}}, 2, err);
}
