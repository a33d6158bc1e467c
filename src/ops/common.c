#include "ops/common.h"

const char *const fv_init_words[] = {"he", "glorot", "lecun", "lecun98", "torch", "normal", NULL};

size_t fv_window_count(const fv_window *window, size_t in, bool ceil)
{
    const size_t reach = window->dilation * (window->kernel - 1) + 1, padded = in + window->begin + window->end;
    size_t count;

    if (padded < reach)
        return 0;
    count = (padded - reach) / window->stride + 1;
    if (ceil && (padded - reach) % window->stride && count * window->stride < in + window->begin)
        count++;
    return count;
}

void fv_windows(const size_t kernel[2], const size_t stride[2], const size_t dilation[2], const fv_pad *pad,
                fv_window out[2])
{
    const size_t begin[2] = {pad->top, pad->left}, end[2] = {pad->bottom, pad->right};

    for (int i = 0; i < 2; i++) {
        const size_t all = dilation[i] * (kernel[i] - 1);

        out[i] = (fv_window){kernel[i], stride[i], dilation[i], begin[i], end[i]};
        if (pad->same) {
            out[i].begin = all / 2;
            out[i].end = all - all / 2;
        }
    }
}

void fv_window_facts(const fv_window window[2], fv_facts *facts)
{
    for (int i = 0; i < 2; i++) {
        facts->kernel[i] = window[i].kernel;
        facts->stride[i] = window[i].stride;
        facts->dilation[i] = window[i].dilation;
        facts->pad_begin[i] = window[i].begin;
        facts->pad_end[i] = window[i].end;
    }
}

int fv_weight_params(const fv_init_attrs *init, fv_param list[FV_MAX_PARAMS], fv_shape shape, int file_rank,
                     double fan_in, double fan_out)
{
    const bool follows = init->init == FV_INIT_TORCH || init->init == FV_INIT_LECUN98; /* biases as the weights */

    list[0] = (fv_param){.suffix = "weight",
                         .shape = shape,
                         .file_rank = file_rank,
                         .file_order = {3, 2, 0, 1},
                         .fan_in = fan_in,
                         .fan_out = fan_out,
                         .init = (fv_init)init->init,
                         .init_value = init->std,
                         .decay = true};
    if (init->nobias)
        return 1;
    list[1] = (fv_param){.suffix = "bias",
                         .shape = fv_shape1(fv_channels(&shape)),
                         .file_rank = 1,
                         .fan_in = fan_in,
                         .fan_out = fan_out,
                         .init = follows ? (fv_init)init->init : FV_INIT_VALUE,
                         .init_value = init->bias};
    return 2;
}

fv_status fv_shape_like_first(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    (void)node;
    (void)dtype;
    (void)err;
    out[0] = in[0];
    return FV_OK;
}

fv_status fv_shape_of_input(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    const fv_shape *x = node->attrs;

    (void)in;
    (void)dtype;
    (void)err;
    out[0] = *x;
    return FV_OK;
}

void fv_lower_elementwise(fv_lower *lower, const fv_node *node, fv_kernel_id kernel, fv_elementwise_args args,
                          const fv_bind *binds, size_t n_binds, double reads)
{
    const size_t count = fv_elements(fv_lower_shape(lower, node->out[0]));
    const size_t real = fv_lower_kernels(lower)->real_bytes;
    const fv_cost cost = {(double)count, (reads + 1) * (double)count * (double)real};

    args.count = count;
    fv_lower_step(lower, kernel, &args, sizeof args, fv_work_items(count, 2 * real), binds, n_binds, 0, cost);
}

void fv_lower_sum(fv_lower *lower, fv_value parts, size_t n_parts, fv_value out, size_t count)
{
    const size_t real = fv_lower_kernels(lower)->real_bytes;
    const fv_sum_args args = {.count = count, .n_parts = n_parts};
    const fv_bind binds[] = {FV_BIND(fv_sum_args, parts, parts), FV_BIND(fv_sum_args, out, out)};
    const double elements = (double)count * (double)n_parts;

    fv_lower_step(lower, FV_K_sum_parts, &args, sizeof args, fv_work_items(count, (n_parts + 1) * real), binds,
                  FV_COUNT(binds), 0, (fv_cost){elements, elements * (double)real});
}
