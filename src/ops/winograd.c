#include "ops/winograd.h"

size_t fv_winograd_side(const fv_conv_geometry *g, const fv_kernels *kernels)
{
    const size_t kernel = g->kernel_h, in_c = g->in_c / g->groups, out_c = g->out_c / g->groups;
    const bool can = g->kernel_w == kernel && (kernel == 3 || kernel == 5) && g->stride_h == 1 && g->stride_w == 1 &&
                     g->dilation_h == 1 && g->dilation_w == 1 && g->pad_top < kernel && g->pad_bottom < kernel &&
                     g->pad_left < kernel && g->pad_right < kernel;

    (void)kernels;
    if (!can || in_c < 16 || out_c < 16)
        return 0;
    return kernel == 3 ? 4 : 2;
}

static fv_cost cost_of(const fv_winograd *w, const fv_winograd_grid *t, double real)
{
    const fv_conv_geometry *g = &w->g;
    const double planes = (double)(t->points * t->points), depth = (double)(g->in_c / g->groups);
    const double in = (double)(g->n * g->in_h * g->in_w * g->in_c),
                 out = (double)(g->n * g->out_h * g->out_w * g->out_c);

    return (fv_cost){2 * planes * (double)t->count * depth * (double)g->out_c,
                     real * (in + out + planes * depth * (double)g->out_c)};
}

void fv_lower_winograd(fv_lower *l, const fv_winograd *w)
{
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_winograd_grid t = fv_winograd_tiles(&w->g, w->side);
    fv_winograd_args args = {.g = w->g, .side = w->side, .act = w->act, .gate_act = w->gate_act};
    fv_value v = 0;
    bool apart;
    const fv_work work = fv_work_winograd(k, &args, &apart);

    if (apart) {
        const size_t reals = fv_winograd_tiles_size(&w->g, w->side);

        v = fv_lower_temp(l, reals);

        const fv_bind binds[] = {FV_BIND(fv_winograd_args, x, w->x), FV_BIND(fv_winograd_args, v, v)};

        fv_lower_step(l, FV_K_winograd_input, &args, sizeof args, fv_work_winograd_input(k, &args), binds,
                      FV_COUNT(binds), 0, (fv_cost){0, (double)(reals * k->real_bytes)});
    }
    const fv_bind binds[] = {FV_BIND(fv_winograd_args, x, apart ? 0 : w->x),
                             FV_BIND(fv_winograd_args, u, w->u),
                             FV_BIND(fv_winograd_args, bias, w->bias),
                             FV_BIND(fv_winograd_args, gate, w->gate),
                             FV_BIND(fv_winograd_args, v, v),
                             FV_BIND(fv_winograd_args, y, w->y)};

    fv_lower_step(l, FV_K_winograd_forward, &args, sizeof args, work, binds, FV_COUNT(binds),
                  offsetof(fv_winograd_args, scratch), cost_of(w, &t, (double)k->real_bytes));
}
