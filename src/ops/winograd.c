#include "ops/winograd.h"

#include <math.h>

bool fv_winograd_fits(const fv_conv_geometry *g)
{
    const size_t kernel = g->kernel_h;

    return g->kernel_w == kernel && (kernel == 3 || kernel == 5) && g->stride_h == 1 && g->stride_w == 1 &&
           g->dilation_h == 1 && g->dilation_w == 1 && g->pad_top < kernel && g->pad_bottom < kernel &&
           g->pad_left < kernel && g->pad_right < kernel;
}

/* Operations for each pair of channels. Weights are read once, from memory in a deep net at batch 1, in which time a core
 * does FLOPS_A_BYTE operations; the plain kernel reads them too. */
enum { FLOPS_A_BYTE = 6 };

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double plain_cost(const fv_conv_geometry *g)
{
    return (double)(g->kernel_h * g->kernel_w) * larger(2.0 * (double)(g->n * g->out_h * g->out_w), 4 * FLOPS_A_BYTE);
}

/* The transforms take about as long as the products of 12 more channels on either side (measured: a quarter to two
 * thirds more at 64, a tenth at 256), for whole vectors of channels. */
static double tiles_cost(const fv_conv_geometry *g, size_t side, size_t lanes)
{
    const fv_winograd_grid t = fv_winograd_tiles(g, side);
    const double in = (double)(g->in_c / g->groups), out = (double)(g->out_c / g->groups), lane = (double)lanes;
    const double transforms = 12 * (ceil(in / lane) * lane / (in * out) + ceil(out / lane) * lane / (in * out));

    return (double)(t.points * t.points) * larger(2.0 * (double)t.count * (1 + transforms), 4 * FLOPS_A_BYTE);
}

/* A tenth less than the plain kernel, or its accuracy is the better choice. */
size_t fv_winograd_side(const fv_conv_geometry *g, const fv_chooser *chooser)
{
    static const size_t sides[] = {4, 2};
    double best;
    size_t found = 0;

    if (!fv_winograd_fits(g))
        return 0;
    if (fv_tuning_find(chooser, g, &found))
        return found;
    best = (chooser->bf16 && chooser->kernels->bf16 ? .5 : .9) * plain_cost(g); /* a word does the work of two floats */
    for (size_t i = g->kernel_h == 3 ? 0 : 1; i < FV_COUNT(sides); i++) {
        const double cost = tiles_cost(g, sides[i], chooser->kernels->panel / 2);

        if (cost < best) {
            best = cost;
            found = sides[i];
        }
    }
    return found;
}

static fv_cost cost_of(const fv_winograd *w, const fv_winograd_grid *t, double real)
{
    const fv_conv_geometry *g = &w->g;
    const double planes = (double)(t->points * t->points), depth = (double)(g->in_c / g->groups);
    const double in = (double)(g->n * g->in_h * g->in_w * g->in_c),
                 out = (double)(g->n * g->out_h * g->out_w * g->out_c) / (w->pool ? 4 : 1);

    return (fv_cost){2 * planes * (double)t->count * depth * (double)g->out_c,
                     real * (in + out * (w->add ? 2 : 1) + planes * depth * (double)g->out_c)};
}

void fv_lower_winograd(fv_lower *l, const fv_winograd *w)
{
    const fv_kernels *k = fv_lower_kernels(l);
    const fv_winograd_grid t = fv_winograd_tiles(&w->g, w->side);
    fv_winograd_args args = {.g = w->g, .side = w->side, .act = w->act, .gate_act = w->gate_act, .pool = w->pool};
    const fv_target y = fv_lower_target(l, w->y);
    fv_value v = 0;
    bool apart;
    const fv_work work = fv_work_winograd(k, &args, &apart);

    if (apart) {
        const size_t reals = fv_winograd_tiles_size(&w->g, w->side);

        v = fv_lower_temp(l, reals);

        /* planes of v hold tiles of all samples: none of it is by units */
        const fv_bind binds[] = {FV_BIND(fv_winograd_args, x, w->x), FV_BIND(fv_winograd_args, v, v)};

        fv_lower_step(l, FV_K_winograd_input, &args, sizeof args, fv_work_winograd_input(k, &args), binds,
                      FV_COUNT(binds), 0, (fv_cost){0, (double)(reals * k->real_bytes)});
    }
    args.y_step = y.pixel;

    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_winograd_args, x, apart ? 0 : w->x),
                             FV_BIND(fv_winograd_args, u, w->u),
                             FV_BIND(fv_winograd_args, bias, w->bias),
                             FV_BIND_SAMPLES(fv_winograd_args, add, w->add),
                             FV_BIND_SAMPLES(fv_winograd_args, gate, w->gate),
                             FV_BIND(fv_winograd_args, v, v),
                             {offsetof(fv_winograd_args, y), y.value, y.shift, FV_SAMPLES}};

    fv_lower_step(l, FV_K_winograd_forward, &args, sizeof args, work, binds, FV_COUNT(binds),
                  offsetof(fv_winograd_args, scratch), cost_of(w, &t, (double)k->real_bytes));
}
