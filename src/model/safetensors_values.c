/* Element types of safetensors: names, sizes, and floating-point values from bytes at any alignment. */
#include "base/error.h"
#include "base/text.h"
#include "model/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Floats are mapped, copied and written as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors is little-endian, and so must this machine be");

static const struct {
    const char *name;
    uint32_t bits;
} types[] = {
#define TYPE(name, bits) [FV_ST_##name] = {#name, bits},
    FV_ST_TYPES(TYPE)
#undef TYPE
};

const char *fv_st_type_name(fv_st_type type)
{
    return (size_t)type < FV_COUNT(types) ? types[type].name : "?";
}

uint32_t fv_st_type_bits(fv_st_type type)
{
    return (size_t)type < FV_COUNT(types) ? types[type].bits : 0;
}

bool fv_st_bytes(const fv_st_tensor *t, uint64_t *bytes)
{
    uint64_t bits = 1;

    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(bits, t->dim[i], &bits))
            return false;
    if (__builtin_mul_overflow(bits, (uint64_t)fv_st_type_bits(t->type), &bits) || bits % 8)
        return false;
    *bytes = bits / 8;
    return true;
}

const char *fv_st_shape_text(const fv_st_tensor *t, char buf[FV_ST_SHAPE_TEXT])
{
    size_t at = 0;

    if (t->rank <= 0)
        snprintf(buf, FV_ST_SHAPE_TEXT, "scalar");
    for (int i = 0; i < t->rank && i < FV_ST_RANK; i++)
        at += (size_t)snprintf(buf + at, FV_ST_SHAPE_TEXT - at, "%s%" PRIu64, i ? "x" : "", t->dim[i]);
    return buf;
}

static uint64_t little(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = bytes; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 half: sign, 5 bits of exponent (bias 15), 10 of fraction. Subnormals are fraction x 2^-24, exact in float.
 */
static float half(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;

    if (exponent == 0)
        return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
    return float_of(sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13);
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One element; all four types are exact in double. */
static double element(fv_st_type type, const uint8_t *p)
{
    if (type == FV_ST_F64)
        return double_of(little(p, 8));
    if (type == FV_ST_F32)
        return float_of((uint32_t)little(p, 4));
    if (type == FV_ST_F16)
        return half((uint16_t)little(p, 2));
    return float_of((uint32_t)little(p, 2) << 16); /* BF16: the upper half of a float */
}

static fv_status check_range(const fv_st_tensor *t, uint64_t first, size_t count, fv_error *err)
{
    char quoted[FV_QUOTE];
    const size_t size = fv_st_type_bits(t->type) / 8;
    const uint64_t elements = size ? t->bytes / size : 0;

    fv_text_quote(quoted, t->name, strlen(t->name));
    if (t->type != FV_ST_F64 && t->type != FV_ST_F32 && t->type != FV_ST_F16 && t->type != FV_ST_BF16)
        return fv_fail(err, FV_E_UNSUPPORTED, "tensor '%s' is %s, wanted F64, F32, F16 or BF16", quoted,
                       fv_st_type_name(t->type));
    if (first > elements || count > elements - first)
        return fv_fail(err, FV_E_RANGE, "tensor '%s' has %" PRIu64 " elements, wanted %zu from %" PRIu64, quoted,
                       elements, count, first);
    return FV_OK;
}

fv_status fv_st_read_float(const fv_st_tensor *t, uint64_t first, size_t count, float *out, fv_error *err)
{
    const size_t size = fv_st_type_bits(t->type) / 8;
    const fv_status status = check_range(t, first, count, err);
    const uint8_t *data;

    if (status != FV_OK || count == 0)
        return status;
    data = t->data + (size_t)first * size;
    if (t->type == FV_ST_F32)
        memcpy(out, data, count * sizeof *out);
    else
        for (size_t i = 0; i < count; i++)
            out[i] = (float)element(t->type, data + i * size);
    return FV_OK;
}

fv_status fv_st_read_double(const fv_st_tensor *t, uint64_t first, size_t count, double *out, fv_error *err)
{
    const size_t size = fv_st_type_bits(t->type) / 8;
    const fv_status status = check_range(t, first, count, err);
    const uint8_t *data;

    if (status != FV_OK || count == 0)
        return status;
    data = t->data + (size_t)first * size;
    for (size_t i = 0; i < count; i++)
        out[i] = element(t->type, data + i * size);
    return FV_OK;
}

const float *fv_st_floats(const fv_st_tensor *t)
{
    const void *data = t->data;

    return t->type == FV_ST_F32 && (uintptr_t)data % _Alignof(float) == 0 ? data : NULL;
}
