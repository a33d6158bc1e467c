/* The named kernels: the textbooks' definitions, written as anyone would write them behind -k. */
#include "image/matrix.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Larger weights would leave the exact integers of float. */
static const double weight_max = 1e6;

static const struct kernel {
    const char *name, *rows;
    double divisor;
    const char *also; /* a second kernel: the magnitude of both */
} kernels[] = {
    {"identity", "0 0 0; 0 1 0; 0 0 0", 1, NULL},
    {"gray", NULL, 1, NULL},
    {"grey", NULL, 1, NULL},
    {"blur", "1 1 1; 1 1 1; 1 1 1", 9, NULL},
    {"blur-5", "1 1 1 1 1; 1 1 1 1 1; 1 1 1 1 1; 1 1 1 1 1; 1 1 1 1 1", 25, NULL},
    {"gaussian", "1 2 1; 2 4 2; 1 2 1", 16, NULL},
    {"gaussian-5", "1 4 6 4 1; 4 16 24 16 4; 6 24 36 24 6; 4 16 24 16 4; 1 4 6 4 1", 256, NULL},
    {"motion-blur", "1 0 0; 0 1 0; 0 0 1", 3, NULL},
    {"sharpen", "0 -1 0; -1 5 -1; 0 -1 0", 1, NULL},
    {"sharpen-strong", "-1 -1 -1; -1 9 -1; -1 -1 -1", 1, NULL},
    {"unsharp", "-1 -4 -6 -4 -1; -4 -16 -24 -16 -4; -6 -24 476 -24 -6; -4 -16 -24 -16 -4; -1 -4 -6 -4 -1", 256, NULL},
    {"emboss", "-2 -1 0; -1 1 1; 0 1 2", 1, NULL},
    {"laplacian", "0 1 0; 1 -4 1; 0 1 0", 1, NULL},
    {"edge", "-1 -1 -1; -1 8 -1; -1 -1 -1", 1, NULL},
    {"edge-enhance", "0 0 0; -1 1 0; 0 0 0", 1, NULL},
    {"sobel-x", "-1 0 1; -2 0 2; -1 0 1", 1, NULL},
    {"sobel-y", "-1 -2 -1; 0 0 0; 1 2 1", 1, NULL},
    {"sobel", "-1 0 1; -2 0 2; -1 0 1", 1, "-1 -2 -1; 0 0 0; 1 2 1"},
    {"prewitt-x", "-1 0 1; -1 0 1; -1 0 1", 1, NULL},
    {"prewitt-y", "-1 -1 -1; 0 0 0; 1 1 1", 1, NULL},
    {"prewitt", "-1 0 1; -1 0 1; -1 0 1", 1, "-1 -1 -1; 0 0 0; 1 1 1"},
    {"scharr-x", "-3 0 3; -10 0 10; -3 0 3", 1, NULL},
};

/* ---------------------------------------------------------------------------------------------- numbers */

/* The next number of a row at *at; false where none follows before ';' or the end. */
static bool next_word(const char **at, char *word, size_t size)
{
    const char *begin = *at + strspn(*at, " \t,");
    const size_t length = strcspn(begin, " \t,;\n");

    *at = begin + length;
    snprintf(word, size, "%.*s", (int)(length < size ? length : size - 1), begin);
    return length > 0;
}

/* On to the next row; false at the end. */
static bool next_row(const char **at)
{
    const bool more = **at == ';' || **at == '\n';

    *at += more;
    return more;
}

/* Rows and columns, and every word a number. */
static fv_status measure(const char *text, fv_matrix *m, fv_error *err)
{
    const char *at = text;
    char word[48];

    do {
        size_t columns = 0;
        double x;

        for (; next_word(&at, word, sizeof word); columns++)
            if (!fv_text_real(word, &x) || x < -weight_max || x > weight_max)
                return fv_fail(err, FV_E_SYNTAX,
                               "kernel '%.80s': row %zu, column %zu is '%s', wanted a number from -%g to %g", text,
                               m->rows + 1, columns + 1, word, weight_max, weight_max);
        m->columns = m->rows ? m->columns : columns;
        if (columns != m->columns || columns == 0)
            return fv_fail(err, FV_E_SHAPE, "kernel '%.80s': row %zu has %zu numbers, row 1 has %zu", text, m->rows + 1,
                           columns, m->columns);
        m->rows++;
    } while (next_row(&at));
    if (m->rows > FV_MATRIX_SIDE_MAX || m->columns > FV_MATRIX_SIDE_MAX)
        return fv_fail(err, FV_E_RANGE, "kernel '%.80s' is %zux%zu, at most %dx%d", text, m->rows, m->columns,
                       FV_MATRIX_SIDE_MAX, FV_MATRIX_SIDE_MAX);
    if (m->rows % 2 == 0 || m->columns % 2 == 0)
        return fv_fail(err, FV_E_SHAPE, "kernel '%.80s' is %zux%zu: an even side has no middle; wanted odd ones", text,
                       m->rows, m->columns);
    return FV_OK;
}

static fv_status read_matrix(const fv_host *host, const char *text, double divisor, fv_matrix *out, fv_error *err)
{
    fv_matrix m = {.divisor = divisor};
    const char *at = text;
    char word[48];
    fv_status status = measure(text, &m, err);
    size_t i = 0;

    if (status)
        return status;
    m.weights = fv_alloc(host, m.rows * m.columns, sizeof *m.weights);
    if (!m.weights)
        return fv_fail_memory(err, m.rows * m.columns * sizeof *m.weights, "a kernel");
    do
        while (next_word(&at, word, sizeof word))
            fv_text_real(word, &m.weights[i++]);
    while (next_row(&at));
    *out = m;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------------------- names */

static fv_status unknown(const char *text, fv_error *err)
{
    const char *names[FV_COUNT(kernels)], *near;

    for (size_t i = 0; i < FV_COUNT(kernels); i++)
        names[i] = kernels[i].name;
    near = fv_text_nearest(text, names, FV_COUNT(names));
    if (near)
        return fv_fail(err, FV_E_UNKNOWN, "unknown kernel '%.80s'; did you mean '%s'?", text, near);
    return fv_fail(err, FV_E_UNKNOWN, "unknown kernel '%.80s': wanted a name, or rows of numbers between semicolons",
                   text);
}

static fv_status read_named(const fv_host *host, const struct kernel *k, fv_step *step, fv_error *err)
{
    fv_status status = FV_OK;

    snprintf(step->name, sizeof step->name, "%s", k->name);
    step->kind = !k->rows ? FV_STEP_GREY : k->also ? FV_STEP_MAGNITUDE : FV_STEP_MATRIX;
    if (k->rows)
        status = read_matrix(host, k->rows, k->divisor, &step->matrices[0], err);
    if (!status && k->also)
        status = read_matrix(host, k->also, k->divisor, &step->matrices[1], err);
    return status;
}

fv_status fv_step_read(const fv_host *host, const char *text, fv_step *out, fv_error *err)
{
    const char *begin = text + strspn(text, " \t\n");
    fv_status status;

    *out = (fv_step){0};
    for (size_t i = 0; i < FV_COUNT(kernels); i++)
        if (strcmp(text, kernels[i].name) == 0) {
            status = read_named(host, &kernels[i], out, err);
            if (status)
                fv_step_free(host, out);
            return status;
        }
    if (!*begin || !strchr("0123456789+-.;,", *begin))
        return unknown(text, err);
    status = read_matrix(host, text, 1, &out->matrices[0], err);
    snprintf(out->name, sizeof out->name, "%zux%zu kernel", out->matrices[0].rows, out->matrices[0].columns);
    return status;
}

void fv_step_free(const fv_host *host, fv_step *step)
{
    for (size_t i = 0; i < FV_COUNT(step->matrices); i++)
        fv_release(host, step->matrices[i].weights);
    *step = (fv_step){0};
}
