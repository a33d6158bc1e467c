/* check: what is wrong or odd about a set of pictures, before anything is trained on it. */
#include "data/check.h"
#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/grid.h"
#include "cli/json.h"
#include "cli/page.h"
#include <stdlib.h>
#include <string.h>

typedef struct check_values {
    fv_cli_common common;
    bool csv, all, strict;
    uint64_t least;
    const char *html;
} check_values;

enum { SHOWN = 10, THUMBNAILS = 400 /* findings of a page with their pictures: about 2 MB */ };

/* Columns of counts; one without pictures is left out. */
static const char *const split_words[] = {"train", "val", "test", "pictures"};

static const char *class_of(const fv_check *c, const fv_picture *p)
{
    return p ? c->pictures.classes[p->label] : "";
}

static const char *split_of(const fv_picture *p)
{
    return p && p->split >= 0 ? split_words[p->split] : "";
}

static size_t members(const fv_check *c, int split)
{
    size_t n = 0;

    for (size_t k = 0; k < c->pictures.n_classes; k++)
        n += c->members[k][split];
    return n;
}

/* ------------------------------------------------------------------------------------------------------- text */

static bool print_classes(const fv_cli *cli, const fv_check *c)
{
    fv_cli_column columns[FV_COUNT(split_words) + 1] = {{"class", false}};
    fv_cli_grid grid;
    const double imbalance = fv_check_imbalance(c);

    for (size_t s = 0; s < FV_COUNT(split_words); s++)
        columns[s + 1] = (fv_cli_column){split_words[s], true};
    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t k = 0; k < c->pictures.n_classes; k++) {
        fv_cli_grid_cell(&grid, "%s", c->pictures.classes[k]);
        for (int s = 0; s < (int)FV_COUNT(split_words); s++)
            if (members(c, s))
                fv_cli_grid_cell(&grid, "%zu", c->members[k][s]);
            else
                fv_cli_grid_cell(&grid, "%s", "");
    }
    if (!fv_cli_grid_print(&grid, stdout, cli->terminal.out_color))
        return false;
    if (imbalance >= 1.5)
        printf("the largest class has %.1f times as many pictures as the smallest\n", imbalance);
    return true;
}

/* What is said behind the path. */
static void print_rest(const fv_check *c, const fv_finding *f)
{
    if (f->other) {
        printf(" and %s", f->other->path);
        if (f->kind == FV_FINDING_CONFLICT || f->kind == FV_FINDING_NEAR_CONFLICT)
            printf(" (%s, %s)", class_of(c, f->picture), class_of(c, f->other));
        else if (f->kind == FV_FINDING_LEAK || f->kind == FV_FINDING_NEAR_LEAK)
            printf(" (%s, %s)", split_of(f->picture), split_of(f->other));
    }
    printf("%s%s\n", f->detail ? ": " : "", f->detail ? f->detail : "");
}

static void print_findings(const fv_check *c, bool all)
{
    size_t at = 0;

    for (size_t k = 0; k < FV_FINDINGS; at += c->counts[k++]) {
        const size_t shown = all || c->counts[k] <= SHOWN ? c->counts[k] : SHOWN;

        if (c->counts[k])
            printf("\n%s%s, %zu: %s\n", fv_finding_texts[k].error ? "error: " : "", fv_finding_texts[k].word,
                   c->counts[k], fv_finding_texts[k].help);
        for (size_t i = at; i < at + shown; i++) {
            printf("  %s", c->items[i].path);
            print_rest(c, &c->items[i]);
        }
        if (shown < c->counts[k])
            printf("  and %zu more; --all names them\n", c->counts[k] - shown);
    }
}

static bool print_text(const fv_cli *cli, const fv_check *c)
{
    const size_t errors = fv_check_errors(c);
    char number[32];

    printf("%s: %s pictures of %zu classes\n\n", cli->operands[0], fv_cli_thousands(c->pictures.count, number),
           c->pictures.n_classes);
    if (!print_classes(cli, c))
        return false;
    print_findings(c, ((const check_values *)cli->values)->all);
    if (c->count)
        printf("\n%zu findings, %zu of them errors\n", c->count, errors);
    else
        puts("\nnothing to say against them");
    return true;
}

/* ------------------------------------------------------------------------------------------------ CSV and JSON */

static void print_csv(const fv_check *c)
{
    puts("kind,error,path,class,split,other,other_class,other_split,detail");
    for (size_t i = 0; i < c->count; i++) {
        const fv_finding *f = &c->items[i];
        const char *const fields[] = {f->path,
                                      class_of(c, f->picture),
                                      split_of(f->picture),
                                      f->other ? f->other->path : "",
                                      class_of(c, f->other),
                                      split_of(f->other),
                                      f->detail ? f->detail : ""};

        printf("%s,%d", fv_finding_texts[f->kind].word, fv_finding_texts[f->kind].error);
        for (size_t k = 0; k < FV_COUNT(fields); k++) {
            putchar(',');
            fv_cli_csv_field(stdout, fields[k]);
        }
        putchar('\n');
    }
}

static void json_picture(fv_cli_json *json, const fv_check *c, const char *key, const char *path, const fv_picture *p)
{
    fv_cli_json_object(json, key);
    fv_cli_json_text(json, "path", path);
    if (p) {
        fv_cli_json_text(json, "class", class_of(c, p));
        if (p->split >= 0)
            fv_cli_json_text(json, "split", split_of(p));
        fv_cli_json_count(json, "height", p->height);
        fv_cli_json_count(json, "width", p->width);
    }
    fv_cli_json_end(json);
}

static bool print_json(const fv_cli *cli, const fv_check *c)
{
    fv_cli_json json;

    fv_cli_json_begin(&json, 2);
    fv_cli_json_text(&json, "data", cli->operands[0]);
    fv_cli_json_count(&json, "pictures", c->pictures.count);
    fv_cli_json_count(&json, "errors", fv_check_errors(c));
    fv_cli_json_real(&json, "imbalance", fv_check_imbalance(c));
    fv_cli_json_object(&json, "counts");
    for (size_t k = 0; k < FV_FINDINGS; k++)
        fv_cli_json_count(&json, fv_finding_texts[k].word, c->counts[k]);
    fv_cli_json_end(&json);
    fv_cli_json_array(&json, "classes");
    for (size_t k = 0; k < c->pictures.n_classes; k++) {
        fv_cli_json_object(&json, NULL);
        fv_cli_json_text(&json, "name", c->pictures.classes[k]);
        for (int s = 0; s < (int)FV_COUNT(split_words); s++)
            if (members(c, s))
                fv_cli_json_count(&json, split_words[s], c->members[k][s]);
        fv_cli_json_end(&json);
    }
    fv_cli_json_end(&json);
    fv_cli_json_array(&json, "findings");
    for (size_t i = 0; i < c->count; i++) {
        const fv_finding *f = &c->items[i];

        fv_cli_json_object(&json, NULL);
        fv_cli_json_text(&json, "kind", fv_finding_texts[f->kind].word);
        fv_cli_json_flag(&json, "error", fv_finding_texts[f->kind].error);
        json_picture(&json, c, "picture", f->path, f->picture);
        if (f->other)
            json_picture(&json, c, "other", f->other->path, f->other);
        if (f->detail)
            fv_cli_json_text(&json, "detail", f->detail);
        fv_cli_json_end(&json);
    }
    fv_cli_json_end(&json);
    return fv_cli_json_print(&json, stdout);
}

/* -------------------------------------------------------------------------------------------------------- page */

static void page_classes(FILE *out, const fv_check *c)
{
    static const char *const columns[] = {"class", "train", "val", "test", "in no split", NULL};

    fv_cli_page_begin(out, "Pictures checked", columns);
    for (size_t k = 0; k < c->pictures.n_classes; k++) {
        fv_cli_page_cell(out, "%s", c->pictures.classes[k]);
        for (int s = 0; s < (int)FV_COUNT(split_words); s++)
            fv_cli_page_cell(out, "%zu", c->members[k][s]);
        fv_cli_page_row(out);
    }
}

static void page_picture(FILE *out, const fv_check *c, const char *path, const fv_picture *p, bool shown)
{
    if (p && shown)
        fv_cli_page_object(out, path);
    else
        fv_cli_page_cell(out, "%s", path);
    fv_cli_page_cell(out, "%s", class_of(c, p));
    fv_cli_page_cell(out, "%s", split_of(p));
}

static int write_page(const fv_cli *cli, const fv_check *c, const char *path)
{
    static const char *const columns[] = {"picture", "class", "split", "like", "its class", "its split", "", NULL};
    char heading[256];
    size_t at = 0, shown = 0;
    fv_cli_file file;
    FILE *out = fv_cli_file_open(cli, path, &file);

    if (!out)
        return FV_EXIT_FAILURE;
    page_classes(out, c);
    for (size_t k = 0; k < FV_FINDINGS; at += c->counts[k++]) {
        snprintf(heading, sizeof heading, "%s, %zu: %s", fv_finding_texts[k].word, c->counts[k],
                 fv_finding_texts[k].help);
        if (c->counts[k])
            fv_cli_page_table(out, heading, columns);
        for (size_t i = at; i < at + c->counts[k]; i++) {
            const fv_finding *f = &c->items[i];

            page_picture(out, c, f->path, f->picture, shown < THUMBNAILS);
            page_picture(out, c, f->other ? f->other->path : "", f->other, shown < THUMBNAILS);
            fv_cli_page_cell(out, "%s", f->detail ? f->detail : "");
            fv_cli_page_row(out);
            shown += f->picture != NULL;
        }
    }
    fv_cli_page_end(out);
    return fv_cli_file_close(cli, path, &file);
}

/* ------------------------------------------------------------------------------------------------------- verb */

static int print(const fv_cli *cli, const fv_check *c)
{
    const check_values *v = cli->values;
    int code = FV_EXIT_OK;

    if (v->csv)
        print_csv(c);
    else if (!(v->common.json ? print_json(cli, c) : print_text(cli, c)))
        code = fv_cli_memory(cli);
    if (!code && v->html)
        code = write_page(cli, c, v->html);
    if (!code && (!c->pictures.count || (v->strict && c->count)))
        code = FV_EXIT_FAILURE;
    if (!code && fv_check_errors(c))
        code = FV_EXIT_PARTLY;
    return code;
}

static int run(const fv_cli *cli)
{
    const check_values *v = cli->values;
    const fv_check_options options = {.threads = (size_t)v->common.threads, .least = (size_t)v->least};
    fv_check c;
    fv_error err = {0};
    int code;

    if (v->csv && v->common.json)
        return fv_cli_usage(cli, "--csv and --json exclude each other");
    if (fv_check_run(&cli->host, cli->operands[0], &options, &c, &err))
        return fv_cli_fail(cli, &err);
    code = print(cli, &c);
    fv_check_free(&c);
    return code;
}

#define AT(member) offsetof(check_values, member)
static const fv_cli_option options[] = {
    {.name = "tiny",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(least),
     .fallback = "16",
     .least = 0,
     .most = 16384,
     .unit = "pixel",
     .help = "a picture with a shorter side is named as tiny"},
    {.name = "all", .type = FV_CLI_FLAG, .at = AT(all), .help = "name all findings, not the first ten of a kind"},
    {.name = "csv", .type = FV_CLI_FLAG, .at = AT(csv), .help = "print a row a finding, quoted as RFC 4180 says"},
    {.name = "html",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(html),
     .help = "write a page too, with the pictures inside, small"},
    {.name = "strict", .type = FV_CLI_FLAG, .at = AT(strict), .help = "exit with 1 if there is any finding"},
    {.name = "threads",
     .letter = 'j',
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = offsetof(fv_cli_common, threads),
     .fallback = "0",
     .least = 0,
     .most = 1024,
     .help = "that read pictures; 0 = as many as the affinity mask allows",
     .environment = "FOVEA_THREADS"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Options", options}, {"Output", fv_cli_json_output}, {"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_check = {
    .name = "check",
    .operands = "FOLDER|LIST",
    .least = 1,
    .most = 1,
    .help = "Look through pictures before training on them",
    .text =
        "Reads every picture of a folder (a folder a class, in train/, val/, test/ or without) or of a list, and names "
        "those that cannot be read, are cut short or damaged in the middle, have another format than their name says, "
        "are turned by EXIF, "
        "tiny, blank, or grey though stored as colours; files and looks that are there twice, within a class, across "
        "classes and across splits; and counts the classes. The exit code is 3 if there are errors, which lose "
        "pictures or make figures wrong: unreadable, truncated, empty_class, unknown_class, one_class, conflict (the "
        "same file in two classes), leak (in two splits). It is 1 if no picture can be used.",
    .examples = {{"check photos", "what would training trip over?"},
                 {"check photos --html check.html", "the same with the pictures, to look at"},
                 {"check photos --csv > findings.csv", "a table of all findings"}},
    .more = "doc/transfer.md",
    .tables = tables,
    .value_bytes = sizeof(check_values),
    .run = run,
};
