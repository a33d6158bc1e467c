/* A net at another width, for another input, with other classes: the statements are copied, their numbers changed, and
 * what comes out is printed and read again, so that it is a net like any other. */
#include "base/error.h"
#include "net/tree.h"

#include <string.h>

typedef struct resizing {
    fv_net *net; /* a copy, which is changed */
    size_t numerator, denominator;
    fv_stmt *head; /* the last layer with features, where the classes come out */
    fv_error *err;
    fv_status status;
} resizing;

/* ---------------------------------------------------------------------------------------------- width */

/* Published numbers of channels times the factor, rounded down. */
static bool scale(resizing *r, const fv_stmt *s, size_t *count)
{
    size_t product;

    if (__builtin_mul_overflow(*count, r->numerator, &product) || product < r->denominator) {
        r->status =
            fv_net_fail(r->net, s->place, r->err, FV_E_RANGE, "%zu channels times %zu/%zu are none, or too many",
                        *count, r->numerator, r->denominator);
        return false;
    }
    *count = product / r->denominator;
    return true;
}

static size_t get(const fv_attr *attr, const void *attrs)
{
    size_t value;

    memcpy(&value, (const char *)attrs + attr->offset, sizeof value);
    return value;
}

/* "conv3-64" is spelled "conv3-8" from now on; its base is what the spelling says. */
static bool respell(resizing *r, fv_stmt *s, size_t features)
{
    const char *dash = strrchr(s->spelling, '-');
    void *base = fv_arena_alloc(&r->net->arena, 1, s->op->attr_bytes);
    const char *text =
        dash ? fv_arena_print(&r->net->arena, "%.*s-%zu", (int)(dash - s->spelling), s->spelling, features) : NULL;

    if (!base || !text) {
        r->status = fv_fail_memory(r->err, s->op->attr_bytes, "a network's text");
        return false;
    }
    memcpy(base, s->base, s->op->attr_bytes);
    fv_attr_set(s->op, base, "features", features);
    s->base = base;
    s->spelling = text;
    return true;
}

/* Features that are `classes` (0) or come out at the end stay. One filter a channel (depthwise) stays one. */
static bool scale_op(resizing *r, fv_stmt *s)
{
    const fv_attr *attr = fv_attr_find(s->op, "features"), *groups = fv_attr_find(s->op, "groups");
    const size_t before = attr ? get(attr, s->attrs) : 0;
    size_t features = before;

    if (!before || s == r->head)
        return true;
    if (!scale(r, s, &features))
        return false;
    if (groups && before > 1 && get(groups, s->attrs) == before)
        fv_attr_set(s->op, s->attrs, "groups", features);
    fv_attr_set(s->op, s->attrs, "features", features);
    return !s->spelling || respell(r, s, features);
}

static bool scale_list(resizing *r, const fv_stmts *list);

static bool scale_stmt(resizing *r, fv_stmt *s)
{
    if (s->kind == FV_STMT_OP)
        return scale_op(r, s);
    for (size_t i = 0; s->kind == FV_STMT_INCEPTION && i < FV_COUNT(s->numbers); i++)
        if (!scale(r, s, &s->numbers[i]))
            return false;
    for (const fv_arm *arm = s->arms; arm; arm = arm->next)
        if (!scale_list(r, &arm->body))
            return false;
    return true;
}

static bool scale_list(resizing *r, const fv_stmts *list)
{
    for (fv_stmt *s = list->first; s; s = s->next)
        if (!scale_stmt(r, s))
            return false;
    return true;
}

/* The last operator with features, inside of blocks or not; heads of training write `classes`. */
fv_stmt *fv_net_head_of(const fv_stmts *list)
{
    fv_stmt *head = NULL, *inner;

    for (fv_stmt *s = list->first; s; s = s->next) {
        if (s->kind == FV_STMT_OP && fv_attr_find(s->op, "features"))
            head = s;
        if (s->kind == FV_STMT_GROUP && (inner = fv_net_head_of(&s->arms->body)))
            head = inner;
    }
    return head;
}

/* ---------------------------------------------------------------------------------------------- input and classes */

/* What share of a picture the cut takes stays: `shorter` grows and shrinks with the side that changes more. Of pictures of
 * less than half the sides, such as CIFAR's, nothing but what proportions demand is cut off: they are small already. */
static size_t resize_shorter(const fv_preprocess *before, size_t from_height, size_t from_width)
{
    const size_t height = fv_preprocess_from_height(before), width = fv_preprocess_from_width(before);
    const size_t a = (before->shorter * from_height + height - 1) / height;
    const size_t b = (before->shorter * from_width + width - 1) / width;

    if (2 * from_height < height && 2 * from_width < width)
        return from_height > from_width ? from_height : from_width;
    return a > b ? a : b;
}

static bool resize_input(resizing *r, size_t height, size_t width)
{
    fv_preprocess *in = &r->net->input;

    if (height <= 2 * in->pad || width <= 2 * in->pad || height > FV_NET_SIDE_MAX || width > FV_NET_SIDE_MAX) {
        r->status = fv_net_fail(r->net, r->net->input_line.place, r->err, FV_E_RANGE,
                                "input: %zux%zu has no room for a picture within pad %zu, or has a side above %d",
                                height, width, in->pad, FV_NET_SIDE_MAX);
        return false;
    }
    if (in->shorter)
        in->shorter = resize_shorter(in, height - 2 * in->pad, width - 2 * in->pad);
    if (in->from_height) {
        in->from_height = height - 2 * in->pad;
        in->from_width = width - 2 * in->pad;
    }
    in->height = height;
    in->width = width;
    return true;
}

/* Shapes that do not fit are told with their place in the net that was written. */
static bool check(resizing *r, size_t classes)
{
    fv_walked walked;
    fv_graph graph;
    size_t outputs = 0;

    fv_graph_init(&graph, &r->net->arena.host, 1, true);
    r->status = fv_net_walk(r->net, &graph, false, &walked, r->err);
    if (!r->status)
        outputs = fv_channels(fv_shape_of(&graph, walked.last));
    if (!r->status && classes && outputs != classes)
        r->status = fv_net_fail(r->net, walked.place, r->err, FV_E_SHAPE,
                                "%zu classes are wanted, but the net ends with %zu values: write `classes` in its last "
                                "layer",
                                classes, outputs);
    fv_graph_free(&graph);
    return !r->status;
}

static bool change(resizing *r, const fv_net_size *to)
{
    r->head = fv_net_head_of(&r->net->body);
    if (to->numerator && to->numerator != to->denominator && !scale_list(r, &r->net->body))
        return false;
    if (to->height && !resize_input(r, to->height, to->width ? to->width : to->height))
        return false;
    if (to->classes)
        r->net->classes = to->classes;
    return check(r, to->classes);
}

static fv_status check_size(const fv_net_size *to, fv_error *err)
{
    enum { MOST = 1 << 20 };

    if (!to->numerator != !to->denominator || to->numerator > MOST || to->denominator > MOST)
        return fv_fail(err, FV_E_RANGE, "fv_net_resize: width %zu/%zu is no factor of numbers from 1 to %d",
                       to->numerator, to->denominator, MOST);
    if (to->width && !to->height)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_resize: the input's width is %zu, but its height is missing",
                       to->width);
    if (to->classes > MOST)
        return fv_fail(err, FV_E_RANGE, "fv_net_resize: %zu classes; at most %d", to->classes, MOST);
    return FV_OK;
}

fv_status fv_net_resize(const fv_host *host, const fv_net *net, const fv_net_size *to, fv_net **out, fv_error *err)
{
    fv_error local = {0};
    resizing r = {.err = err ? err : &local};
    fv_net_size size = FV_NET_SIZE;

    if (!out)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_resize: out is NULL");
    *out = NULL;
    if (!net || !to)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_resize: %s is NULL", net ? "to" : "net");
    if (to->size < sizeof to->size)
        return fv_fail(err, FV_E_ARGUMENT, "fv_net_resize: size is %zu; begin with FV_NET_SIZE", to->size);
    memcpy(&size, to, to->size < sizeof size ? to->size : sizeof size);
    r.status = check_size(&size, err);
    if (r.status)
        return r.status;
    r.status = fv_net_clone(host, net, &r.net, err);
    if (r.status)
        return r.status;
    r.numerator = size.numerator;
    r.denominator = size.denominator;
    if (change(&r, &size)) {
        char *text = fv_net_print(r.net);

        if (text)
            r.status = fv_net_parse(&r.net->arena.host, text, r.net->file, out, err);
        else
            r.status = fv_fail_memory(err, FV_NET_BYTES_MAX, "a network's text");
        fv_release(&r.net->arena.host, text);
    }
    fv_net_free(r.net);
    return r.status;
}
