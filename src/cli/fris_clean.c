/* fris clean: labels in doubt, the worst first, with the objects that say so; and a corrected list of labels. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "cli/csv.h"
#include "cli/fris_show.h"
#include "cli/grid.h"
#include "cli/json.h"
#include <stdlib.h>
#include <string.h>

static const double TIE = 1e-12; /* S of a tie may be off 0 by rounding */

static void print_csv(const fv_fris_source *s, const fv_fris_doubts *d, size_t n)
{
    puts("name,label,suggested,s,rival,nearest,singleton");
    for (size_t i = 0; i < n; i++) {
        const fv_fris_doubt *x = &d->doubt[i];
        const char *fields[] = {fv_fris_name_of(s, x->index), fv_fris_class_of(s, x->label),
                                fv_fris_class_of(s, x->suggested)};

        for (size_t f = 0; f < FV_COUNT(fields); f++) {
            fv_cli_csv_field(stdout, fields[f]);
            putchar(',');
        }
        printf("%.9g,", x->s);
        fv_cli_csv_field(stdout, fv_fris_name_of(s, x->rival_index));
        putchar(',');
        fv_cli_csv_field(stdout, fv_fris_name_of(s, x->own_index));
        printf(",%d\n", x->singleton);
    }
}

static int print_json(const fv_cli *cli, const fv_fris_source *s, const fv_fris_doubts *d, size_t n)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_count(&json, "objects", d->count);
    fv_cli_json_array(&json, "doubtful");
    for (size_t i = 0; i < n; i++) {
        const fv_fris_doubt *x = &d->doubt[i];

        fv_cli_json_object(&json, NULL);
        fv_cli_json_count(&json, "index", x->index);
        fv_cli_json_text(&json, "name", fv_fris_name_of(s, x->index));
        fv_cli_json_text(&json, "label", fv_fris_class_of(s, x->label));
        fv_cli_json_text(&json, "suggested", fv_fris_class_of(s, x->suggested));
        fv_cli_json_real(&json, "s", x->s);
        fv_cli_json_text(&json, "rival", fv_fris_name_of(s, x->rival_index));
        fv_cli_json_text(&json, "nearest", fv_fris_name_of(s, x->own_index));
        fv_cli_json_flag(&json, "singleton", x->singleton);
        fv_cli_json_end(&json);
    }
    return fv_cli_json_print(&json, stdout) ? FV_EXIT_OK : fv_cli_memory(cli);
}

static int print_text(const fv_cli *cli, const fv_fris_source *s, const fv_fris_doubts *d, size_t n)
{
    static const fv_cli_column columns[] = {{"object", false}, {"label", false}, {"suggested", false},
                                            {"S", true},       {"says", false},  {"nearest of its own", false}};
    fv_cli_grid grid;

    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < n; i++) {
        const fv_fris_doubt *x = &d->doubt[i];

        fv_cli_grid_cell(&grid, "%s", fv_fris_name_of(s, x->index));
        fv_cli_grid_cell(&grid, "%s", fv_fris_class_of(s, x->label));
        fv_cli_grid_cell(&grid, "%s", fv_fris_class_of(s, x->suggested));
        fv_cli_grid_cell(&grid, "%.4f", x->s);
        fv_cli_grid_cell(&grid, "%s", fv_fris_name_of(s, x->rival_index));
        fv_cli_grid_cell(&grid, "%s", x->singleton ? "(alone)" : fv_fris_name_of(s, x->own_index));
    }
    if (!n) {
        printf("no label is in doubt: S is 0 or more for all %zu objects\n", d->count);
        return FV_EXIT_OK;
    }
    return fv_cli_grid_print(&grid, stdout, cli->terminal.out_color) ? FV_EXIT_OK : fv_cli_memory(cli);
}

static int show_all(const fv_cli *cli, const fv_fris_source *s, const fv_fris_doubts *d, size_t n)
{
    static const char *const columns[] = {"object", "label", "suggested", "S", "says", "nearest of its own", NULL};
    fv_fris_show show;

    fv_fris_show_begin(&show, cli, "Labels in doubt", columns);
    for (size_t i = 0; i < n; i++) {
        const fv_fris_doubt *x = &d->doubt[i];

        fv_fris_show_object(&show, fv_fris_name_of(s, x->index));
        fv_fris_show_cell(&show, "%s", fv_fris_class_of(s, x->label));
        fv_fris_show_cell(&show, "%s", fv_fris_class_of(s, x->suggested));
        fv_fris_show_cell(&show, "%.4f", x->s);
        fv_fris_show_object(&show, fv_fris_name_of(s, x->rival_index));
        fv_fris_show_object(&show, fv_fris_name_of(s, x->own_index));
        fv_fris_show_row(&show);
    }
    return fv_fris_show_end(&show);
}

/* ---------------------------------------------------------------------------------------------------- corrections */

static size_t find(const fv_fris_source *s, const char *name)
{
    size_t i = 0;

    while (i < s->vectors.count && strcmp(s->names[i], name) != 0)
        i++;
    return i;
}

/* Of photos a list that train reads: whole paths, as the list may lie anywhere, and the splits stay. */
static void print_list(FILE *out, const fv_fris_source *s, const char *const *label)
{
    static const char *const words[] = {"train", "val", "test"};

    fputs(s->photos ? "path,label,split\n" : "name,label\n", out);
    for (size_t i = 0; i < s->vectors.count; i++) {
        char *whole = s->photos ? realpath(s->names[i], NULL) : NULL;

        fv_cli_csv_field(out, whole ? whole : s->names[i]);
        free(whole);
        fputc(',', out);
        fv_cli_csv_field(out, label[i]);
        if (s->photos)
            fprintf(out, ",%s", words[s->split[i]]);
        fputc('\n', out);
    }
}

/* The list name,label of all objects with the labels of a table name,label in place of theirs. */
static int apply(const fv_cli *cli, const fv_fris_source *s)
{
    const fv_fris_values *v = cli->values;
    const char **label = calloc(s->vectors.count, sizeof *label);
    size_t name, said, changed = 0;
    fv_arena arena;
    fv_table t;
    fv_error err = {0};
    fv_cli_file file;
    FILE *out;
    int code = label ? FV_EXIT_OK : fv_cli_memory(cli);

    fv_arena_init(&arena, &cli->host);
    for (size_t i = 0; label && i < s->vectors.count; i++)
        label[i] = s->labels[i] == FV_FRIS_NONE ? "" : fv_fris_class_of(s, s->labels[i]);
    if (!code && fv_table_open(&arena, v->apply, &t, &err))
        code = fv_cli_fail(cli, &err);
    if (!code &&
        ((name = fv_table_column(&t, "name")) == t.columns || (said = fv_table_column(&t, "label")) == t.columns)) {
        fv_cli_say(cli, "%s: columns 'name' and 'label' are needed", v->apply);
        code = FV_EXIT_FAILURE;
    }
    for (size_t r = 1; !code && r < t.rows; r++) {
        const size_t i = find(s, fv_table_at(&t, r, name));

        if (i == s->vectors.count) {
            fv_cli_say(cli, "%s: row %zu: there is no object called '%s'", v->apply, r, fv_table_at(&t, r, name));
            code = FV_EXIT_FAILURE;
        } else {
            changed += strcmp(label[i], fv_table_at(&t, r, said)) != 0;
            label[i] = fv_table_at(&t, r, said);
        }
    }
    if (!code && !(out = fv_cli_file_open(cli, v->out, &file)))
        code = FV_EXIT_FAILURE;
    if (!code) {
        print_list(out, s, label);
    }
    if (!code)
        code = fv_cli_file_close(cli, v->out, &file);
    if (!code)
        fv_cli_note(cli, "%zu of %zu labels are others than before", changed, s->vectors.count);
    fv_arena_free(&arena);
    free(label);
    return code;
}

int fv_fris_run_clean(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_source s;
    fv_fris_doubts *d = NULL;
    fv_error err = {0};
    size_t n = 0;
    int code = fv_fris_source_open(
        cli, &(fv_fris_wanted){.path = cli->operands[1], .labels = v->labels, .need_labels = true}, &s);

    if (code)
        return code;
    if (v->apply) {
        code = apply(cli, &s);
    } else if (s.classes < 2) {
        fv_cli_say(cli, "%s: there is one class: nothing speaks against a label", cli->operands[1]);
        code = FV_EXIT_FAILURE;
    } else if (v->censor ? fv_fris_censor(s.set, s.labels, s.vectors.count, (uint32_t)v->k, v->theta, 0.5, &d, &err)
                         : fv_fris_queue(s.set, s.labels, s.vectors.count, (uint32_t)v->k, &d, &err)) {
        code = fv_cli_fail(cli, &err);
    }
    if (!code && d) {
        while (n < d->count && (v->all || (d->doubt[n].s < v->theta - TIE && !d->doubt[n].singleton)))
            n++;
        n = v->top && n > v->top ? (size_t)v->top : n;
        if (v->csv)
            print_csv(&s, d, n);
        else
            code = v->common.json ? print_json(cli, &s, d, n) : print_text(cli, &s, d, n);
        if (!code && (v->html || v->sheet))
            code = show_all(cli, &s, d, n);
    }
    fv_fris_release(d);
    return fv_fris_source_close(&s, code);
}
