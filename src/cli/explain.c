#include "cli/explain.h"
#include <math.h>
#include <stdio.h>

/* A window of one channel around a pixel of the result. */
typedef struct window {
    const fv_image *in;
    const fv_step_options *options;
    size_t place[2], channel;
} window;

/* The pixel under row r, column s of the kernel. */
static double under(const window *w, const fv_matrix *m, size_t r, size_t s)
{
    const bool inside = w->options->padding == FV_PADDING_NONE;
    const ptrdiff_t y = (ptrdiff_t)(w->place[0] * w->options->stride + r) - (inside ? 0 : (ptrdiff_t)m->rows / 2);
    const ptrdiff_t x = (ptrdiff_t)(w->place[1] * w->options->stride + s) - (inside ? 0 : (ptrdiff_t)m->columns / 2);
    const size_t row = fv_padding_index(w->options->padding, y, w->in->height);
    const size_t column = fv_padding_index(w->options->padding, x, w->in->width);

    return row == SIZE_MAX || column == SIZE_MAX
               ? 0
               : w->in->pixels[(row * w->in->width + column) * w->in->channels + w->channel];
}

/* Window, kernel and products side by side; returns their sum. */
static double print_sums(const window *w, const fv_matrix *m)
{
    double sum = 0;

    printf("%-*s   %-*s   products\n", (int)(6 * m->columns), "window", (int)(7 * m->columns), "kernel");
    for (size_t r = 0; r < m->rows; r++) {
        for (size_t s = 0; s < m->columns; s++)
            printf(" %5g", under(w, m, r, s));
        printf("   ");
        for (size_t s = 0; s < m->columns; s++)
            printf(" %6g", m->weights[r * m->columns + s]);
        printf("   ");
        for (size_t s = 0; s < m->columns; s++) {
            const double product = under(w, m, r, s) * m->weights[r * m->columns + s];

            printf(" %7g", product);
            sum += product;
        }
        putchar('\n');
    }
    printf("sum %g\n", sum);
    return sum;
}

static void print_luma(const window *w, uint8_t pixel)
{
    const uint8_t *p =
        w->in->pixels + (w->place[0] * w->in->width + w->place[1]) * w->options->stride * w->in->channels;

    if (w->in->channels == 3)
        printf("0.299 x %d + 0.587 x %d + 0.114 x %d = %d\n", p[0], p[1], p[2], pixel);
    else
        printf("grey already: %d\n", pixel);
}

static void print_channel(const window *w, const fv_step *step, uint8_t pixel)
{
    const double divisor = w->options->divisor != 0 ? w->options->divisor : step->matrices[0].divisor;
    double sum = print_sums(w, &step->matrices[0]), value;

    if (step->kind == FV_STEP_MAGNITUDE) {
        const double other = print_sums(w, &step->matrices[1]);

        printf("sqrt(%g^2 + %g^2) = %g\n", sum, other, sqrt(sum * sum + other * other));
        sum = sqrt(sum * sum + other * other);
    }
    value = sum / divisor + w->options->offset;
    printf("%g / %g + %g = %g, rounded half up %g, as a pixel %d\n", sum, divisor, w->options->offset, value,
           floor(value + 0.5), pixel);
}

int fv_cli_explain_pixel(const fv_cli *cli, const fv_step *step, const fv_step_options *options, const fv_image *in,
                         const fv_image *out, const size_t place[2])
{
    static const char *const colors[] = {"red", "green", "blue"};

    if (place[0] >= out->height || place[1] >= out->width)
        return fv_cli_usage(cli, "--explain %zu,%zu: the result has %zu columns and %zu rows, counted from 0", place[1],
                            place[0], out->width, out->height);
    for (size_t c = 0; c < out->channels; c++) {
        const window w = {in, options, {place[0], place[1]}, c};
        const uint8_t pixel = out->pixels[(place[0] * out->width + place[1]) * out->channels + c];

        printf("%s%s at %zu,%zu%s%s\n", c ? "\n" : "", step->name, place[1], place[0], out->channels == 3 ? ", " : "",
               out->channels == 3 ? colors[c] : "");
        if (step->kind == FV_STEP_GREY)
            print_luma(&w, pixel);
        else
            print_channel(&w, step, pixel);
    }
    return FV_EXIT_OK;
}
