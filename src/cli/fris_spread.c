/* fris spread: labels of a few objects spread to the others (FRiS-TDR). fris select: groups of columns that separate the
 * classes best. */
#include "cli/csv.h"
#include "cli/fris.h"
#include "cli/grid.h"
#include "cli/json.h"
#include <stdlib.h>
#include <string.h>

/* Objects of the class that --unlabelled names count as those without a label. */
static void forget(const fv_fris_values *v, fv_fris_source *s)
{
    for (size_t i = 0; v->unlabelled && i < s->vectors.count; i++)
        if (s->labels[i] != FV_FRIS_NONE && !strcmp(s->class_names[s->labels[i]], v->unlabelled))
            s->labels[i] = FV_FRIS_NONE;
}

static int print_spread(const fv_cli *cli, const fv_fris_source *s, const fv_fris_spread *p)
{
    const fv_fris_values *v = cli->values;

    if (v->csv)
        puts("name,label,class,s_star");
    for (size_t i = 0; i < p->count; i++) {
        const char *name = fv_fris_name_of(s, (uint32_t)i), *class = fv_fris_class_of(s, p->label[i]);
        const bool known = s->labels[i] != FV_FRIS_NONE;
        const char *label = known ? fv_fris_class_of(s, s->labels[i]) : "";

        if (v->common.json) {
            fv_cli_json json;

            fv_cli_json_begin(&json, 0);
            fv_cli_json_text(&json, "name", name);
            if (known)
                fv_cli_json_text(&json, "label", label);
            fv_cli_json_text(&json, "class", class);
            fv_cli_json_real(&json, "s_star", p->s_star[i]);
            if (!fv_cli_json_print(&json, stdout))
                return fv_cli_memory(cli);
        } else if (v->csv) {
            const char *const fields[] = {name, label, class};

            for (size_t f = 0; f < FV_COUNT(fields); f++) {
                fv_cli_csv_field(stdout, fields[f]);
                putchar(',');
            }
            printf("%.9g\n", p->s_star[i]);
        } else if (!known) {
            printf("%s: %s, S* %.4f\n", name, class, p->s_star[i]);
        }
    }
    fv_cli_note(cli, "%zu stolps, r* %.4g", p->n_stolps, p->r_star);
    return FV_EXIT_OK;
}

int fv_fris_run_spread(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_spread_options o = FV_FRIS_SPREAD_OPTIONS;
    fv_fris_source s;
    fv_fris_spread *p = NULL;
    fv_error err = {0};
    int code = fv_fris_source_open(
        cli, &(fv_fris_wanted){.path = cli->operands[1], .labels = v->labels, .need_labels = true}, &s);

    if (code)
        return code;
    forget(v, &s);
    o.r_star = v->r_star;
    o.max_stolps = (uint32_t)v->max_stolps;
    if (fv_fris_spread_labels(s.set, s.labels, s.vectors.count, &o, &p, &err))
        code = fv_cli_fail(cli, &err);
    else
        code = print_spread(cli, &s, p);
    fv_fris_release(p);
    return fv_fris_source_close(&s, code);
}

/* ---------------------------------------------------------------------------------------------------- select */

static void print_groups(const uint32_t *group, size_t n, const char *between)
{
    for (size_t i = 0; i < n; i++)
        printf("%s%u", i ? between : "", group[i]);
}

/* A row a set, as they were visited; the last sentence names the best. */
static int print_select(const fv_cli *cli, const fv_fris_groups *g)
{
    const fv_fris_values *v = cli->values;
    fv_cli_json json;

    if (v->common.json) {
        fv_cli_json_begin(&json, 1);
        fv_cli_json_real(&json, "compactness", g->macro);
        fv_cli_json_array(&json, "groups");
        for (size_t i = 0; i < g->count; i++)
            fv_cli_json_count(&json, NULL, g->group[i]);
        return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(cli);
    }
    if (v->csv)
        puts("compactness,groups");
    for (size_t i = 0, at = 0; i < g->n_path; at = g->path_end[i++]) {
        printf(v->csv ? "%.9g," : "%.4f  ", g->path_macro[i]);
        print_groups(g->path + at, g->path_end[i] - at, " ");
        putchar('\n');
    }
    if (!v->csv) {
        printf("best: %.4f with %zu groups: ", g->macro, g->count);
        print_groups(g->group, g->count, ", ");
        putchar('\n');
    }
    return FV_EXIT_OK;
}

int fv_fris_run_select(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_source s;
    fv_fris_groups *g = NULL;
    uint32_t *group_of;
    size_t groups;
    fv_error err = {0};
    int code = fv_fris_source_open(
        cli, &(fv_fris_wanted){.path = cli->operands[1], .labels = v->labels, .need_labels = true}, &s);

    if (code)
        return code;
    groups = v->groups ? (size_t)v->groups : s.vectors.dims;
    if (groups > s.vectors.dims) {
        code = fv_cli_usage(cli, "--groups %zu: there are %zu columns", groups, s.vectors.dims);
        return fv_fris_source_close(&s, code);
    }
    group_of = calloc(s.vectors.dims, sizeof *group_of);
    for (size_t k = 0; group_of && k < s.vectors.dims; k++) /* neighbours, as alike in number as can be */
        group_of[k] = (uint32_t)(k * groups / s.vectors.dims);
    if (!group_of)
        code = fv_cli_memory(cli);
    else if (fv_fris_select(s.set, s.labels, s.vectors.count, group_of, groups, (size_t)v->most_groups, 2, 1, &g, &err))
        code = fv_cli_fail(cli, &err);
    else
        code = print_select(cli, g);
    fv_fris_release(g);
    free(group_of);
    return fv_fris_source_close(&s, code);
}
