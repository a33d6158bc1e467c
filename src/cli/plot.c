/* plot: columns of tables as a picture: losses of runs, gradients by depth, errors by year. */
#include "cli/chart.h"
#include "cli/cli.h"
#include "cli/table.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct plot_values {
    fv_cli_common common;
    const char *x, *y, *by, *where, *title, *x_label, *y_label, *svg;
    bool log_x, log_y;
    int marks;
} plot_values;

static const char *const mark_words[] = {"lines", "points", "bars", NULL};

typedef struct plot {
    const fv_cli *cli;
    const plot_values *values;
    fv_cli_sheet *sheets; /* one an operand */
    fv_arena arena;
    fv_cli_series *series;
    size_t n_series, size_series;
    const char **categories; /* texts of x where not all of them are numbers */
    size_t n_categories;
    bool categorical;
} plot;

/* ------------------------------------------------------------------------------------------------------ columns */

/* The column that an option names; without a name the one with this index. */
static int column(const plot *p, size_t file, const char *option, const char *name, size_t fallback, size_t *out)
{
    const fv_cli_sheet *sheet = &p->sheets[file];

    *out = name ? fv_cli_sheet_column(sheet, name) : fallback;
    if (*out < sheet->columns)
        return FV_EXIT_OK;
    if (!name)
        return fv_cli_usage(p->cli, "%s has no second column; name one with --%s", p->cli->operands[file], option);
    const char *near = fv_text_nearest(name, (const char *const *)sheet->cells, sheet->columns);
    return fv_cli_usage(p->cli, "--%s: %s has no column '%s'%s%s%s", option, p->cli->operands[file], name,
                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* "runs/a/results.csv" is called a, "depth.csv" depth. */
static const char *file_name(plot *p, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *from = base;
    size_t length = strcspn(base, ".");

    if (slash && slash > path && strcmp(base, "results.csv") == 0) {
        for (from = slash; from > path && from[-1] != '/';)
            from--;
        length = (size_t)(slash - from);
    }
    return fv_arena_strndup(&p->arena, from, length ? length : strlen(base));
}

/* ------------------------------------------------------------------------------------------------------- series */

static double category(plot *p, const char *text)
{
    size_t i = 0;

    while (i < p->n_categories && strcmp(p->categories[i], text) != 0)
        i++;
    if (i == p->n_categories)
        p->categories[p->n_categories++] = text;
    return (double)i;
}

static double number(const char *text)
{
    double value;

    return fv_text_real(text, &value) ? value : NAN;
}

/* Does a row have the value that --where asks for? */
static bool wanted(const plot *p, const fv_cli_sheet *sheet, size_t row, size_t where)
{
    const char *equal = p->values->where ? strchr(p->values->where, '=') : NULL;

    return !equal || strcmp(fv_cli_sheet_cell(sheet, row, where), equal + 1) == 0;
}

static bool room_for_series(plot *p)
{
    const size_t size = 2 * p->size_series + 8;
    fv_cli_series *more;

    if (p->n_series < p->size_series)
        return true;
    more = realloc(p->series, size * sizeof *more);
    if (!more)
        return false;
    p->series = more;
    p->size_series = size;
    return true;
}

static bool add_series(plot *p, const char *name, const fv_cli_sheet *sheet, size_t x, size_t y, size_t by,
                       const char *of, size_t where)
{
    double *xs = fv_arena_alloc(&p->arena, sheet->rows + 1, sizeof *xs);
    double *ys = fv_arena_alloc(&p->arena, sheet->rows + 1, sizeof *ys);
    size_t n = 0;

    if (!xs || !ys || !name || !room_for_series(p))
        return false;
    for (size_t row = 0; row < sheet->rows; row++) {
        const char *text = fv_cli_sheet_cell(sheet, row, x);

        if (!wanted(p, sheet, row, where) || (of && strcmp(fv_cli_sheet_cell(sheet, row, by), of) != 0))
            continue;
        xs[n] = p->categorical ? category(p, text) : number(text);
        ys[n++] = number(fv_cli_sheet_cell(sheet, row, y));
    }
    p->series[p->n_series++] = (fv_cli_series){name, xs, ys, n};
    return true;
}

/* One series for each value of column `by`, in the order in which they come. */
static bool add_groups(plot *p, const char *name, const fv_cli_sheet *sheet, size_t x, size_t y, size_t by,
                       size_t where)
{
    const char **seen = fv_arena_alloc(&p->arena, sheet->rows + 1, sizeof *seen);
    size_t n = 0;
    bool good = seen != NULL;

    for (size_t row = 0; good && row < sheet->rows; row++) {
        const char *of = fv_cli_sheet_cell(sheet, row, by);
        size_t i = 0;

        if (!wanted(p, sheet, row, where))
            continue;
        while (i < n && strcmp(seen[i], of) != 0)
            i++;
        if (i < n)
            continue;
        seen[n++] = of;
        good = add_series(p, *name ? fv_arena_print(&p->arena, "%s, %s", name, of) : of, sheet, x, y, by, of, where);
    }
    return good;
}

static int add_file(plot *p, size_t file)
{
    const fv_cli_sheet *sheet = &p->sheets[file];
    const char *where_end = p->values->where ? strchr(p->values->where, '=') : NULL;
    const char *where_name =
        where_end ? fv_arena_strndup(&p->arena, p->values->where, (size_t)(where_end - p->values->where)) : NULL;
    size_t x, y, by = 0, where = 0;
    int code = column(p, file, "x", p->values->x, 0, &x);

    if (!code && p->values->by)
        code = column(p, file, "by", p->values->by, 0, &by);
    if (!code && where_name)
        code = column(p, file, "where", where_name, 0, &where);
    for (const char *at = p->values->y ? p->values->y : ""; !code; at++) {
        const size_t length = strcspn(at, ",");
        const char *title = p->values->y ? fv_arena_strndup(&p->arena, at, length) : NULL, *name = "";

        code = column(p, file, "y", title, 1, &y);
        if (code)
            break;
        if (p->cli->count > 1)
            name = file_name(p, p->cli->operands[file]);
        if (p->values->y && (length < strlen(p->values->y) || (p->cli->count == 1 && !p->values->by)))
            name = name && *name ? fv_arena_print(&p->arena, "%s, %s", name, title) : title;
        if (!name || !(p->values->by ? add_groups(p, name, sheet, x, y, by, where)
                                     : add_series(p, name, sheet, x, y, 0, NULL, where)))
            return fv_cli_memory(p->cli);
        at += length;
        if (!*at)
            break;
    }
    return code;
}

/* --------------------------------------------------------------------------------------------------------- verb */

/* Bars, and x that are not all numbers, stand at equal distances with their texts below. */
static int find_categories(plot *p)
{
    size_t rows = 0;

    p->categorical = p->values->marks == FV_CLI_BARS;
    for (size_t file = 0; file < p->cli->count; file++) {
        size_t x;
        const int code = column(p, file, "x", p->values->x, 0, &x);

        if (code)
            return code;
        for (size_t row = 0; row < p->sheets[file].rows; row++)
            p->categorical |= !isfinite(number(fv_cli_sheet_cell(&p->sheets[file], row, x)));
        rows += p->sheets[file].rows;
    }
    p->categories = fv_arena_alloc(&p->arena, rows + 1, sizeof *p->categories);
    return p->categories ? FV_EXIT_OK : fv_cli_memory(p->cli);
}

static int draw(plot *p)
{
    const plot_values *v = p->values;
    const char *x = v->x ? v->x : p->sheets[0].cells[0];
    const char *y = v->y ? v->y : p->sheets[0].columns > 1 ? p->sheets[0].cells[1] : "";
    const fv_cli_chart chart = {.title = v->title ? v->title : "",
                                .x_label = v->x_label ? v->x_label : x,
                                .y_label = v->y_label ? v->y_label : y,
                                .marks = (fv_cli_marks)v->marks,
                                .log_x = v->log_x && !p->categorical,
                                .log_y = v->log_y,
                                .categories = p->categorical ? p->categories : NULL,
                                .n_categories = p->n_categories,
                                .series = p->series,
                                .n_series = p->n_series};
    fv_error err = {0};

    return fv_cli_chart_write(&chart, v->svg, &err) ? fv_cli_fail(p->cli, &err) : FV_EXIT_OK;
}

static int run(const fv_cli *cli)
{
    const plot_values *values = cli->values;
    plot p = {.cli = cli, .values = values};
    fv_error err = {0};
    size_t read = 0;
    int code = FV_EXIT_OK;

    if (values->where && !strchr(values->where, '='))
        return fv_cli_usage(cli, "--where wants COLUMN=VALUE, has '%s'", values->where);
    fv_arena_init(&p.arena, NULL);
    p.sheets = fv_arena_alloc(&p.arena, cli->count, sizeof *p.sheets);
    if (!p.sheets)
        code = fv_cli_memory(cli);
    for (; !code && read < cli->count; read++)
        if (fv_cli_sheet_read(&p.sheets[read], cli->operands[read], &err))
            code = fv_cli_fail(cli, &err);
    if (!code)
        code = find_categories(&p);
    for (size_t i = 0; !code && i < cli->count; i++)
        code = add_file(&p, i);
    if (!code)
        code = draw(&p);
    for (size_t i = 0; i < read; i++)
        fv_cli_sheet_free(&p.sheets[i]);
    free(p.series);
    fv_arena_free(&p.arena);
    return code;
}

#define AT(member) offsetof(plot_values, member)
#define TEXT(option, value, member, text)                                                                              \
    {                                                                                                                  \
        .name = option, .argument = value, .type = FV_CLI_TEXT, .at = AT(member), .help = text                         \
    }
static const fv_cli_option options[] = {
    TEXT("x", "COLUMN", x, "what goes to the right; without it the first column"),
    TEXT("y", "COLUMNS", y, "what goes up, several with commas between them; without it the second column"),
    TEXT("by", "COLUMN", by, "a line for each value of this column"),
    TEXT("where", "COLUMN=VALUE", where, "only rows that have this value"),
    {.name = "as",
     .argument = "MARKS",
     .type = FV_CLI_WORD,
     .at = AT(marks),
     .fallback = "lines",
     .words = mark_words,
     .help = "how numbers are drawn"},
    {.name = "log-x", .type = FV_CLI_FLAG, .at = AT(log_x), .help = "powers of ten at equal distances to the right"},
    {.name = "log-y", .type = FV_CLI_FLAG, .at = AT(log_y), .help = "powers of ten at equal distances upwards"},
    TEXT("title", "TEXT", title, "above the picture"),
    TEXT("x-label", "TEXT", x_label, "below it, instead of the column's title"),
    TEXT("y-label", "TEXT", y_label, "beside it, instead of the columns' titles"),
    TEXT("svg", "FILE", svg, "write this file; without it, or as -, standard output"),
    {0},
};
#undef TEXT
#undef AT

static const fv_cli_table tables[] = {{"Options", options}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_plot = {
    .name = "plot",
    .operands = "CSV...",
    .least = 1,
    .most = SIZE_MAX,
    .help = "Draw columns of tables, such as a run's results.csv, as a picture",
    .text =
        "Several files are compared in one picture, where each is called by its run's folder or its own name. Empty "
        "fields interrupt a line.",
    .examples = {{"plot runs/digits/results.csv --y train_loss,test_loss --svg loss.svg", "how a run learned"},
                 {"plot runs/*/results.csv --x epoch --y train_loss --log-y > runs.svg", "several runs compared"},
                 {"plot errors.csv --as bars --svg errors.svg", "a bar for each row"}},
    .more = "doc/networks.md",
    .tables = tables,
    .value_bytes = sizeof(plot_values),
    .run = run,
};
