/* Kernels over single elements: activations, addition, dropout, fill. Bound by memory, but for tanh and the sigmoid.
 * Items are elements; each result depends on its own element alone, so any cut gives the same bits. */
#include "base/random.h"
#include "kernels/act.h"
#include "kernels/square.h"

FV_INLINE void forward_loop(fv_act act, const real *x, real *out, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(out + i, vec_act(act, vec_load(x + i)));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(out + i, vec_act(act, vec_load_m(x + i, m)), m);
    }
}

void FV_FN(act_run)(fv_act act, const real *x, real *out, size_t n)
{
    if (act == FV_ACT_NONE && x == out)
        return;
    FV_ACT_SWITCH(act, forward_loop, x, out, n);
}

FV_INLINE void backward_loop(fv_act act, const real *y, const real *dy, real *out, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(out + i, vec_act_back(act, vec_load(y + i), vec_load(dy + i)));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(out + i, vec_act_back(act, vec_load_m(y + i, m), vec_load_m(dy + i, m)), m);
    }
}

void FV_FN(act_back_run)(fv_act act, const real *y, const real *dy, real *out, size_t n)
{
    if (act == FV_ACT_NONE && dy == out)
        return;
    FV_ACT_SWITCH(act, backward_loop, y, dy, out, n);
}

void FV_FN(act_forward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    FV_FN(act_run)(a->act, (const real *)a->x + begin, (real *)a->out + begin, end - begin);
}

void FV_FN(act_backward)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;

    (void)slice;
    FV_FN(act_back_run)
    (a->act, (const real *)a->y + begin, (const real *)a->dy + begin, (real *)a->out + begin, end - begin);
}

FV_INLINE void add_loop(fv_act act, const real *x, const real *b, real *out, size_t n)
{
    size_t i = 0;

    for (; i + FV_LANES <= n; i += FV_LANES)
        vec_store(out + i, vec_act(act, vec_load(x + i) + vec_load(b + i)));
    if (i < n) {
        const vmask m = vec_mask(n - i);

        vec_store_m(out + i, vec_act(act, vec_load_m(x + i, m) + vec_load_m(b + i, m)), m);
    }
}

void FV_FN(add)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;
    const real *x = (const real *)a->x + begin, *b = (const real *)a->b + begin;
    real *out = (real *)a->out + begin;

    (void)slice;
    FV_ACT_SWITCH(a->act, add_loop, x, b, out, end - begin);
}

/* Four elements share the four words of one Philox counter. Elements [begin, end) one counter after another. */
static void dropout_some(const fv_elementwise_args *a, uint64_t least, real scale, size_t begin, size_t end)
{
    const real *x = a->x;
    real *out = a->out;

    for (size_t i = begin; i < end;) {
        const size_t last = i - i % 4 + 4 < end ? i - i % 4 + 4 : end;
        uint32_t words[4];

        fv_philox(a->seed, a->stream, (uint32_t)*a->step, i / 4, words);
        for (; i < last; i++)
            out[i] = words[i % 4] >= least ? x[i] * scale : 0;
    }
}

#if FV_LANES > 1
/* fv_philox of the counters from `index` on, as they fill two vectors. A counter's words lie in the low halves of four wide
 * lanes; what the high halves hold meanwhile does not reach them. */
FV_INLINE void philox(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index, ivec words[2])
{
    const wvec low = (wvec){0} + 0xffffffffu, m0 = (wvec){0} + 0xD2511F53u, m1 = (wvec){0} + 0xCD9E8D57u;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    wvec c0 = {0}, c1, c2 = (wvec){0} + step, c3 = (wvec){0} + stream;

    FV_EACH (lane, FV_LANES / 2)
        c0[lane] = lane;
    c0 += index;
    c1 = c0 >> 32;
    FV_EACH (round, 10) {
        const wvec p0 = wvec_product(c0, m0), p1 = wvec_product(c2, m1);

        c0 = p1 >> 32 ^ c1 ^ ((wvec){0} + k0);
        c1 = p1;
        c2 = p0 >> 32 ^ c3 ^ ((wvec){0} + k1);
        c3 = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }

    const ivec first = (ivec)((c0 & low) | c1 << 32), second = (ivec)((c2 & low) | c3 << 32);

#define WORD(lane, from) ((lane) % 4 / 2 * FV_LANES + (from) + (lane) / 4 * 2 + (lane) % 2)
    words[0] = __builtin_shufflevector(first, second, LANES(WORD, 0));
    words[1] = __builtin_shufflevector(first, second, LANES(WORD, FV_LANES / 2));
#undef WORD
}
#endif

void FV_FN(dropout)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_elementwise_args *a = args;
    const double threshold = a->rate * 4294967296.0;
    const uint64_t least = (uint64_t)ceil(threshold); /* word >= threshold, in integers */
    const real scale = (real)(1 / (1 - a->rate));
    size_t i = begin;

    (void)slice;
#if FV_LANES > 1
    const ivec reach = ivec_all((int32_t)(uint32_t)least);
    const real *x = a->x;
    real *out = a->out;

    i = (begin + 3) / 4 * 4 < end ? (begin + 3) / 4 * 4 : end; /* a counter's first element */
    dropout_some(a, least, scale, begin, i);
    for (; i + 2 * FV_LANES <= end; i += 2 * FV_LANES) {
        ivec words[2];

        philox(a->seed, a->stream, (uint32_t)*a->step, i / 4, words);
        FV_EACH (j, 2) {
            const vec v = vec_load(x + i + j * FV_LANES) * vec_all(scale);

            vec_store(out + i + j * FV_LANES, vec_select(ivec_reaches(words[j], reach), v, vec_all(0)));
        }
    }
#endif
    dropout_some(a, least, scale, i, end);
}

void FV_FN(fill)(const void *args, size_t begin, size_t end, size_t slice)
{
    const fv_fill_args *a = args;
    const vec v = vec_all((real)a->value);
    real *out = a->out;

    (void)slice;
    for (size_t i = begin; i < end; i += FV_LANES)
        vec_store_m(out + i, v, vec_mask(vec_lanes(i, end)));
}
