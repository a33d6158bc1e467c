/* fris layers: which of several features of the same objects separates their classes best. The share of objects with
 * S > 0 (leave-one-out 1-NN) comes first: noise squeezes compactness much more than it hurts neighbours. */
#include "base/random.h"
#include "cli/csv.h"
#include "cli/fris_photos.h"
#include "cli/grid.h"
#include "cli/json.h"
#include <math.h>
#include <stdlib.h>

enum { RESAMPLES = 200 };

typedef struct layer {
    const char *path;
    size_t dims, objects;
    double share, spread, macro;
} layer;

/* Standard deviation of the share over samples of the objects with replacement (Efron 1979), by --seed. */
static double bootstrap(const fv_cli *cli, const fv_fris_objects *o)
{
    double sum = 0, squares = 0;

    for (uint32_t b = 0; b < RESAMPLES; b++) {
        const fv_random random = {cli->common->seed, FV_STREAM_SPLIT, b};
        size_t n = 0;

        for (size_t i = 0; i < o->count; i++)
            n += o->s[fv_random_below(random, i, o->count)] > 0;
        const double share = (double)n / (double)o->count;

        sum += share;
        squares += share * share;
    }
    return sqrt(fmax(0, squares / RESAMPLES - sum / RESAMPLES * (sum / RESAMPLES)));
}

static int measure(const fv_cli *cli, const fv_fris_wanted *wanted, const char *name, layer *out)
{
    fv_fris_source s;
    fv_fris_objects *o;
    fv_error err = {0};
    int code = fv_fris_source_open(cli, wanted, &s);

    if (code)
        return code;
    if (fv_fris_measure(s.set, s.labels, s.vectors.count, 1, 0, &o, &err)) {
        code = fv_cli_fail(cli, &err);
    } else {
        *out = (layer){name,
                       s.vectors.dims,
                       o->count,
                       (double)o->positive / (double)o->count,
                       bootstrap(cli, o),
                       o->compactness.macro};
        fv_fris_release(o);
    }
    return fv_fris_source_close(&s, code);
}

/* By the share; among those within a point of each other by compactness. */
static int better(const void *a, const void *b)
{
    const layer *x = a, *y = b;
    const double p = fabs(x->share - y->share) > 0.01 ? x->share : x->macro;
    const double q = fabs(x->share - y->share) > 0.01 ? y->share : y->macro;

    return (p < q) - (p > q);
}

/* "Within a point" is no order of more than two, so the best is found first and its neighbours are sorted. */
static void rank(layer *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t best = i, end = i + 1;

        for (size_t j = i; j < n; j++)
            best = all[j].share > all[best].share ? j : best;
        const layer first = all[best];

        all[best] = all[i];
        all[i] = first;
        for (size_t j = i + 1; j < n; j++)
            if (first.share - all[j].share <= 0.01) {
                const layer near = all[j];

                all[j] = all[end];
                all[end++] = near;
            }
        qsort(all + i, end - i, sizeof *all, better);
        i = end - 1;
    }
}

static int print(const fv_cli *cli, const layer *all, size_t n)
{
    static const fv_cli_column columns[] = {
        {"features", false}, {"columns", true}, {"right, %", true}, {"spread", true}, {"compactness", true}};
    const fv_fris_values *v = cli->values;
    fv_cli_grid grid;
    fv_cli_json json;

    if (v->common.json) {
        fv_cli_json_begin(&json, 2);
        fv_cli_json_array(&json, "layers");
        for (size_t i = 0; i < n; i++) {
            fv_cli_json_object(&json, NULL);
            fv_cli_json_text(&json, "features", all[i].path);
            fv_cli_json_count(&json, "columns", all[i].dims);
            fv_cli_json_real(&json, "right", all[i].share);
            fv_cli_json_real(&json, "spread", all[i].spread);
            fv_cli_json_real(&json, "compactness", all[i].macro);
            fv_cli_json_end(&json);
        }
        return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(cli);
    }
    if (v->csv) {
        puts("features,columns,right,spread,compactness");
        for (size_t i = 0; i < n; i++) {
            fv_cli_csv_field(stdout, all[i].path);
            printf(",%zu,%.9g,%.9g,%.9g\n", all[i].dims, all[i].share, all[i].spread, all[i].macro);
        }
        return FV_EXIT_OK;
    }
    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < n; i++) {
        fv_cli_grid_cell(&grid, "%s", all[i].path);
        fv_cli_grid_cell(&grid, "%zu", all[i].dims);
        fv_cli_grid_cell(&grid, "%.1f", 100 * all[i].share);
        fv_cli_grid_cell(&grid, "%.1f", 100 * all[i].spread);
        fv_cli_grid_cell(&grid, "%.4f", all[i].macro);
    }
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color) ? FV_EXIT_OK : fv_cli_memory(cli);
}

int fv_fris_run_layers(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_wanted wanted = {.path = cli->operands[1], .labels = v->labels, .need_labels = true};
    const bool photos = fv_fris_is_photos(cli, &wanted), named = photos && cli->count > 2;
    const size_t first = named ? 2 : 1, n = cli->count - first;
    layer *all = calloc(n, sizeof *all);
    int code = all ? FV_EXIT_OK : fv_cli_memory(cli);

    for (size_t i = 0; !code && i < n; i++) {
        const char *name = cli->operands[first + i];

        if (named) {
            wanted.model = v->model;
            wanted.layer = name;
        } else {
            wanted.path = name;
        }
        code = measure(cli, &wanted, name, &all[i]);
    }
    for (size_t i = 1; !code && i < n; i++)
        if (all[i].objects != all[0].objects) {
            fv_cli_say(cli, "%s has %zu vectors, %s %zu: not the same objects", all[i].path, all[i].objects,
                       all[0].path, all[0].objects);
            code = FV_EXIT_FAILURE;
        }
    if (!code) {
        rank(all, n);
        code = print(cli, all, n);
    }
    free(all);
    return code;
}
