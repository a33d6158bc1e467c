/* fris cluster: groups of vectors without labels, and how many there are. */
#include "cli/csv.h"
#include "cli/fris_show.h"
#include "cli/grid.h"
#include "cli/json.h"
#include <math.h>
#include <stdlib.h>

static uint32_t label_of(const fv_fris_clusters *c, size_t i)
{
    return c->joined ? c->joined[i] : c->label[i];
}

/* Rand's index, adjusted for chance (Hubert and Arabie 1985): 1 = the same groups, 0 = as by chance. NaN without labels. */
static double adjusted_rand(const fv_fris_source *s, const fv_fris_clusters *c)
{
    const size_t n = c->count, k = c->classes;
    double *table = s->labels ? calloc(k * s->classes + k + s->classes, sizeof *table) : NULL;
    double both = 0, a = 0, b = 0;

    if (!table)
        return (double)NAN;

    double *rows = table + k * s->classes, *columns = rows + k;

    for (size_t i = 0; i < n; i++)
        if (s->labels[i] != FV_FRIS_NONE) {
            table[label_of(c, i) * s->classes + s->labels[i]]++;
            rows[label_of(c, i)]++;
            columns[s->labels[i]]++;
        }
    for (size_t i = 0; i < k * s->classes; i++)
        both += table[i] * (table[i] - 1) / 2;
    for (size_t i = 0; i < k; i++)
        a += rows[i] * (rows[i] - 1) / 2;
    for (size_t i = 0; i < s->classes; i++)
        b += columns[i] * (columns[i] - 1) / 2;
    free(table);

    const double expected = a * b / ((double)n * ((double)n - 1) / 2), most = (a + b) / 2;

    return most > expected ? (both - expected) / (most - expected) : 1;
}

static void print_csv(const fv_fris_source *s, const fv_fris_clusters *c)
{
    puts("name,cluster,stolp");
    for (size_t i = 0; i < c->count; i++) {
        fv_cli_csv_field(stdout, s->names[i]);
        printf(",%u,", label_of(c, i));
        fv_cli_csv_field(stdout, fv_fris_name_of(s, c->stolps[c->label[i]]));
        putchar('\n');
    }
}

static int print_json(const fv_cli *cli, const fv_fris_source *s, const fv_fris_clusters *c)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_count(&json, "objects", c->count);
    fv_cli_json_count(&json, "clusters", c->k);
    fv_cli_json_count(&json, "classes", c->classes);
    fv_cli_json_real(&json, "quality", c->q);
    fv_cli_json_real(&json, "r_star", c->r_star);
    fv_cli_json_real(&json, "adjusted_rand", adjusted_rand(s, c));
    fv_cli_json_array(&json, "tried");
    for (size_t i = 0; i < c->n_q; i++) {
        fv_cli_json_object(&json, NULL);
        fv_cli_json_count(&json, "clusters", c->first_k + i);
        fv_cli_json_real(&json, "quality", c->q_of_k[i]);
        fv_cli_json_end(&json);
    }
    fv_cli_json_end(&json);
    fv_cli_json_array(&json, "stolps");
    for (size_t i = 0; i < c->k; i++)
        fv_cli_json_text(&json, NULL, fv_fris_name_of(s, c->stolps[i]));
    fv_cli_json_end(&json);
    fv_cli_json_array(&json, "label");
    for (size_t i = 0; i < c->count; i++)
        fv_cli_json_count(&json, NULL, label_of(c, i));
    return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(cli);
}

static int print_text(const fv_cli *cli, const fv_fris_source *s, const fv_fris_clusters *c)
{
    static const fv_cli_column columns[] = {{"cluster", true}, {"stolp", false}, {"objects", true}, {"class", true}};
    const double rand = adjusted_rand(s, c);
    fv_cli_grid grid;

    printf("%u clusters of %zu objects, quality %.4f (r* %.4g); tried:", c->k, c->count, c->q, c->r_star);
    for (size_t i = 0; i < c->n_q; i++)
        printf(" %zu:%.4f", c->first_k + i, c->q_of_k[i]);
    putchar('\n');
    if (isfinite(rand))
        printf("adjusted Rand index against the labels %.3f\n", rand);
    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (uint32_t k = 0; k < c->k; k++) {
        size_t n = 0;

        for (size_t i = 0; i < c->count; i++)
            n += c->label[i] == k;
        fv_cli_grid_cell(&grid, "%u", k);
        fv_cli_grid_cell(&grid, "%s", fv_fris_name_of(s, c->stolps[k]));
        fv_cli_grid_cell(&grid, "%zu", n);
        if (c->joined)
            fv_cli_grid_cell(&grid, "%u", c->joined[c->stolps[k]]);
        else
            fv_cli_grid_cell(&grid, "%s", "");
    }
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color) ? FV_EXIT_OK : fv_cli_memory(cli);
}

static int show_all(const fv_cli *cli, const fv_fris_source *s, const fv_fris_clusters *c, size_t most)
{
    static const char *const columns[] = {"cluster", "stolp", "members", NULL};
    fv_fris_show show;

    fv_fris_show_begin(&show, cli, "Clusters", columns);
    for (uint32_t k = 0; k < c->k; k++) {
        size_t shown = 0;

        fv_fris_show_cell(&show, "%u", k);
        fv_fris_show_object(&show, fv_fris_name_of(s, c->stolps[k]));
        for (uint32_t i = 0; i < c->count && (!most || shown < most); i++)
            if (c->label[i] == k && i != c->stolps[k]) {
                fv_fris_show_object(&show, fv_fris_name_of(s, i));
                shown++;
            }
        fv_fris_show_row(&show);
    }
    return fv_fris_show_end(&show);
}

int fv_fris_run_cluster(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_cluster_options o = FV_FRIS_CLUSTER_OPTIONS;
    fv_fris_source s;
    fv_fris_clusters *c = NULL;
    fv_error err = {0};
    int code = fv_fris_source_open(cli, &(fv_fris_wanted){.path = cli->operands[1], .labels = v->labels}, &s);

    if (code)
        return code;
    o.k_min = (uint32_t)v->k_min;
    o.k_max = (uint32_t)v->k_max;
    o.r_star = v->r_star;
    o.join = v->join;
    if (fv_fris_cluster(s.set, &o, &c, &err))
        code = fv_cli_fail(cli, &err);
    else if (v->csv)
        print_csv(&s, c);
    else
        code = v->common.json ? print_json(cli, &s, c) : print_text(cli, &s, c);
    if (!code && (v->html || v->sheet))
        code = show_all(cli, &s, c, (size_t)v->top);
    fv_fris_release(c);
    return fv_fris_source_close(&s, code);
}
