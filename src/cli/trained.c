/* What is printed of a run of training that ended: its newest epoch, and which is the best. */
#include "cli/trained.h"
#include "cli/json.h"
#include "cli/memory.h"
#include <math.h>
#include <stdio.h>

static void json_figure(fv_cli_json *json, const char *key, double value)
{
    if (isfinite(value))
        fv_cli_json_real(json, key, value);
}

static bool print_json(const fv_cli_trained *t)
{
    const fv_progress *e = t->epoch;
    fv_cli_json json;

    fv_cli_json_begin(&json, 1);
    fv_cli_json_text(&json, "out", t->folder);
    fv_cli_json_count(&json, "epochs", e->epoch);
    fv_cli_json_count(&json, "steps", e->total_steps);
    json_figure(&json, "train_loss", e->loss);
    json_figure(&json, "train_top1", e->top1);
    json_figure(&json, "val_loss", e->val_loss);
    json_figure(&json, "val_top1", e->val_top1);
    json_figure(&json, "val_top5", e->val_top5);
    json_figure(&json, "test_loss", e->test_loss);
    json_figure(&json, "test_top1", e->test_top1);
    fv_cli_json_count(&json, "best_epoch", t->best->epoch);
    json_figure(&json, "images_per_s", e->images_per_s);
    json_figure(&json, "elapsed_s", e->elapsed_s);
    fv_cli_json_count(&json, "memory_peak_bytes", fv_cli_memory_peak());
    return fv_cli_json_print(&json, stdout);
}

static void print_text(const fv_cli_trained *t)
{
    const fv_progress *e = t->epoch;

    printf("%s: %llu epochs, loss %.4f, top-1 %.2f %%", t->folder, (unsigned long long)e->epoch, e->loss,
           100 * e->top1);
    if (isfinite(e->val_top1))
        printf("; validation: loss %.4f, top-1 %.2f %%", e->val_loss, 100 * e->val_top1);
    if (isfinite(e->test_top1))
        printf("; test: loss %.4f, top-1 %.2f %%", e->test_loss, 100 * e->test_top1);
    putchar('\n');
    if (t->fine_tuned && !t->best->epoch)
        printf("%s: no epoch was better on validation: the best model is the one before fine-tuning\n", t->folder);
    else if (t->fine_tuned)
        printf("%s: best is epoch %llu: validation top-1 %.2f %%, test top-1 %.2f %%\n", t->folder,
               (unsigned long long)t->best->epoch, 100 * t->best->val_top1, 100 * t->best->test_top1);
}

int fv_cli_trained_print(const fv_cli *cli, const fv_cli_trained *trained)
{
    if (cli->common->json)
        return print_json(trained) ? FV_EXIT_OK : fv_cli_memory(cli);
    print_text(trained);
    return FV_EXIT_OK;
}
