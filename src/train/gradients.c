/* gradients.csv: how strong the gradient is at each depth. One row a parameter in every log-gradients-th step, from the
 * first on: its place among the parameters as a picture meets them, the norm of its gradient before clipping, and how many
 * numbers it has (norm / sqrt(elements) compares layers of different sizes). */
#include "base/file.h"
#include "kernels/work.h"
#include "train/trainer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char name[] = "gradients.csv", header[] = "step,depth,tensor,norm,elements\n";

static void print_rows(const fv_learner *learner, uint64_t step, fv_text *text)
{
    const fv_graph *graph = &learner->exec->graph;
    const double *squares = fv_exec_at(learner->exec, learner->squares);

    for (size_t k = 0; k < learner->n_params; k++) {
        const fv_value_info *param = &graph->values[learner->params[k]];
        const size_t elements = fv_elements(&param->shape), parts = fv_square_parts(elements);
        double sum = 0;

        for (size_t i = 0; i < parts; i++)
            sum += squares[i];
        squares += parts;
        fv_text_print(text, "%llu,%zu,%s,", (unsigned long long)step, k + 1, param->name);
        fv_text_print_real(text, sqrt(sum));
        fv_text_print(text, ",%zu\n", elements);
    }
}

fv_status fv_gradients_add(const fv_trainer *t, const fv_learner *learner, fv_error *err)
{
    const uint64_t step = t->at.total_steps; /* counted already */
    fv_status status = FV_OK;
    FILE *file = NULL;
    fv_text text;
    char *path;

    if (!t->settings.log_gradients || !t->out || (step - 1) % t->settings.log_gradients)
        return FV_OK;
    fv_text_init(&text, &t->host);
    path = fv_folder_path(&t->host, t->out, name);
    if (step == 1)
        fv_text_print(&text, "%s", header);
    print_rows(learner, step, &text);
    if (!path || text.failed)
        status = fv_fail_memory(err, text.size, name);
    else if (!(file = fopen(path, step == 1 ? "wb" : "ab")))
        status = fv_fail_errno(err, errno, "%s: cannot open", path);
    if (file) {
        const bool written = fwrite(text.data, 1, text.length, file) == text.length;

        if ((fclose(file) != 0 || !written) && !status)
            status = fv_fail_errno(err, errno, "%s: cannot write", path);
    }
    fv_text_free(&text);
    fv_release(&t->host, path);
    return status;
}

/* Length of the rows up to step `last`; a row that a kill cut short counts as behind it. */
static size_t keep_until(const char *data, size_t size, uint64_t last)
{
    size_t at = 0;

    for (;;) {
        const char *end = at < size ? memchr(data + at, '\n', size - at) : NULL;

        if (!end || (at && strtoull(data + at, NULL, 10) > last)) /* the first line is the header */
            return at;
        at = (size_t)(end - data) + 1;
    }
}

fv_status fv_gradients_cut(const fv_trainer *t, fv_error *err)
{
    char *path;
    uint8_t *data = NULL;
    size_t size = 0;
    fv_status status;

    if (!t->settings.log_gradients || !t->at.total_steps) /* the first step begins the file anew */
        return FV_OK;
    path = fv_folder_path(&t->host, t->out, name);
    status =
        path ? fv_file_read(&t->host, path, (size_t)1 << 30, &data, &size, err) : fv_fail_memory(err, 64, "a path");
    if (!status) {
        const fv_piece piece = {data, keep_until((const char *)data, size, t->at.total_steps)};

        status = fv_file_replace(path, &piece, 1, err);
    }
    fv_release(&t->host, data);
    fv_release(&t->host, path);
    return status;
}
