/* fuse-pool: max-pooling done with Winograd's tiles gives the very bits of max-pooling behind the convolution.
 * fuse-add: sums computed by the convolution that makes one side of them give the very bits of sums computed behind it, on
 * every set of kernels, and no sum of the residual networks is left over. */
#include "support.h"

#include "base/random.h"
#include "net/net.h"
#include "run/inference.h"

#include "graph/op.h"
#include "ops/ops.h"

/* Of every way to compute a convolution, and every place where the other side comes from. */
static const struct {
    const char *name, *text;
    size_t sums, left; /* of the net, and those that stay nodes of their own */
} nets[] = {
    {"basic", "conv 3x3 32 pad 1 bn relu residual { conv 3x3 32 pad 1 bn relu conv 3x3 32 pad 1 bn } x2 relu", 2, 0},
    {"few tiles", "maxpool conv 3x3 64 pad 1 residual { conv 3x3 64 pad 1 relu conv 3x3 64 pad 1 } relu", 1, 0},
    {"projected",
     "conv 3x3 32 pad 1 relu residual stride 2 project { conv 3x3 40 pad 1 relu conv 3x3 40 pad 1 } x2 relu", 2, 0},
    {"bottleneck",
     "residual stride 2 project { conv 1x1 8 bn relu conv 3x3 8 pad 1 stride block bn relu conv 1x1 32 bn } x2 relu", 2,
     0},
    {"summand is the input", "conv 3x3 32 pad 1 relu residual { conv 3x3 32 pad 1 } x2 residual { conv 1x1 32 } tanh",
     3, 0},
    {"before activation", "conv 3x3 32 pad 1 residual { bn relu conv 3x3 32 pad 1 bn relu conv 3x3 32 pad 1 } x2", 2,
     0},
    {"groups",
     "conv 3x3 24 pad 1 residual { relu conv 3x3 24 pad 1 groups 2 } relu6 residual { conv 5x5 24 pad 2 } sigmoid", 2,
     0},
    {"depthwise", "conv 1x1 24 residual { relu conv 3x3 24 pad 1 groups 24 } residual { relu conv 1x1 24 }", 2, 1},
    {"plain and strided", "residual { conv 3x3 3 pad 1 } residual stride 2 project { conv 3x3 5 pad 1 } relu", 2, 0},
    {"nothing to fold in",
     "conv 3x3 8 pad 1 residual { conv 3x3 8 pad 1 relu } residual { maxpool 3x3 stride 1 pad 1 }", 2, 2},
};

typedef struct rig {
    fv_net *net;
    fv_pool *pool;
    fv_store store;
    fv_inference run;
} rig;

static void open_rig(rig *r, const char *text, size_t batch, size_t threads, const char *isa, const char *without)
{
    fv_error err = {0};
    fv_exec_options options = {.kernels = fv_kernels_find(isa), .without = without};

    *r = (rig){0};
    test_ok(fv_net_parse(NULL, text, "case.net", &r->net, &err), &err);
    test_ok(fv_pool_create(NULL, threads, &r->pool, &err), &err);
    fv_store_init(&r->store, NULL, options.kernels->real_bytes);
    options.pool = r->pool;
    options.store = &r->store;
    test_ok(fv_inference_plan(NULL, r->net, batch, &options, &r->run, &err), &err);
}

static void close_rig(rig *r)
{
    fv_inference_free(&r->run);
    fv_store_free(&r->store);
    fv_pool_free(r->pool);
    fv_net_free(r->net);
}

static size_t sums(const fv_graph *graph)
{
    size_t found = 0;

    for (size_t i = 0; i < graph->n_nodes; i++)
        found += graph->nodes[i].op == &fv_op_add;
    return found;
}

static size_t folded(const fv_graph *graph)
{
    size_t found = 0;

    for (size_t i = 0; i < graph->n_nodes; i++)
        found += fv_node_summand(&graph->nodes[i]) != 0;
    return found;
}

/* Logits of weights and pictures that are the same each time. */
static void run(rig *r, double *logits, size_t n)
{
    const fv_random random = {5, FV_STREAM_TEST, 0};
    fv_exec *exec = r->run.exec;
    fv_error err = {0};

    test_ok(fv_exec_open(exec, NULL, &err), &err);
    fv_store_initialise(&r->store, 3);
    fv_exec_prepare(exec);
    for (size_t i = 0; i < fv_elements(fv_shape_of(&exec->graph, r->run.input)); i++)
        fv_exec_set(exec, r->run.input, i, 2 * fv_random_uniform(random, i) - 1);
    fv_exec_run(exec);
    for (size_t i = 0; i < n; i++)
        logits[i] = fv_exec_get(exec, r->run.logits, i);
}

enum { CLASSES = 5, MOST = 17 };

/* Logits of the layers with (k = 0) and without (k = 1) the pass are the same; expect(graph, k, of) looks at the graph. */
static void same(const char *name, const char *layers, const char *pass, size_t batch, size_t threads, const char *isa,
                 void (*expect)(const fv_graph *graph, size_t k, size_t of), size_t of)
{
    double logits[2][MOST * CLASSES];
    char text[512];
    rig r;

    snprintf(text, sizeof text, "net case input 18x18x3 classes %d %s avgpool global dense classes", CLASSES, layers);
    for (size_t k = 0; k < 2; k++) {
        open_rig(&r, text, batch, threads, isa, k ? pass : NULL);
        expect(&r.run.exec->graph, k, of);
        run(&r, logits[k], batch * CLASSES);
        close_rig(&r);
    }
    for (size_t i = 0; i < batch * CLASSES; i++)
        if (!(logits[0][i] == logits[1][i]))
            fail_msg("%s on %s, batch %zu: logit %zu is %.9g, without %s %.9g", name, isa, batch, i, logits[0][i], pass,
                     logits[1][i]);
}

static void expect_sums(const fv_graph *graph, size_t k, size_t net)
{
    assert_int_equal(sums(graph), k ? nets[net].sums : nets[net].left);
    assert_int_equal(folded(graph), k ? 0 : nets[net].sums - nets[net].left);
}

static const size_t batches[] = {1, 2, MOST}; /* columns shared out; regions of units */

static void test_same(void **state)
{
    static const char *const sets[] = {"ref64", "avx2", "avx512", "neon"};

    (void)state;
    for (size_t s = 0; s < FV_COUNT(sets); s++)
        for (size_t i = 0; fv_kernels_find(sets[s]) && i < FV_COUNT(nets); i++)
            for (size_t b = 0; b < FV_COUNT(batches); b++)
                same(nets[i].name, nets[i].text, "fuse-add", batches[b], 1 + b % 2, sets[s], expect_sums, i);
}

/* ---------------------------------------------------------------------------------------------- pooling */

static const struct {
    const char *name, *text;
    size_t pools, left; /* of the net, and those that stay nodes of their own */
} pooled[] = {
    {"VGG", "conv 3x3 32 pad 1 relu conv 3x3 40 pad 1 bn relu maxpool", 1, 0},
    {"no activation, no padding", "conv 3x3 32 pad 1 conv 3x3 33 maxpool relu conv 1x1 5", 1, 0},
    {"other activations", "conv 3x3 32 pad 1 relu conv 3x3 40 pad 1 maxpool tanh conv 1x1 5", 1, 0},
    {"5x5 and groups", "conv 1x1 48 relu conv 5x5 64 pad 2 groups 2 relu maxpool 2", 1, 0},
    {"few tiles", "maxpool 3 stride 3 conv 1x1 64 relu conv 3x3 64 pad 1 relu maxpool", 2, 1},
    {"activation first", "conv 1x1 32 conv 3x3 32 pad 1 tanh maxpool", 1, 1},
    {"overlapping", "conv 1x1 32 conv 3x3 32 pad 1 relu maxpool 3 stride 2", 1, 1},
    {"odd", "conv 1x1 32 conv 3x3 32 pad 0,0,1,1 relu maxpool 2", 1, 1},
    {"odd, ceil", "conv 1x1 32 conv 3x3 32 pad 0,0,1,1 relu maxpool 2 ceil", 1, 1},
    {"padded", "conv 1x1 32 conv 3x3 32 pad 1 relu maxpool 2 pad 1,1,0,0", 1, 1},
    {"sum", "conv 3x3 32 pad 1 residual { conv 3x3 32 pad 1 } maxpool", 1, 1},
    {"two readers", "conv 1x1 32 conv 3x3 32 pad 1 branch { maxpool | conv 1x1 8 stride 2 }", 1, 1},
};

static void expect_pools(const fv_graph *graph, size_t k, size_t net)
{
    size_t found = 0;

    for (size_t i = 0; i < graph->n_nodes; i++)
        found += graph->nodes[i].op == &fv_op_maxpool;
    if (found != (k ? pooled[net].pools : pooled[net].left))
        fail_msg("%s: %zu poolings are left", pooled[net].name, found);
}

static void test_pool(void **state)
{
    static const char *const sets[] = {"avx2", "avx512"}; /* ref has no Winograd */

    (void)state;
    for (size_t s = 0; s < FV_COUNT(sets); s++)
        for (size_t i = 0; fv_kernels_find(sets[s]) && i < FV_COUNT(pooled); i++)
            for (size_t b = 0; b < FV_COUNT(batches); b++)
                same(pooled[i].name, pooled[i].text, "fuse-pool", batches[b], 1 + b % 2, sets[s], expect_pools, i);
}

/* ---------------------------------------------------------------------------------------------- the zoo */

static const char *zoo_text(const char *name)
{
    for (size_t i = 0; i < fv_zoo_count(); i++)
        if (strcmp(fv_zoo_name(i), name) == 0)
            return fv_zoo_text(i);
    fail_msg("no net %s", name);
    return NULL;
}

/* He et al. 2015, table 1: blocks, and what else there is to compute: convolutions (with shortcuts), two poolings, dense. */
static void test_residual_networks(void **state)
{
    static const struct {
        const char *name;
        size_t blocks, nodes;
    } zoo[] = {{"resnet-18", 8, 20 + 3}, {"resnet-34", 16, 36 + 3}, {"resnet-50", 16, 53 + 3}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(zoo); i++) {
        size_t nodes = 0;
        fv_text text;
        rig r;

        open_rig(&r, zoo_text(zoo[i].name), 1, 1, "ref", NULL);
        assert_int_equal(sums(&r.run.exec->graph), 0);
        assert_int_equal(folded(&r.run.exec->graph), zoo[i].blocks);
        for (size_t k = 0; k < r.run.exec->graph.n_nodes; k++)
            nodes += !r.run.exec->graph.nodes[k].once && r.run.exec->graph.nodes[k].op != &fv_op_flatten &&
                     r.run.exec->graph.nodes[k].op != &fv_op_softmax;
        assert_int_equal(nodes, zoo[i].nodes);
        fv_text_init(&text, NULL);
        fv_plan_explain(&r.run.exec->plan, r.run.exec->kernels, &text);
        assert_non_null(strstr(text.data, " conv + add + relu "));
        fv_text_free(&text);
        close_rig(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same), cmocka_unit_test(test_pool),
                                       cmocka_unit_test(test_residual_networks)};

    return cmocka_run_group_tests_name("fusion", tests, NULL, NULL);
}
