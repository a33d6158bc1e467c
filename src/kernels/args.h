/* The argument blocks of all kernels. Pointers are to reals of the session (float, or double for ref64) unless the type
 * says otherwise. Tensors are dense: activations [n,h,w,c], convolution weights [kernel_h,kernel_w,in_c/groups,out_c]
 * (so a weight is a matrix [depth, cols] with the output channels contiguous), dense weights [depth, cols]. */
#ifndef FV_KERNELS_ARGS_H
#define FV_KERNELS_ARGS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Activations, y = f(x); all their gradients are functions of y alone.
 * FV_ACT_LECUN_TANH is 1.7159 tanh(2x/3) (LeCun et al. 1998, appendix A). ReLU's gradient at 0 is 0, and
 * that of FV_ACT_RELU6 = min(max(x, 0), 6) also at 6. */
typedef enum fv_act { FV_ACT_NONE, FV_ACT_RELU, FV_ACT_TANH, FV_ACT_LECUN_TANH, FV_ACT_SIGMOID, FV_ACT_RELU6 } fv_act;

/* How a kernel's work is cut; a function of shapes alone, never of the thread count. */
typedef struct fv_work {
    size_t items;         /* what begin and end count */
    size_t least_items;   /* fewer than this are not worth a thread of their own */
    size_t parts;         /* partial sums that sum_parts adds afterwards, 1 = none */
    size_t scratch_bytes; /* of one slice */
    bool together;        /* items are not of one sample each, or share more weights than a unit should read alone */
    bool by_samples;      /* items are of one sample each, in order, though this kernel's usually are not */
    size_t rounds;        /* the kernel is called for `items` items so many times, round r for those from r * items on,
                             and each round waits for the one before; 0 = one */
} fv_work;

/* ---- pack: a matrix b [groups][parts][depth, cols] to column panels, the layout gemm and conv read.
 * With `transposed` the source of a matrix is [cols, depth] (row stride ld) and is turned on the way. Panels' widths are
 * the instruction set's business: fv_packed_elements(kernels, depth, cols) elements a matrix. Items are groups x parts x
 * panels. */
typedef struct fv_pack_args {
    const void *b; /* row stride ld; matrix (g, p) begins at g * group_stride + p * part_stride elements */
    void *panels;
    size_t groups, parts, depth, cols, ld, group_stride, part_stride;
    size_t run; /* of half_pack: rows of which two make one of words; depth is that of b. 0 = each row stays one */
    bool transposed;
} fv_pack_args;

/* Depth of the packed matrix. */
static inline size_t fv_pack_depth(const fv_pack_args *a)
{
    return a->run ? a->depth / a->run * ((a->run + 1) / 2) : a->depth;
}

/* ---- half_round: rows of `run` reals to words of two bf16, (run + 1) / 2 a row. Items are rows. half_gemm and
 * half_conv_forward are gemm and conv_forward whose a (x) and b (w) hold words: depths, in_c and strides count words. */
typedef struct fv_round_args {
    const void *x;
    void *out;
    size_t rows, run;
} fv_round_args;

/* ---- gemm: c = act(a b + bias + add) * act_gradient(gate)
 * a [rows, depth] of row stride lda, b packed [depth, cols], bias [cols] or NULL, c [rows, cols] of row stride ldc.
 * add [rows, cols] of row stride ldc, or NULL; it may be c itself.
 * gate [rows, cols] of row stride ldc, or NULL: outputs y of an activation gate_act that was applied to what c is the
 * gradient of. Items are row_blocks x col_blocks, the rows fastest. */
typedef struct fv_gemm_args {
    const void *a, *b, *bias, *add, *gate;
    void *c;
    size_t rows, depth, cols, lda, ldc;
    size_t row_blocks, col_blocks;
    fv_act act, gate_act;
} fv_gemm_args;

/* ---- gemm_tn: c = a^T b, and sums[j] = sum over depth of b[.,j] if sums is not NULL.
 * a [depth, rows] of row stride lda, b [depth, cols] of row stride ldb (not packed), c [rows, cols] dense.
 * With `parts` c and sums are partial sums [parts][..], of runs of the `samples` that depth is made of.
 * Items are parts x row blocks; each reads all of its part's depth, in rising order. */
typedef struct fv_gemm_tn_args {
    const void *a, *b;
    void *c, *sums;
    size_t rows, depth, cols, lda, ldb;
    size_t parts, samples; /* 0 = one part */
    size_t row_blocks;
} fv_gemm_tn_args;

/* ---- convolution. out = (in + pad_begin + pad_end - dilation (kernel - 1) - 1) / stride + 1, rounded down. */
typedef struct fv_conv_geometry {
    size_t n, in_h, in_w, in_c, out_h, out_w, out_c;
    size_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, groups;
    size_t pad_top, pad_left, pad_bottom, pad_right;
} fv_conv_geometry;

/* forward:    y = act(conv(x, w) + bias + add); w packed a group, depth = kernel_h kernel_w in_c/groups, cols = out_c/groups.
 *             Items are images x row blocks (`blocks`).
 * backward_x: dx = gradient for dy + add, times act_gradient(gate) if gate (of x's shape) is given; w packed
 *             *transposed*, in kernel_h parts: a row of a group's kernel is [out_c/groups, kernel_w in_c/groups]. Items
 *             are images. In both, add has the result's shape and may be its memory; NULL = none.
 * backward_w: part p sums its run of images, dw_parts [parts][depth][out_c] and db_parts [parts][out_c] (NULL = no
 *             bias); sum_parts adds them. Items are parts x blocks. With a connection table, entries of pairs that are
 *             not connected are written as 0.
 * table       [in_c, out_c] bytes, 1 = connected, or NULL. */
typedef struct fv_conv_args {
    fv_conv_geometry g;
    const void *x, *w, *bias, *dy, *add, *gate;
    void *y, *dx, *dw_parts, *db_parts;
    const uint8_t *table;
    size_t blocks, parts;
    size_t y_step; /* of forward: elements from one pixel of y and add to the next, 0 = out_c */
    fv_act act, gate_act;
    void *scratch; /* slice s begins at scratch + s * scratch_bytes */
    size_t scratch_bytes;
} fv_conv_args;

/* ---- sum_parts: out[i] = sum over p, rising, of parts[p * count + i]. Items are elements. */
typedef struct fv_sum_args {
    const void *parts;
    void *out;
    size_t count, n_parts;
} fv_sum_args;

/* ---- pooling over [n,h,w,c]; windows may hang over the edge (pads, ceil mode): what lies outside is not there.
 * maxpool: y = act(max of window); argmax[i] = kh * kernel_w + kw of the first maximum in row-major order (one byte an
 *   output; windows have at most 256 cells). backward: the whole gradient goes to the maximum:
 *   dx[argmax] += dy * act_gradient(y). Items are images x blocks (forward: row blocks; backward: 1 block).
 * avgpool: y = sum of window / divisor, where divisor is kernel_h kernel_w if count_pad, else the cells inside the
 *   picture, or 1 if `sum`. Items as maxpool. */
typedef struct fv_pool_args {
    const void *x, *dy, *y; /* y is read by backward (gate) */
    void *out, *dx;         /* out: y of forward */
    uint8_t *argmax;
    size_t n, in_h, in_w, c, out_h, out_w;
    size_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
    size_t blocks;
    fv_act act;
    bool count_pad, sum;
} fv_pool_args;

/* ---- subsample (LeCun 1998, S2 and S4): y = act(weight[c] * sum of kernel x kernel cells + bias[c]), stride = kernel.
 * backward_x: dx = dz weight[c], dz = dy act_gradient(y); backward_w: parts of dweight and dbias [parts][c] each.
 * Items: forward and backward_x images; backward_w parts. */
typedef struct fv_subsample_args {
    const void *x, *weight, *bias, *y, *dy;
    void *out, *dx, *dweight_parts, *dbias_parts;
    size_t n, in_h, in_w, c, out_h, out_w, kernel_h, kernel_w, parts;
    fv_act act;
} fv_subsample_args;

/* ---- elementwise over `count` elements; items are elements. x and out may be the same memory.
 * act_forward: out = act(x). act_backward: out = dy * act_gradient(y). add: out = act(x + b).
 * dropout: out = keep ? x / (1 - rate) : 0, keep from Philox (seed, stream, *step, element / 4)'s word element % 4
 *   as an unsigned number >= rate * 2^32; forward and backward are the same function. */
typedef struct fv_elementwise_args {
    const void *x, *b, *y, *dy;
    void *out;
    size_t count;
    fv_act act;
    double rate;
    uint64_t seed;
    uint32_t stream;
    const uint64_t *step; /* of the session, counts training steps */
} fv_elementwise_args;

/* ---- softmax over rows [n, classes]: out = exp(x - max) / sum. Items are rows. */
typedef struct fv_softmax_args {
    const void *x;
    void *out;
    size_t n, classes;
} fv_softmax_args;

/* ---- losses over rows [n, classes] with labels [n]. `loss` is [n], one value a row; items are rows.
 * cross entropy with label smoothing e: target t = (1 - e) onehot + e / classes (torch.nn.CrossEntropyLoss), where onehot is
 *   share onehot(label) + (1 - share) onehot(other) of samples that were mixed, if `other` [n] is not NULL;
 *   loss = -sum t log softmax(x); dx = (softmax(x) - t) * *scale / n, scale: the gradient of the mean loss.
 *   With `weights` ([classes] reals, NULL = all 1) a row's loss and gradient are taken times its label's weight,
 *   of mixed samples times the mean weight by share.
 * squared: loss = sum (x - onehot)^2 / 2 a row; dx = (x - onehot) * *scale / n.
 * rbf_loss on distances x (LeCun 1998, equations 8 and 9): loss = x[label], and with map also
 *   + log(exp(-j) + sum_i exp(-x_i)); dx = (onehot - [map] exp(-x_i) / (exp(-j) + sum exp(-x))) * *scale / n. */
typedef struct fv_loss_args {
    const void *x, *scale, *weights; /* scale: one real */
    const int32_t *labels, *other;
    const void *share; /* [n] reals beside other */
    void *loss, *dx;
    size_t n, classes;
    double smoothing, j;
    bool map;
} fv_loss_args;

/* ---- rbf: y[n,i] = sum_j (x[n,j] - w[i,j])^2; backward: dx[n,j] = sum_i 2 dy[n,i] (x[n,j] - w[i,j]). Items are rows.
 * w [classes, depth], constant. */
typedef struct fv_rbf_args {
    const void *x, *w, *dy;
    void *y, *dx;
    size_t n, classes, depth;
} fv_rbf_args;

/* ---- optimizer. square_sum: out[p] = sum of squares of part p of x; part sizes depend on count alone
 * (fv_square_parts); items are parts. clip_factor: one item; reads all norms' parts in order, *norm = sqrt(sum),
 * *factor = max_norm > 0 && norm > max_norm ? max_norm / (norm + 1e-6) : 1 (torch.nn.utils.clip_grad_norm_). */
typedef struct fv_square_args {
    const void *x;
    double *out;
    size_t count;
} fv_square_args;

typedef struct fv_clip_args {
    const double *parts;
    size_t n_parts;
    double max_norm;
    void *norm, *factor; /* one real each */
} fv_clip_args;

/* One update of `count` parameters; items are elements. hyper: values of this step, reals:
 * [0] lr, [1] step number from 1. g is multiplied by *factor first (NULL = 1), lr by rate.
 * sgd (torch.optim.SGD): g += decay w; m = first step ? g : momentum m + (1 - dampening) g, dampening 0;
 *   w -= lr * (nesterov ? g + momentum m : m); momentum 0: no m.
 * adam (torch.optim.Adam, AdamW if decoupled): m, v with bias correction. */
typedef struct fv_update_args {
    const void *g, *hyper, *factor;
    void *w, *m, *v;
    size_t count;
    double rate, momentum, decay, beta1, beta2, eps;
    bool nesterov, decoupled;
} fv_update_args;

/* ---- fill: out[i] = value. Items are elements. */
typedef struct fv_fill_args {
    void *out;
    size_t count;
    double value;
} fv_fill_args;

#endif
