/* rbf: the output layer of LeNet-5 (LeCun et al. 1998, section II.B): squared distances to fixed targets,
 *
 *     y[n,i] = sum over j of (x[n,j] - w[i,j])^2            x: [N,1,1,84]   w: [10,84] of -1 and +1   y: [N,1,1,10]
 *
 * so the class is the smallest output. The targets are 7 wide x 12 high bitmaps of the digits, drawn after the paper's
 * figure 3. Gradient: dx[n,j] = sum over i of 2 dy[n,i] (x[n,j] - w[i,j]). */
#include "ops/common.h"

enum { CLASSES = 10, CELLS = 84 };

static const char *const drawn[CLASSES][12] = {
    {".#####.", ".......", "..###..", ".##.##.", "##...##", "##...##", "##...##", "##...##", ".##.##.", "..###..",
     ".......", "......."}, /* 0 */
    {"...##..", "..###..", ".####..", "...##..", "...##..", "...##..", "...##..", "...##..", "...##..", ".######",
     ".......", "......."}, /* 1 */
    {".#####.", ".......", ".#####.", "##...##", "#....##", "....##.", "..###..", ".##....", "##.....", "#######",
     ".......", "......."}, /* 2 */
    {"#######", ".....##", "....##.", "...##..", "..####.", ".....##", ".....##", ".....##", "##...##", ".#####.",
     ".......", "......."}, /* 3 */
    {".#####.", ".......", ".......", ".##..##", ".##..##", "###..##", "##...##", "##...##", "##..###", ".######",
     ".....##", ".....##"}, /* 4 */
    {".#####.", ".......", "#######", "##.....", "##.....", ".####..", "..####.", ".....##", "##...##", ".#####.",
     ".......", "......."}, /* 5 */
    {"..####.", ".##....", "##.....", "##.....", "######.", "###..##", "##...##", "##...##", "###..##", ".#####.",
     ".......", "......."}, /* 6 */
    {"#######", ".....##", ".....##", "....##.", "...##..", "...##..", "..##...", "..##...", "..##...", "..##...",
     ".......", "......."}, /* 7 */
    {".#####.", "##...##", "##...##", "##...##", ".#####.", "##...##", "##...##", "##...##", "##...##", ".#####.",
     ".......", "......."}, /* 8 */
    {".#####.", "##..###", "##...##", "##...##", "##..###", ".######", ".....##", ".....##", "....##.", ".####..",
     ".......", "......."}, /* 9 */
};

/* The bitmaps as numbers, row by row. */
static void targets(double w[CLASSES * CELLS])
{
    for (int i = 0; i < CLASSES; i++)
        for (int j = 0; j < CELLS; j++)
            w[i * CELLS + j] = drawn[i][j / 7][j % 7] == '#' ? 1 : -1;
}

static fv_status shape(const fv_node *node, const fv_shape *in, fv_shape *out, fv_dtype *dtype, fv_error *err)
{
    char text[96];

    (void)node;
    (void)dtype;
    if (in[0].rank != 4 || in[0].dim[1] * in[0].dim[2] != 1 || in[0].dim[3] != CELLS)
        return fv_fail(err, FV_E_SHAPE,
                       "rbf: needs %d values a sample, one for each cell of a 7x12 bitmap; its input is "
                       "%s",
                       CELLS, fv_shape_text(&in[0], text));
    out[0] = fv_shape4(in[0].dim[0], 1, 1, CLASSES);
    return FV_OK;
}

static int params(const void *attrs, const fv_shape *x, fv_param list[FV_MAX_PARAMS], fv_error *err)
{
    (void)attrs;
    (void)x;
    (void)err;
    list[0] = (fv_param){.suffix = "targets", .shape = {2, {CLASSES, CELLS}}, .constant = targets};
    return 1;
}

static void grad(fv_graph *graph, const fv_node *node, const fv_value *dy, const bool *need, fv_value *dx)
{
    if (need[0])
        dx[0] = fv_emit(graph, &fv_op_rbf_backward, NULL, (fv_value[]){node->in[0], node->in[1], dy[0]}, 3);
}

static void step(fv_lower *l, const fv_node *node, fv_kernel_id kernel, const fv_bind *binds, size_t n_binds)
{
    const size_t n = fv_lower_shape(l, node->in[0])->dim[0], real = fv_lower_kernels(l)->real_bytes;
    const fv_rbf_args args = {.n = n, .classes = CLASSES, .depth = CELLS};

    fv_lower_step(l, kernel, &args, sizeof args, fv_work_items(n, CELLS * real), binds, n_binds, 0,
                  (fv_cost){3.0 * (double)n * CLASSES * CELLS, (double)(n * CELLS * real)});
}

static void lower(fv_lower *l, const fv_node *node)
{
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_rbf_args, x, node->in[0]), FV_BIND(fv_rbf_args, w, node->in[1]),
                             FV_BIND_SAMPLES(fv_rbf_args, y, node->out[0])};

    step(l, node, FV_K_rbf_forward, binds, FV_COUNT(binds));
}

static void facts(const fv_node *node, const fv_shape *in, const fv_shape *out, fv_facts *f)
{
    (void)node;
    (void)in;
    (void)out;
    f->global = true;
    f->macs = f->connections = (uint64_t)CLASSES * CELLS;
}

const fv_op fv_op_rbf = {
    .name = "rbf",
    .help = "squared distances to the bitmaps of the ten digits (LeNet 1998); the smallest wins",
    .inputs = 2,
    .outputs = 1,
    .params = params,
    .shape = shape,
    .grad = grad,
    .lower = lower,
    .facts = facts,
};

static void lower_back(fv_lower *l, const fv_node *node)
{
    const fv_bind binds[] = {FV_BIND_SAMPLES(fv_rbf_args, x, node->in[0]), FV_BIND(fv_rbf_args, w, node->in[1]),
                             FV_BIND_SAMPLES(fv_rbf_args, dy, node->in[2]),
                             FV_BIND_SAMPLES(fv_rbf_args, dx, node->out[0])};

    step(l, node, FV_K_rbf_backward, binds, FV_COUNT(binds));
}

const fv_op fv_op_rbf_backward = {
    .name = "rbf_backward",
    .help = "gradient of rbf to its input",
    .inputs = 3,
    .outputs = 1,
    .flags = FV_OP_HIDDEN,
    .shape = fv_shape_like_first,
    .lower = lower_back,
};
