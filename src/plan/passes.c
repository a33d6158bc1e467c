/* Passes over the graph, in order. Each rewrites nodes in place; a removed node has no operator until `fv_sweep`. */
#include "ops/pack.h"
#include "ops/pool.h"
#include "ops/tuning.h"
#include "plan/plan.h"
#include "plan/rewrite.h"
#include <string.h>

static int int_at(const fv_node *node, size_t offset)
{
    int value;

    memcpy(&value, (const char *)node->attrs + offset, sizeof value);
    return value;
}

/* ---------------------------------------------------------------------------------------------- passes */

/* relu, then maxpool -> maxpool, then relu: the same values (both keep order), a quarter of the work, and the gradient of
 * the activation is taken where it is small. Windows whose maximum is not positive differ in which cell they name, but
 * their gradient is 0 in both. */
static void pool_first(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *pool = &graph->nodes[i];
        fv_node *act = pool->op == &fv_op_maxpool ? fv_producer(graph, pool->in[0]) : NULL;

        if (!act || act->op != &fv_op_relu || u.count[act->out[0]] != 1)
            continue;
        const fv_value x = act->in[0], between = act->out[0], y = pool->out[0];
        const fv_node moved = *act;

        *act = *pool;
        *pool = moved;
        act->in[0] = x;
        act->out[0] = between; /* takes the pooled shape */
        graph->values[between].shape = graph->values[y].shape;
        pool->in[0] = between;
        pool->out[0] = y;
        for (int k = 0; k < act->n_out; k++)
            graph->values[act->out[k]].producer = (uint32_t)(act - graph->nodes) + 1;
        graph->values[y].producer = (uint32_t)(pool - graph->nodes) + 1;
    }
}

static bool wants_packing(const fv_graph *graph, const fv_node *node)
{
    const fv_packing *packing = &node->op->packing;

    return packing->input &&
           !(packing->unpacked && packing->unpacked(node, fv_shape_of(graph, node->in[packing->input])));
}

/* The node that makes v, if it can add before it stores: kernels of packed weights do, those that read weights as they are
 * (depthwise) do not. Nothing else may be folded in yet, nor read v. */
static fv_node *adder(const fv_graph *graph, const fv_uses *u, fv_value v)
{
    fv_node *node = fv_producer(graph, v);

    return node && node->op->add_offset && u->count[v] == 1 && wants_packing(graph, node) && !fv_node_summand(node) &&
                   !(node->op->act_offset && int_at(node, node->op->act_offset)) &&
                   !(node->op->gate_offset && int_at(node, node->op->gate_offset))
               ? node
               : NULL;
}

/* `node` takes the place of `sum`, which stands behind all that makes its other summand. */
static bool fold_sum(fv_graph *graph, fv_node *node, fv_node *sum)
{
    const fv_value other = sum->in[sum->in[0] == node->out[0]];
    fv_value *in = fv_arena_alloc(&graph->arena, (size_t)node->n_in + 1, sizeof *in);
    char *attrs = in ? fv_own_attrs(graph, node) : NULL;
    fv_node folded = *node;

    if (!attrs) {
        fv_fail_memory(&graph->error, sizeof *in, "a pass");
        return false;
    }
    memcpy(attrs + node->op->add_offset, &(int){1}, sizeof(int));
    memcpy(in, node->in, FV_SUMMAND * sizeof *in);
    in[FV_SUMMAND] = other;
    memcpy(in + FV_SUMMAND + 1, node->in + FV_SUMMAND, (size_t)(node->n_in - FV_SUMMAND) * sizeof *in);
    folded.attrs = attrs;
    folded.in = in;
    folded.n_in++;
    folded.out = sum->out;
    *sum = folded;
    node->op = NULL;
    return true;
}

/* A sum of which one side is made for it alone, by a kernel that can add the other: the later of two such. */
static void fuse_add(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *sum = &graph->nodes[i];
        fv_node *a = sum->op == &fv_op_add ? adder(graph, &u, sum->in[0]) : NULL;
        fv_node *b = sum->op == &fv_op_add ? adder(graph, &u, sum->in[1]) : NULL;
        fv_node *later = !a || (b && b > a) ? b : a;

        if (later && !fold_sum(graph, later, sum))
            return;
    }
    fv_sweep(graph);
}

/* An activation that alone reads the result of an operator with an `act` is folded into it. */
static void fuse_activation(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *act = &graph->nodes[i];
        fv_node *maker = act->op && act->op->activation > 0 ? fv_producer(graph, act->in[0]) : NULL;
        char *attrs;

        if (!maker || !maker->op || !maker->op->act_offset || maker->out[0] != act->in[0] || u.count[act->in[0]] != 1 ||
            int_at(maker, maker->op->act_offset))
            continue;
        if (!(attrs = fv_own_attrs(graph, maker)))
            return;
        memcpy(attrs + maker->op->act_offset, &act->op->activation, sizeof(int));
        maker->out[0] = act->out[0];
        graph->values[act->out[0]].producer = (uint32_t)(maker - graph->nodes) + 1;
        act->op = NULL;
    }
    fv_sweep(graph);
}

/* The gradient of an activation that alone reads a gradient to an input is folded into the kernel that makes it. */
static void fuse_gate(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *back = &graph->nodes[i];
        fv_node *maker = back->op == &fv_op_act_backward ? fv_producer(graph, back->in[0]) : NULL;
        fv_value *in;
        char *attrs;

        if (!maker || !maker->op || !maker->op->gate_offset || u.count[back->in[0]] != 1 ||
            int_at(maker, maker->op->gate_offset))
            continue;
        in = fv_arena_alloc(&graph->arena, (size_t)maker->n_in + 1, sizeof *in);
        if (!in || !(attrs = fv_own_attrs(graph, maker))) {
            fv_fail_memory(&graph->error, sizeof *in, "a pass");
            return;
        }
        memcpy(in, maker->in, (size_t)maker->n_in * sizeof *in);
        in[maker->n_in++] = back->in[1];
        maker->in = in;
        memcpy(attrs + maker->op->gate_offset, back->attrs, sizeof(int));
        maker->out[0] = back->out[0];
        graph->values[back->out[0]].producer = (uint32_t)(maker - graph->nodes) + 1;
        back->op = NULL;
    }
    fv_sweep(graph);
}

/* Nodes whose results nobody reads. */
static void drop_dead(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = graph->n_nodes; i-- > 0;) {
        fv_node *node = &graph->nodes[i];
        bool used = (node->op->flags & FV_OP_EFFECT) != 0;

        for (int k = 0; k < node->n_out; k++)
            used = used || u.count[node->out[k]];
        if (used)
            continue;
        for (int k = 0; k < node->n_in; k++)
            u.count[node->in[k]]--;
        node->op = NULL;
    }
    fv_sweep(graph);
}

/* Convolutions whose plain kernel is slower than one of less arithmetic and more rounding. The plain sets of kernels are
 * there to be compared with, and compute all as it is written. */
static void choose_algorithms(fv_graph *graph, const fv_plan_options *options)
{
    const fv_chooser chooser = {options->kernels, options->tuning, options->bf16 && !graph->training};

    for (size_t i = 0; i < graph->n_nodes && strncmp(options->kernels->isa, "ref", 3) != 0; i++) {
        fv_node *node = &graph->nodes[i];
        fv_shape in[3];
        void *attrs;

        if (!node->op->choose)
            continue;
        if (!(attrs = fv_own_attrs(graph, node)))
            return;
        for (int k = 0; k < node->n_in && k < (int)FV_COUNT(in); k++)
            in[k] = *fv_shape_of(graph, node->in[k]);
        node->op->choose(attrs, in, &chooser);
    }
}

/* Can the node keep the largest of each 2x2 of what it makes for this pooling? Winograd's kernel can, whose tiles hold
 * whole cells, unless something else is done to its result first. */
static bool can_pool(const fv_graph *graph, const fv_uses *u, const fv_node *node, const fv_node *pool)
{
    const fv_value x = pool->in[0];
    size_t side = 0;

    if (!node || !node->op || !node->op->pool_offset || u->count[x] != 1 || u->count[pool->out[1]] ||
        fv_node_summand(node) || int_at(node, node->op->act_offset) ||
        !fv_pool_halves(pool->attrs, fv_shape_of(graph, x)))
        return false;
    memcpy(&side, (const char *)node->attrs + node->op->packing.side_offset, sizeof side);
    return side != 0;
}

/* Max-pooling that alone reads a convolution, and whose gradient nobody asks for, is done with its tiles. */
static void fuse_pool(fv_graph *graph, const fv_plan_options *options)
{
    fv_uses u;

    (void)options;
    if (!fv_count_uses(graph, &u))
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *pool = &graph->nodes[i];
        fv_node *maker = pool->op == &fv_op_maxpool ? fv_producer(graph, pool->in[0]) : NULL;
        char *attrs;

        if (!maker || !can_pool(graph, &u, maker, pool))
            continue;
        if (!(attrs = fv_own_attrs(graph, maker)))
            return;
        memcpy(attrs + maker->op->pool_offset, &(int){1}, sizeof(int));
        memcpy(attrs + maker->op->act_offset, (const char *)pool->attrs + pool->op->act_offset, sizeof(int));
        maker->out[0] = pool->out[0];
        pool->op = NULL;
    }
    fv_sweep(graph);
}

/* The packing node that the node needs for its weight, in front of it; returns the packed weight. */
static fv_value emit_packing(fv_graph *graph, const fv_kernels *kernels, fv_rebuilt *r, const fv_node *node)
{
    const fv_packing *packing = &node->op->packing;
    const fv_value weight = node->in[packing->input];
    fv_pack_attrs attrs = {.groups = 1, .parts = 1, .transposed = packing->transposed};
    const fv_node *made;

    if (packing->groups_offset)
        memcpy(&attrs.groups, (const char *)node->attrs + packing->groups_offset, sizeof attrs.groups);
    if (packing->parts)
        attrs.parts = packing->parts(node);
    if (packing->run_offset)
        memcpy(&attrs.run, (const char *)node->attrs + packing->run_offset, sizeof attrs.run);
    if (packing->side_offset)
        memcpy(&attrs.side, (const char *)node->attrs + packing->side_offset, sizeof attrs.side);
    attrs.elements = fv_pack_elements(kernels, fv_shape_of(graph, weight), &attrs);
    graph->label = node->label;
    made = fv_rebuild_emit(graph, r, &fv_op_pack, &attrs, &weight, 1);
    return made ? made->out[0] : 0;
}

/* Each weight is brought into its kernel's layout right before it is read. */
static void pack_weights(fv_graph *graph, const fv_plan_options *options)
{
    const size_t n = graph->n_nodes;
    fv_rebuilt r;

    if (!fv_rebuild(graph, 2 * n, &r))
        return;
    for (size_t i = 0; i < n && graph->error.code == FV_OK; i++) {
        const fv_node node = graph->nodes[i]; /* a copy: emitting may move the array */

        if (wants_packing(graph, &node))
            node.in[node.op->packing.input] = emit_packing(graph, options->kernels, &r, &node);
        r.nodes[r.count++] = node;
    }
    if (graph->error.code == FV_OK)
        fv_rebuild_end(graph, &r);
}

/* Does it make filters of Winograd's, which are larger than the weight? */
static bool grows(const fv_node *node)
{
    return node->op == &fv_op_pack && ((const fv_pack_attrs *)node->attrs)->side;
}

/* At inference, what depends on parameters alone is worked out once. */
static void run_once(fv_graph *graph, const fv_plan_options *options)
{
    if (graph->training)
        return;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        fv_node *node = &graph->nodes[i];

        node->once = !(options->low_memory && grows(node));
        for (int k = 0; k < node->n_in; k++) {
            const fv_value_info *v = &graph->values[node->in[k]];
            const bool made_once = v->producer && graph->nodes[v->producer - 1].once;

            if (!made_once && v->role != FV_ROLE_PARAM && v->role != FV_ROLE_STATE && v->role != FV_ROLE_CONST)
                node->once = false;
        }
    }
}

static const fv_pass passes[] = {
    {.name = "pool-first",
     .help = "max-pooling before ReLU: the same values with a quarter of the work",
     .run = pool_first,
     .before = true},
    {.name = "fold-bn",
     .help = "batch normalisation becomes part of the weights in front of it (inference)",
     .run = fv_fold_bn},
    {.name = "fuse-add", .help = "sums are computed by the convolution that makes one side of them", .run = fuse_add},
    {.name = "fuse-activation",
     .help = "activations are computed by the kernel that makes their input",
     .run = fuse_activation},
    {.name = "lift-gate",
     .help = "gradients of activations that end all branches are taken of the joined value",
     .run = fv_lift_gates},
    {.name = "fuse-gate",
     .help = "gradients of activations are computed by the kernel that makes the gradient",
     .run = fuse_gate},
    {.name = "drop-dead", .help = "nothing is computed that nobody reads", .run = drop_dead},
    {.name = "join", .help = "branches write into the value that joins them", .run = fv_join},
    {.name = "winograd",
     .help = "convolutions in fewer multiplications, where that is faster",
     .run = choose_algorithms,
     .inexact = true},
    {.name = "fuse-pool",
     .help = "max-pooling of 2x2 is done with the tiles of the convolution in front of it (inference)",
     .run = fuse_pool},
    {.name = "pack", .help = "weights are brought into their kernel's layout", .run = pack_weights},
    {.name = "once",
     .help = "what depends on weights alone is computed when an inference session is made",
     .run = run_once},
};

const fv_pass *fv_pass_list(size_t i)
{
    return i < FV_COUNT(passes) ? &passes[i] : NULL;
}
