/* Weights on their way into a plan that runs forward alone. Most are only read by steps that bring them into a kernel's
 * layout; those pass through a buffer, so that nobody holds them twice: packings take columns piece by piece, other steps
 * a whole weight at a time (the largest is a convolution's). */
#include "run/exec.h"

/* A piece of a weight that is packed: a few panels that stay in the second level between reading and packing. */
static const size_t PIECE_BYTES = 1 << 20;

typedef struct loading {
    fv_exec *exec;
    const fv_source *source;
    char *buffer;
} loading;

static bool kept(const fv_exec *exec, fv_value v)
{
    return v && exec->plan.offset[v] == SIZE_MAX && exec->plan.kept[v];
}

/* Is it only read to be brought into a layout? */
static bool passes(const fv_exec *exec, fv_value v)
{
    return v && exec->plan.offset[v] == SIZE_MAX && !exec->plan.kept[v];
}

static size_t columns(const fv_value_info *weight)
{
    return weight->shape.dim[weight->shape.rank - 1];
}

static size_t bytes_of(const fv_exec *exec, fv_value v)
{
    return (fv_plan_bytes(&exec->plan, v, exec->kernels) + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
}

/* ---------------------------------------------------------------------------------------------- whole weights */

typedef struct whole {
    const fv_source *source;
    const fv_value_info *weight;
    char *to;
    size_t real_bytes;
} whole;

static void read_columns(const void *args, size_t begin, size_t end, size_t slice)
{
    const whole *w = args;

    (void)slice;
    if (begin < end)
        w->source->read(w->source->user, w->weight, begin, end - begin, w->to + begin * w->real_bytes,
                        columns(w->weight));
}

static void read_whole(const loading *l, fv_value v, void *to)
{
    const whole w = {l->source, &l->exec->graph.values[v], to, l->exec->kernels->real_bytes};
    const size_t threads = fv_pool_threads(l->exec->pool), blocks = columns(w.weight) / 16;

    fv_pool_run(l->exec->pool, read_columns, &w, columns(w.weight), blocks < threads ? 1 : threads);
}

/* The step's weights one behind the other, then the step. */
static void pass_whole(const loading *l, fv_plan_step *step)
{
    char *at = l->buffer;

    for (size_t k = 0; k < step->n_binds; k++) {
        const fv_value v = step->binds[k].value;

        if (!passes(l->exec, v))
            continue;
        read_whole(l, v, at);
        fv_plan_bind_value(step, v, at);
        at += bytes_of(l->exec, v);
    }
    fv_exec_run_step(l->exec, step);
}

/* ---------------------------------------------------------------------------------------------- pieces */

/* Is it a packing of one matrix whose columns may come in runs? */
static bool in_pieces(const fv_plan_step *step)
{
    const fv_pack_args *a = step->args;

    return (step->kernel == FV_K_pack || step->kernel == FV_K_half_pack) && !a->transposed && a->groups == 1 &&
           a->parts == 1;
}

/* Columns of a piece: whole panels. */
static size_t piece_columns(const fv_exec *exec, const fv_pack_args *a)
{
    const size_t panel = exec->kernels->panel, panels = PIECE_BYTES / (a->depth * panel * exec->kernels->real_bytes);

    return panel * (panels ? panels : 1);
}

static size_t piece_bytes(const fv_exec *exec, const fv_pack_args *a)
{
    return piece_columns(exec, a) * a->depth * exec->kernels->real_bytes;
}

typedef struct pieces {
    const loading *l;
    const fv_value_info *weight;
    const fv_plan_step *step;
} pieces;

static void pass_run(const void *args, size_t begin, size_t end, size_t slice)
{
    const pieces *p = args;
    const fv_exec *exec = p->l->exec;
    const fv_pack_args *all = p->step->args;
    const size_t most = piece_columns(exec, all);
    char *buffer = p->l->buffer + slice * piece_bytes(exec, all);

    for (size_t i = begin; i < end; i++) {
        const size_t first = i * most, left = all->cols - first, count = left < most ? left : most;
        fv_pack_args a = *all;

        p->l->source->read(p->l->source->user, p->weight, first, count, buffer, count);
        a.b = buffer;
        a.cols = a.ld = count;
        a.panels = (char *)all->panels + fv_pack_depth(all) * first * exec->kernels->real_bytes;
        p->step->run(&a, 0, fv_packed_panels(exec->kernels, count), 0);
    }
}

static void pass_pieces(const loading *l, const fv_plan_step *step)
{
    const fv_pack_args *a = step->args;
    const pieces p = {l, &l->exec->graph.values[step->binds[0].value], step};
    const size_t most = piece_columns(l->exec, a), count = (a->cols + most - 1) / most;
    const size_t threads = fv_pool_threads(l->exec->pool);

    fv_pool_run(l->exec->pool, pass_run, &p, count, threads < count ? threads : count);
}

/* ---------------------------------------------------------------------------------------------- all of it */

/* Bytes of the buffer that a step needs. */
static size_t passing_bytes(const fv_exec *exec, const fv_plan_step *step)
{
    size_t bytes = 0;

    if (!step->once)
        return 0;
    for (size_t k = 0; k < step->n_binds; k++) {
        const fv_value v = step->binds[k].value;

        if (passes(exec, v))
            bytes += bytes_of(exec, v);
    }
    return bytes && in_pieces(step) ? fv_pool_threads(exec->pool) * piece_bytes(exec, step->args) : bytes;
}

size_t fv_exec_passing_bytes(const fv_exec *exec)
{
    size_t most = 0;

    for (size_t i = 0; i < exec->plan.n_steps; i++) {
        const size_t bytes = passing_bytes(exec, &exec->plan.steps[i]);

        most = bytes > most ? bytes : most;
    }
    return most;
}

size_t fv_exec_kept_bytes(const fv_exec *exec)
{
    size_t bytes = 0;

    for (size_t v = 1; v < exec->graph.n_values; v++)
        if (kept(exec, (fv_value)v))
            bytes += fv_plan_bytes(&exec->plan, (fv_value)v, exec->kernels);
    return bytes;
}

/* Marks what passes, and makes the store and the memory without it. */
static fv_status open(const loading *l, fv_error *err)
{
    fv_exec *exec = l->exec;
    bool *without = fv_arena_alloc(&exec->graph.arena, exec->graph.n_values, sizeof *without);
    fv_status status = without ? FV_OK : fv_fail_memory(err, exec->graph.n_values, "a session's weights");

    for (size_t v = 1; !status && v < exec->graph.n_values; v++)
        if (exec->plan.offset[v] == SIZE_MAX) {
            status = l->source->check(l->source->user, &exec->graph.values[v], err);
            without[v] = !exec->plan.kept[v];
        }
    return status ? status : fv_exec_open_without(exec, NULL, without, err);
}

fv_status fv_exec_load(fv_exec *exec, const fv_source *source, fv_error *err)
{
    const size_t bytes = fv_exec_passing_bytes(exec);
    loading l = {exec, source, NULL};
    fv_status status = open(&l, err);

    if (status)
        return status;
    if (bytes && !(l.buffer = fv_alloc(&exec->host, bytes, 1)))
        return fv_fail_memory(err, bytes, "weights on their way");
    for (size_t v = 1; v < exec->graph.n_values; v++)
        if (kept(exec, (fv_value)v))
            read_whole(&l, (fv_value)v, fv_exec_at(exec, (fv_value)v));
    for (size_t i = 0; i < exec->plan.n_steps; i++) {
        fv_plan_step *step = &exec->plan.steps[i];

        if (step->once && passing_bytes(exec, step) && in_pieces(step))
            pass_pieces(&l, step);
        else if (step->once)
            pass_whole(&l, step);
    }
    fv_release(&exec->host, l.buffer);
    exec->loaded = true;
    return FV_OK;
}
