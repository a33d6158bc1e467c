#include "image/maps.h"
#include "base/error.h"
#include "base/memory.h"
#include "ops/conv.h"
#include "ops/pool.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------- numbers */

fv_status fv_maps_create(const fv_host *host, size_t height, size_t width, size_t channels, fv_maps *out, fv_error *err)
{
    const fv_shape shape = fv_shape4(1, height, width, channels);
    char text[96];

    *out = (fv_maps){0};
    if (!fv_shape_valid(&shape))
        return fv_fail(err, FV_E_SHAPE, "maps of %s: nothing, or more than memory can hold",
                       fv_shape_text(&shape, text));
    out->values = fv_alloc(host, fv_elements(&shape), sizeof *out->values);
    if (!out->values)
        return fv_fail_memory(err, fv_elements(&shape) * sizeof *out->values, "maps");
    out->height = height;
    out->width = width;
    out->channels = channels;
    return FV_OK;
}

void fv_maps_free(const fv_host *host, fv_maps *maps)
{
    fv_release(host, maps->values);
    *maps = (fv_maps){0};
}

size_t fv_padding_index(fv_padding padding, ptrdiff_t i, size_t n)
{
    const ptrdiff_t last = (ptrdiff_t)n - 1;

    if (i >= 0 && i <= last)
        return (size_t)i;
    if (padding == FV_PADDING_EDGE)
        return i < 0 ? 0 : n - 1;
    if (padding != FV_PADDING_REFLECT)
        return SIZE_MAX;
    if (!last)
        return 0;
    i = (i % (2 * last) + 2 * last) % (2 * last); /* there and back again */
    return (size_t)(i > last ? 2 * last - i : i);
}

fv_status fv_maps_from_image(const fv_host *host, const fv_image *image, size_t rows, size_t columns,
                             fv_padding padding, fv_maps *out, fv_error *err)
{
    const size_t channels = image->channels;
    fv_status status = fv_maps_create(host, image->height + 2 * rows, image->width + 2 * columns, channels, out, err);

    for (size_t y = 0; !status && y < out->height; y++) {
        const size_t from_y = fv_padding_index(padding, (ptrdiff_t)y - (ptrdiff_t)rows, image->height);

        for (size_t x = 0; x < out->width; x++) {
            const size_t from_x = fv_padding_index(padding, (ptrdiff_t)x - (ptrdiff_t)columns, image->width);
            const uint8_t *from = image->pixels + (from_y * image->width + from_x) * channels;

            for (size_t c = 0; c < channels; c++)
                out->values[(y * out->width + x) * channels + c] = (float)from[c];
        }
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- the engine */

fv_status fv_machine_open(const fv_host *host, size_t threads, const char *isa, fv_machine *out, fv_error *err)
{
    fv_status status;

    *out = (fv_machine){.host = fv_host_or_default(host)};
    status = fv_kernels_choose(isa, &out->kernels, err);
    return status ? status : fv_pool_create(&out->host, threads, &out->pool, err);
}

void fv_machine_close(fv_machine *machine)
{
    fv_pool_free(machine->pool);
    machine->pool = NULL;
}

/* What is read of a graph after its run. */
typedef struct result {
    fv_value value;
    fv_maps *maps;
} result;

static fv_status take_results(const fv_machine *machine, const fv_exec *exec, const result *results, size_t count,
                              fv_error *err)
{
    fv_status status = FV_OK;

    for (size_t k = 0; !status && k < count; k++) {
        const fv_shape *s = &exec->graph.values[results[k].value].shape;

        status = fv_maps_create(&machine->host, s->dim[1], s->dim[2], s->dim[3], results[k].maps, err);
        for (size_t i = 0; !status && i < fv_elements(s); i++)
            results[k].maps->values[i] = (float)fv_exec_get(exec, results[k].value, i);
    }
    for (size_t k = 0; status && k < count; k++)
        fv_maps_free(&machine->host, results[k].maps);
    return status;
}

/* Plan the graph (taken over), run it once on x (and with ones for `ones`, if that is not 0), read the results. */
static fv_status run(const fv_machine *machine, fv_graph *graph, const fv_maps *x, fv_value ones, const result *results,
                     size_t count, fv_error *err)
{
    fv_store store;
    /* Sums of whole numbers come out exact, as the lecture computes them: no algorithm that rounds. */
    const fv_exec_options options = {
        .kernels = machine->kernels, .pool = machine->pool, .store = &store, .exact = true};
    const fv_value input = graph->input;
    fv_exec *exec = NULL;
    fv_status status = fv_graph_status(graph, err);

    for (size_t k = 0; !status && k < count; k++)
        graph->values[results[k].value].keep = true;
    fv_store_init(&store, &machine->host, machine->kernels->real_bytes);
    if (status)
        fv_graph_free(graph);
    else
        status = fv_exec_create(&machine->host, graph, &options, &exec, err);
    if (!status) {
        fv_exec_prepare(exec);
        for (size_t i = 0; i < x->height * x->width * x->channels; i++)
            fv_exec_set(exec, input, i, (double)x->values[i]);
        for (size_t i = 0; ones && i < fv_elements(fv_shape_of(&exec->graph, ones)); i++)
            fv_exec_set(exec, ones, i, 1);
        fv_exec_compute(exec);
        status = take_results(machine, exec, results, count, err);
    }
    fv_exec_free(exec);
    fv_store_free(&store);
    return status;
}

/* `backwards`: gradients will be asked for, so the pooling notes which pixel was the largest. */
static void begin(const fv_machine *machine, const fv_maps *x, bool backwards, fv_graph *graph)
{
    fv_graph_init(graph, &machine->host, 1, backwards);
    graph->label = "picture";
    graph->input =
        fv_graph_value(graph, FV_ROLE_INPUT, FV_REAL_T, fv_shape4(1, x->height, x->width, x->channels), "input");
}

fv_status fv_maps_convolve(const fv_machine *machine, const fv_maps *in, const fv_filters *f, fv_maps *out,
                           fv_error *err)
{
    const fv_conv_attrs attrs = {.kernel = {f->rows, f->columns},
                                 .features = f->features,
                                 .stride = {f->stride, f->stride},
                                 .pad = {false, f->pad_rows, f->pad_columns, f->pad_rows, f->pad_columns},
                                 .groups = f->each ? in->channels : 1,
                                 .dilation = {1, 1},
                                 .init.nobias = true};
    const fv_shape shape = {4, {f->rows, f->columns, f->each ? 1 : in->channels, f->features}};
    fv_graph graph;
    fv_value w;

    *out = (fv_maps){0};
    begin(machine, in, false, &graph);
    w = fv_graph_constant(&graph, shape, f->weights, "kernel");
    w = fv_emit(&graph, &fv_op_conv, &attrs, (fv_value[]){graph.input, w}, 2);
    return run(machine, &graph, in, 0, &(result){w, out}, 1, err);
}

fv_status fv_maps_pool(const fv_machine *machine, const fv_maps *in, const fv_pooling *p, fv_maps *out, fv_maps *grad,
                       fv_error *err)
{
    const fv_pool_attrs attrs = {.kernel = {p->size, p->size}, .stride = {p->stride, p->stride}};
    const fv_op *op = p->max ? &fv_op_maxpool : &fv_op_avgpool;
    const fv_node *node;
    fv_graph graph;
    fv_value dy = 0, dx = 0;

    *out = (fv_maps){0};
    if (grad)
        *grad = (fv_maps){0};
    begin(machine, in, grad != NULL, &graph);
    node = fv_emit_node(&graph, op, &attrs, &graph.input, 1);
    if (node && grad) {
        dy = fv_graph_value(&graph, FV_ROLE_INPUT, FV_REAL_T, *fv_shape_of(&graph, node->out[0]), "gradient");
        op->grad(&graph, node, &dy, (bool[]){true}, &dx);
    }
    return run(machine, &graph, in, dy, (result[]){{node ? node->out[0] : 0, out}, {dx, grad}}, grad ? 2 : 1, err);
}
