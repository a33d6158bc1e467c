/* Golden data: outputs and gradients of every net, made with PyTorch in double (README.md beside the files). Weights,
 * input and projection vectors come from a generator, so a file holds results only.
 *
 * The files are looked for under $FOVEA_SHARED, or ../shared beside the source; a test skips where they are absent. */
#ifndef FV_TESTS_GOLDEN_H
#define FV_TESTS_GOLDEN_H
#include "support.h"

#include "golden_uniform.h"
#include "graph/param.h"
#include "model/safetensors.h"
#include "run/exec.h"

#include <math.h>

/* Streams of the generator: tensor t has stream t, projection vector k of its gradient PROJECTION + 4 t + k. */
enum { GOLDEN_INPUT = 1000000, GOLDEN_PROJECTION = 2000000 };
enum { GOLDEN_TENSORS = 1024, GOLDEN_LABELS = 8, GOLDEN_DIGEST = 9 };

/* Element i is a + b u_i, in PyTorch's order. */
typedef struct golden_tensor {
    char name[96], role[8];
    size_t dim[4], elements;
    int rank;
    double a, b;
} golden_tensor;

typedef struct golden {
    fv_safetensors file;
    uint64_t seed;
    size_t batch, channels, size, classes;
    int32_t labels[GOLDEN_LABELS];
    golden_tensor tensors[GOLDEN_TENSORS];
    size_t count;
} golden;

/* ------------------------------------------------------------------------------------------------------------ files */

static inline size_t golden_number(const golden *g, const char *key)
{
    const char *text = fv_safetensors_meta(&g->file, key);

    if (!text)
        fail_msg("golden data have no '%s'", key);
    return text ? strtoul(text, NULL, 10) : 0;
}

/* "4 c3.weight weight 16,6,5,5 0 0.17": number name role shape a b. */
static inline void golden_read_tensor(golden_tensor *t, const char *line, size_t number)
{
    char shape[64], *at = shape;
    size_t n;

    if (sscanf(line, "%zu %95s %7s %63s %lf %lf", &n, t->name, t->role, shape, &t->a, &t->b) != 6 || n != number)
        fail_msg("golden data: tensor %zu is described as \"%.80s\"", number, line);
    for (t->elements = 1; t->rank < 4; at++) {
        t->dim[t->rank] = strtoul(at, &at, 10);
        t->elements *= t->dim[t->rank++];
        if (*at != ',')
            break;
    }
    assert_int_equal(*at, '\0');
}

/* What stands behind the next `mark`; the empty string if there is none. */
static inline const char *golden_next(const char *text, char mark)
{
    const char *at = strchr(text, mark);

    return at ? at + 1 : "";
}

/* FOLDER/NAMEEND of the data that tests share. */
static inline void shared_path(char path[PATH_MAX], const char *folder, const char *name, const char *end)
{
    const char *shared = getenv("FOVEA_SHARED"), *source = getenv("FOVEA_SOURCE");

    snprintf(path, PATH_MAX, "%s%s/%s/%s%s",
             shared   ? shared
             : source ? source
                      : ".",
             shared ? "" : "/../shared", folder, name, end);
}

/* Open NAME ("reduced/lenet-5"); false where the files are absent, and then the reason was printed. */
static inline bool golden_open(golden *g, const char *name)
{
    const char *line;
    char path[PATH_MAX];
    fv_error err = {0};

    memset(g, 0, sizeof *g);
    shared_path(path, "golden", name, ".safetensors");
    if (access(path, F_OK) != 0) {
        print_message("no golden data at %s; FOVEA_SHARED names the folder that holds golden/\n", path);
        return false;
    }
    test_ok(fv_safetensors_open(NULL, path, &g->file, &err), &err);
    g->seed = golden_number(g, "seed");
    g->batch = golden_number(g, "batch");
    g->channels = golden_number(g, "channels");
    g->size = golden_number(g, "size");
    g->classes = golden_number(g, "classes");
    line = fv_safetensors_meta(&g->file, "labels");
    for (size_t n = 0; line && n < GOLDEN_LABELS && n < g->batch; n++, line = golden_next(line, ','))
        g->labels[n] = (int32_t)strtol(line, NULL, 10);
    line = fv_safetensors_meta(&g->file, "tensors");
    for (; line && *line; line = golden_next(line, '\n')) {
        assert_true(g->count < GOLDEN_TENSORS);
        golden_read_tensor(&g->tensors[g->count], line, g->count);
        g->count++;
    }
    assert_true(g->count > 0);
    return true;
}

static inline void golden_close(golden *g)
{
    fv_safetensors_free(&g->file);
}

/* An array of n doubles; it must be there, and of that size. */
static inline void golden_read(const golden *g, const char *name, double *out, size_t n)
{
    const fv_st_tensor *t = fv_safetensors_find(&g->file, name);
    fv_error err = {0};

    if (!t)
        fail_msg("golden data have no '%s'", name);
    assert_int_equal(t->bytes, n * sizeof *out);
    test_ok(fv_st_read_double(t, 0, n, out, &err), &err);
}

/* -------------------------------------------------------------------------------------------------- into the engine */

static inline double golden_value(const golden *g, size_t tensor, size_t i)
{
    return g->tensors[tensor].a + g->tensors[tensor].b * golden_uniform(g->seed, tensor, i);
}

static inline size_t golden_find(const golden *g, const char *name)
{
    for (size_t t = 0; t < g->count; t++)
        if (strcmp(g->tensors[t].name, name) == 0)
            return t;
    fail_msg("golden data have no tensor '%s'", name);
    return 0;
}

/* Is element i (of the file) of a convolution outside its connection table, and so always 0? */
static inline bool golden_masked(const fv_param *p, size_t i)
{
    return p->mask && !p->mask[fv_param_offset(p, i) % (p->shape.dim[2] * p->shape.dim[3])];
}

static inline bool golden_average(const golden_tensor *t)
{
    return strcmp(t->role, "mean") == 0 || strcmp(t->role, "var") == 0;
}

/* Every weight of the store, which must be the file's: same names, same shapes, none left over but those of heads that
 * the store does not have. Training begins with running averages of 0 and 1. */
static inline void golden_fill_store(const golden *g, fv_store *store, bool training)
{
    const bool heads = fv_safetensors_find(&g->file, "train/aux1") != NULL;
    size_t filled = 0;

    for (size_t k = 0; k < store->count; k++) {
        fv_stored *item = &store->items[k];

        if (!item->param.file_rank)
            continue;
        const size_t t = golden_find(g, item->name);
        const fv_shape shape = fv_param_file_shape(&item->param);
        const bool reset = training && golden_average(&g->tensors[t]);

        assert_int_equal(shape.rank, g->tensors[t].rank);
        for (int a = 0; a < shape.rank; a++)
            assert_int_equal(shape.dim[a], g->tensors[t].dim[a]);
        for (size_t i = 0; i < item->elements; i++)
            fv_store_set(store, item, i,
                         golden_masked(&item->param, i) ? 0
                         : reset                        ? strcmp(g->tensors[t].role, "var") == 0
                                                        : golden_value(g, t, i));
        filled++;
    }
    assert_true(filled == g->count || (heads && !training && filled < g->count));
}

/* Index of element [n,h,w,c] of the engine in the file's [n,c,h,w]. */
static inline size_t golden_place(const fv_shape *x, size_t i)
{
    const size_t c = i % x->dim[3], w = i / x->dim[3] % x->dim[2], h = i / x->dim[3] / x->dim[2] % x->dim[1];
    const size_t n = i / x->dim[3] / x->dim[2] / x->dim[1];

    return ((n * x->dim[3] + c) * x->dim[1] + h) * x->dim[2] + w;
}

static inline double golden_pixel(const golden *g, const fv_shape *x, size_t i)
{
    return golden_uniform(g->seed, GOLDEN_INPUT, golden_place(x, i));
}

static inline void golden_fill_input(const golden *g, fv_exec *exec, fv_value input)
{
    const fv_shape *x = fv_shape_of(&exec->graph, input);

    assert_int_equal(x->dim[0], g->batch);
    assert_int_equal(x->dim[1], g->size);
    assert_int_equal(x->dim[2], g->size);
    assert_int_equal(x->dim[3], g->channels);
    for (size_t i = 0; i < fv_elements(x); i++)
        fv_exec_set(exec, input, i, golden_pixel(g, x, i));
}

/* -------------------------------------------------------------------------------------------------------- comparing */

/* max |a - b| / max |b| */
static inline double golden_distance(const double *a, const double *b, size_t n)
{
    double most = 0, largest = 0;

    for (size_t i = 0; i < n; i++) {
        most = isfinite(a[i]) ? fmax(most, fabs(a[i] - b[i])) : INFINITY;
        largest = fmax(largest, fabs(b[i]));
    }
    return most / largest;
}

/* One element more of a gradient, which is element i of tensor `number` in PyTorch's order. The norm's place holds the
 * sum of squares until golden_digest_end. */
static inline void golden_digest_add(const golden *g, size_t number, size_t i, double x, double digest[GOLDEN_DIGEST])
{
    digest[0] += x * x;
    for (size_t k = 0; k < 4; k++)
        digest[1 + k] += x * golden_uniform(g->seed, GOLDEN_PROJECTION + 4 * number + k, i);
    if (i < 4)
        digest[5 + i] = x;
}

static inline void golden_digest_end(double digest[GOLDEN_DIGEST])
{
    digest[0] = sqrt(digest[0]);
}

/* The digest of a parameter's gradient, which lies in the parameter's layout. */
static inline void golden_digest_param(const golden *g, size_t number, const fv_exec *exec, fv_value gradient,
                                       const fv_param *param, double digest[GOLDEN_DIGEST])
{
    memset(digest, 0, GOLDEN_DIGEST * sizeof *digest);
    for (size_t i = 0; i < g->tensors[number].elements; i++)
        golden_digest_add(g, number, i, fv_exec_get(exec, gradient, fv_param_offset(param, i)), digest);
    golden_digest_end(digest);
}

/* The digest of what the store holds under a name: a running average. */
static inline void golden_digest_stored(const golden *g, size_t number, const fv_store *store,
                                        double digest[GOLDEN_DIGEST])
{
    const fv_stored *item = fv_store_find(store, g->tensors[number].name);

    assert_non_null(item);
    memset(digest, 0, GOLDEN_DIGEST * sizeof *digest);
    for (size_t i = 0; i < item->elements; i++)
        golden_digest_add(g, number, i, fv_store_get(store, item, i), digest);
    golden_digest_end(digest);
}

static inline void golden_digest_input(const golden *g, const fv_exec *exec, fv_value gradient,
                                       double digest[GOLDEN_DIGEST])
{
    const fv_shape *x = fv_shape_of(&exec->graph, gradient);

    memset(digest, 0, GOLDEN_DIGEST * sizeof *digest);
    for (size_t i = 0; i < fv_elements(x); i++)
        golden_digest_add(g, GOLDEN_INPUT, golden_place(x, i), fv_exec_get(exec, gradient, i), digest);
    golden_digest_end(digest);
}

/* The error of a gradient relative to max(its norm, 1e-3 G), G the largest norm of the net's gradients. The projection
 * vectors' elements have variance 1/3, so that sqrt(3/4 sum e_k^2) estimates the norm of the difference. */
static inline double golden_gradient_error(const double *have, const double *want, double largest)
{
    double squares = 0;

    for (size_t k = 1; k <= 4; k++)
        squares += (have[k] - want[k]) * (have[k] - want[k]);
    return fmax(sqrt(.75 * squares), fabs(have[0] - want[0])) / fmax(want[0], 1e-3 * largest);
}

#endif
