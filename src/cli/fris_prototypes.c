/* fris prototypes: the objects that stand for each class, and how compact the classes are. */
#include "cli/csv.h"
#include "cli/fris_show.h"
#include "cli/grid.h"
#include "cli/json.h"

/* The share of objects that their own neighbours would classify as they are labelled, and what else is worth a word. */
static void remark(const fv_cli *cli, const fv_fris_objects *o)
{
    if (o->compactness.classes == 1)
        fv_cli_note(cli, "there is one class: without rivals one prototype stands for all");
    if (o->singletons)
        fv_cli_note(cli, "%zu objects are alone in their class", o->singletons);
    if (o->conflicts)
        fv_cli_note(cli, "%zu objects are identical to one of another class", o->conflicts);
}

static int print_csv(const fv_fris_source *s, const fv_fris_stolps *p)
{
    puts("class,prototype,name,covers,efficiency");
    for (size_t i = 0; i < p->count; i++) {
        fv_cli_csv_field(stdout, fv_fris_class_of(s, p->label[i]));
        printf(",%u,", p->stolp[i]);
        fv_cli_csv_field(stdout, fv_fris_name_of(s, p->stolp[i]));
        printf(",%u,%.9g\n", p->covers[i], p->efficiency[i]);
    }
    return FV_EXIT_OK;
}

static int print_json(const fv_cli *cli, const fv_fris_source *s, const fv_fris_objects *o, const fv_fris_stolps *p)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_count(&json, "objects", fv_fris_count(s->set));
    fv_cli_json_real(&json, "macro", o->compactness.macro);
    fv_cli_json_real(&json, "micro", o->compactness.micro);
    fv_cli_json_count(&json, "positive", o->positive);
    fv_cli_json_count(&json, "conflicts", o->conflicts);
    fv_cli_json_count(&json, "uncovered", p->n_uncovered);
    fv_cli_json_array(&json, "classes");
    for (size_t c = 0; c < o->compactness.classes; c++) {
        fv_cli_json_object(&json, NULL);
        fv_cli_json_text(&json, "class", fv_fris_class_of(s, o->compactness.label[c]));
        fv_cli_json_count(&json, "objects", o->compactness.size[c]);
        fv_cli_json_real(&json, "compactness", o->compactness.mean[c]);
        fv_cli_json_real(&json, "compactness_by_prototypes", p->f.mean[c]);
        fv_cli_json_end(&json);
    }
    fv_cli_json_end(&json);
    fv_cli_json_array(&json, "prototypes");
    for (size_t i = 0; i < p->count; i++) {
        fv_cli_json_object(&json, NULL);
        fv_cli_json_text(&json, "class", fv_fris_class_of(s, p->label[i]));
        fv_cli_json_count(&json, "index", p->stolp[i]);
        fv_cli_json_text(&json, "name", fv_fris_name_of(s, p->stolp[i]));
        fv_cli_json_count(&json, "covers", p->covers[i]);
        fv_cli_json_real(&json, "efficiency", p->efficiency[i]);
        fv_cli_json_end(&json);
    }
    return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(cli);
}

static int print_text(const fv_cli *cli, const fv_fris_source *s, const fv_fris_objects *o, const fv_fris_stolps *p)
{
    static const fv_cli_column classes[] = {
        {"class", false}, {"objects", true}, {"compactness", true}, {"prototypes", true}};
    static const fv_cli_column stolps[] = {
        {"class", false}, {"prototype", false}, {"covers", true}, {"efficiency", true}};
    fv_cli_grid grid;

    fv_cli_grid_init(&grid, classes, FV_COUNT(classes));
    for (size_t c = 0; c < o->compactness.classes; c++) {
        size_t n = 0;

        for (size_t i = 0; i < p->count; i++)
            n += p->label[i] == o->compactness.label[c];
        fv_cli_grid_cell(&grid, "%s", fv_fris_class_of(s, o->compactness.label[c]));
        fv_cli_grid_cell(&grid, "%u", o->compactness.size[c]);
        fv_cli_grid_cell(&grid, "%.4f", o->compactness.mean[c]);
        fv_cli_grid_cell(&grid, "%zu", n);
    }
    if (!fv_cli_grid_print(&grid, stdout, cli->terminal.out_color))
        return fv_cli_memory(cli);
    printf("compactness %.4f over classes, %.4f over objects; %zu of %zu objects have S > 0\n\n", o->compactness.macro,
           o->compactness.micro, o->positive, fv_fris_count(s->set));
    fv_cli_grid_init(&grid, stolps, FV_COUNT(stolps));
    for (size_t i = 0; i < p->count; i++) {
        fv_cli_grid_cell(&grid, "%s", fv_fris_class_of(s, p->label[i]));
        fv_cli_grid_cell(&grid, "%s", fv_fris_name_of(s, p->stolp[i]));
        fv_cli_grid_cell(&grid, "%u", p->covers[i]);
        fv_cli_grid_cell(&grid, "%.4f", p->efficiency[i]);
    }
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color) ? FV_EXIT_OK : fv_cli_memory(cli);
}

/* Each prototype with up to `most` of the objects that are nearest to it. */
static int show_all(const fv_cli *cli, const fv_fris_source *s, const fv_fris_stolps *p, size_t most)
{
    static const char *const columns[] = {"class", "prototype", "covers", "stands for", NULL};
    fv_fris_show show;

    fv_fris_show_begin(&show, cli, "Prototypes", columns);
    for (size_t i = 0; i < p->count; i++) {
        size_t shown = 0;

        fv_fris_show_cell(&show, "%s", fv_fris_class_of(s, p->label[i]));
        fv_fris_show_object(&show, fv_fris_name_of(s, p->stolp[i]));
        fv_fris_show_cell(&show, "%u", p->covers[i]);
        for (uint32_t u = 0; u < p->objects && (!most || shown < most); u++)
            if (p->own_stolp[u] == p->stolp[i] && u != p->stolp[i]) {
                fv_fris_show_object(&show, fv_fris_name_of(s, u));
                shown++;
            }
        fv_fris_show_row(&show);
    }
    return fv_fris_show_end(&show);
}

int fv_fris_run_prototypes(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    const fv_fris_stolp_options options = fv_fris_stolps_wanted(v);
    fv_fris_source s;
    fv_fris_objects *o = NULL;
    fv_fris_stolps *p = NULL;
    fv_error err = {0};
    int code = fv_fris_source_open(
        cli, &(fv_fris_wanted){.path = cli->operands[1], .labels = v->labels, .need_labels = true}, &s);

    if (code)
        return code;
    if (fv_fris_measure(s.set, s.labels, s.vectors.count, 1, v->r_star, &o, &err) ||
        fv_fris_choose(s.set, s.labels, s.vectors.count, &options, &p, &err)) {
        code = fv_cli_fail(cli, &err);
    } else {
        remark(cli, o);
        code = v->csv ? print_csv(&s, p) : v->common.json ? print_json(cli, &s, o, p) : print_text(cli, &s, o, p);
    }
    if (!code && p && (v->html || v->sheet))
        code = show_all(cli, &s, p, (size_t)v->top);
    fv_fris_release(p);
    fv_fris_release(o);
    return fv_fris_source_close(&s, code);
}
