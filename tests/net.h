/* What the tests of the notation share: build, compare, round trip. Include support.h first. */
#ifndef FV_TESTS_NET_H
#define FV_TESTS_NET_H
#include "net/tree.h"

static inline fv_net *parse(const char *text)
{
    fv_net *net = NULL;
    fv_error err = {0};

    test_ok(fv_net_parse(NULL, text, "t.net", &net, &err), &err);
    return net;
}

/* The graph of a net for two pictures; `complete` nets only. */
static inline void build(const fv_net *net, bool training, fv_graph *graph)
{
    fv_error err = {0};

    fv_graph_init(graph, NULL, 2, training);
    test_ok(fv_net_build(net, graph, &err), &err);
}

static inline void same_text(const char *a, const char *b)
{
    if (!a != !b || (a && strcmp(a, b) != 0))
        fail_msg("'%s' is not '%s'", a ? a : "nothing", b ? b : "nothing");
}

/* The same operators, attributes, names, shapes, edges, losses. Without `names`, labels and
 * dropout may differ. */
static inline void same_graph(const fv_graph *a, const fv_graph *b, bool names)
{
    assert_int_equal(a->n_nodes, b->n_nodes);
    assert_int_equal(a->n_values, b->n_values);
    assert_int_equal(a->logits, b->logits);
    assert_int_equal(a->n_losses, b->n_losses);
    for (size_t i = 0; i < a->n_losses; i++) {
        assert_int_equal(a->losses[i].value, b->losses[i].value);
        assert_memory_equal(&a->losses[i].weight, &b->losses[i].weight, sizeof(double));
    }
    for (size_t i = 0; i < a->n_nodes; i++) {
        const fv_node *x = &a->nodes[i], *y = &b->nodes[i];

        assert_ptr_equal(x->op, y->op);
        assert_int_equal(x->n_in, y->n_in);
        assert_memory_equal(x->in, y->in, (size_t)x->n_in * sizeof *x->in);
        assert_true(fv_attrs_equal(x->op, x->attrs, y->attrs));
        if (names)
            same_text(x->label, y->label);
    }
    for (size_t i = 1; i < a->n_values; i++) {
        assert_true(fv_shape_equal(&a->values[i].shape, &b->values[i].shape));
        assert_int_equal(a->values[i].role, b->values[i].role);
        if (names)
            same_text(a->values[i].name, b->values[i].name);
    }
}

/* parse(print(net)) is the net: the same text when printed again, and the same graphs if it can be built. */
static inline void round_trip(const fv_net *net)
{
    fv_net *again = NULL;
    fv_error err = {0};

    if (fv_net_parse(NULL, fv_net_text(net), fv_net_file(net), &again, &err))
        fail_msg("what was printed cannot be read: %s\n%s", err.message, fv_net_text(net));
    assert_string_equal(fv_net_text(net), fv_net_text(again));
    assert_memory_equal(fv_net_preprocess(net), fv_net_preprocess(again), sizeof(fv_preprocess));
    assert_int_equal(fv_net_classes(net), fv_net_classes(again));
    for (int training = 0; training < 2; training++) {
        fv_graph a, b;

        fv_graph_init(&a, NULL, 2, training);
        if (fv_net_build(net, &a, &err) == FV_OK) {
            build(again, training, &b);
            same_graph(&a, &b, true);
            fv_graph_free(&b);
        }
        fv_graph_free(&a);
    }
    fv_net_free(again);
}

#endif
