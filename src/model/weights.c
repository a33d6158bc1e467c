/* Weights between a model, which holds them as files do, and a store, which holds them as kernels want them. */
#include "base/error.h"
#include "model/model.h"

/* The file's axes, row-major, and the step of each in the engine's layout; unused axes in front have one element. */
typedef struct walk {
    size_t dim[FV_MAX_RANK], step[FV_MAX_RANK];
} walk;

static walk walk_of(const fv_param *param)
{
    size_t stride[FV_MAX_RANK] = {0}, next = 1;
    const int rank = param->shape.rank;
    walk w = {{1, 1, 1, 1}, {0}};

    for (int axis = rank - 1; axis >= 0; axis--) {
        stride[axis] = next;
        next *= param->shape.dim[axis];
    }
    for (int a = 0; a < rank; a++) {
        w.dim[FV_MAX_RANK - rank + a] = param->shape.dim[param->file_order[a]];
        w.step[FV_MAX_RANK - rank + a] = stride[param->file_order[a]];
    }
    return w;
}

/* One row of the file: `from` into the engine, or where it is NULL from the engine into `file`. */
/* NOLINTBEGIN(clang-analyzer-core.NullDereference): one of the two is given */
static void copy_row(const walk *w, float *file, const float *from, void *engine, size_t at, size_t real_bytes)
{
    const size_t n = w->dim[3], step = w->step[3];

    if (real_bytes == sizeof(double) && from)
        for (size_t i = 0; i < n; i++)
            ((double *)engine)[at + i * step] = (double)from[i];
    else if (real_bytes == sizeof(double))
        for (size_t i = 0; i < n; i++)
            file[i] = (float)((const double *)engine)[at + i * step];
    else if (from)
        for (size_t i = 0; i < n; i++)
            ((float *)engine)[at + i * step] = from[i];
    else
        for (size_t i = 0; i < n; i++)
            file[i] = ((const float *)engine)[at + i * step];
}
/* NOLINTEND(clang-analyzer-core.NullDereference) */

/* From `from` to the item, or from the item to `to`; the other one is NULL. Equals fv_store_set and fv_store_get for
 * each element, without their divisions. */
static void copy_weight(const fv_store *store, const fv_stored *item, float *to, const float *from)
{
    const walk w = walk_of(&item->param);
    size_t i = 0;

    for (size_t a = 0; a < w.dim[0]; a++)
        for (size_t b = 0; b < w.dim[1]; b++)
            for (size_t c = 0; c < w.dim[2]; c++, i += w.dim[3])
                copy_row(&w, to ? to + i : NULL, from ? from + i : NULL, item->data,
                         a * w.step[0] + b * w.step[1] + c * w.step[2], store->real_bytes);
}

fv_status fv_model_from_store(const fv_host *host, const fv_net *net, const fv_store *store, fv_model **out,
                              fv_error *err)
{
    fv_status status = fv_model_begin(host, net, out, err);

    for (size_t k = 0; !status && k < (*out)->count; k++) {
        const fv_weight *w = &(*out)->weights[k];
        const fv_stored *item = fv_store_find(store, w->name);
        float *data;

        if (!item || !fv_shape_equal(&item->param.shape, &w->param.shape))
            status = fv_fail(err, FV_E_ARGUMENT, "%s: %s of network %s", w->name,
                             item ? "the store has another shape than that" : "the store lacks this weight",
                             fv_net_name(net));
        else if (!(status = fv_model_own(*out, k, &data, err)))
            copy_weight(store, item, data, NULL);
    }
    if (status) {
        fv_model_free(*out);
        *out = NULL;
    }
    return status;
}

static fv_status find_weight(const fv_model *model, const char *name, const fv_param *param, const fv_weight **out,
                             fv_error *err)
{
    const fv_shape wanted = fv_param_file_shape(param);
    const fv_weight *w = *out = fv_model_weight(model, name);
    char want[96], have[96];

    if (!w)
        return fv_fail(err, FV_E_SHAPE, "%s: the model of %s has no such weight; wanted %s", name,
                       fv_net_name(model->net), fv_shape_text(&wanted, want));
    if (!fv_shape_equal(&wanted, &w->shape))
        return fv_fail(err, FV_E_SHAPE, "%s: wanted %s, the model of %s has %s", name, fv_shape_text(&wanted, want),
                       fv_net_name(model->net), fv_shape_text(&w->shape, have));
    return FV_OK;
}

fv_status fv_model_fill_store(const fv_model *model, fv_store *store, fv_error *err)
{
    for (size_t k = 0; k < store->count; k++) {
        const fv_stored *item = &store->items[k];
        const fv_weight *w;
        fv_status status;

        if (!item->param.file_rank)
            continue;
        if ((status = find_weight(model, item->name, &item->param, &w, err)))
            return status;
        copy_weight(store, item, NULL, w->data);
    }
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------- one after another */

typedef struct reader {
    const fv_model *model;
    size_t real_bytes;
} reader;

static fv_status check(void *user, const fv_value_info *weight, fv_error *err)
{
    const reader *s = user;
    const fv_weight *w;

    return find_weight(s->model, weight->name, weight->param, &w, err);
}

/* Rows of the engine's matrix [rows, columns] that are neighbours in the file, at most BLOCK of them from file column `m`
 * on. */
enum { BLOCK = 16 };

static size_t rows_of(const walk *w, size_t cols, size_t m, size_t length, size_t row[BLOCK])
{
    const size_t n = length - m < BLOCK ? length - m : BLOCK;

    for (size_t i = 0; i < n; i++) {
        const size_t c = (m + i) % w->dim[3], b = (m + i) / w->dim[3] % w->dim[2], a = (m + i) / w->dim[3] / w->dim[2];

        row[i] = (a * w->step[1] + b * w->step[2] + c * w->step[3]) / cols;
    }
    return n;
}

/* One output of the file is a row of `length` floats there and a column here. A line of the file is read whole, and each
 * line here is written whole by neighbouring outputs. */
static void turn(const walk *w, const float *from, size_t cols, size_t length, size_t count, void *to, size_t ld,
                 size_t real_bytes)
{
    size_t row[BLOCK];

    for (size_t m = 0, n; m < length; m += n) {
        n = rows_of(w, cols, m, length, row);
        for (size_t j = 0; j < count; j++)
            for (size_t i = 0; i < n; i++)
                if (real_bytes == sizeof(double))
                    ((double *)to)[row[i] * ld + j] = (double)from[j * length + m + i];
                else
                    ((float *)to)[row[i] * ld + j] = from[j * length + m + i];
    }
}

static void read_columns(void *user, const fv_value_info *weight, size_t first, size_t count, void *to, size_t ld)
{
    const reader *s = user;
    const fv_param *param = weight->param;
    const fv_weight *w = fv_model_weight(s->model, weight->name);
    const int rank = param->shape.rank;
    const size_t cols = param->shape.dim[rank - 1], length = w->elements / cols;
    const walk axes = walk_of(param); /* files have the outputs, the engine's last axis, in front */

    turn(&axes, w->data + first * length, cols, length, count, to, ld, s->real_bytes);
    if (s->model->file.map && !w->owned)
        fv_file_forget(w->data + first * length, count * length * sizeof *w->data);
}

fv_status fv_model_load(const fv_model *model, fv_exec *exec, fv_error *err)
{
    reader r = {model, exec->kernels->real_bytes};

    return fv_exec_load(exec, &(fv_source){&r, check, read_columns}, err);
}
