/* Convolution matrices over pictures.
 *
 *     out[y,x,c] = limit(floor(sum over r, s of k[r,s] in[y t + r - R, x t + s - S, c] / divisor + offset + 1/2))
 *
 * with stride t and the middle of the kernel at R, S; limit cuts to 0..255. A picture of C channels is a layer with one filter
 * a channel. Sums of whole numbers are exact in float as long as they stay below 2^24. */
#include "image/filter.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/grey.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- one step */

/* The picture's numbers with what padding needs around them; zeros come from the convolution itself. */
static fv_status pad(const fv_machine *machine, const fv_image *in, const fv_step_options *o, size_t rows,
                     size_t columns, fv_filters *f, fv_maps *out, fv_error *err)
{
    const bool extended = o->padding == FV_PADDING_EDGE || o->padding == FV_PADDING_REFLECT;

    f->rows = rows;
    f->columns = columns;
    f->stride = o->stride;
    f->pad_rows = o->padding == FV_PADDING_ZERO ? rows / 2 : 0;
    f->pad_columns = o->padding == FV_PADDING_ZERO ? columns / 2 : 0;
    if (o->padding == FV_PADDING_NONE && (in->height < rows || in->width < columns))
        return fv_fail(err, FV_E_SHAPE, "a kernel of %zux%zu does not fit into a picture of %zux%zu without padding",
                       rows, columns, in->height, in->width);
    return fv_maps_from_image(&machine->host, in, extended ? rows / 2 : 0, extended ? columns / 2 : 0, o->padding, out,
                              err);
}

/* The sums of a kernel for each channel by itself. */
static fv_status convolve(const fv_machine *machine, const fv_matrix *m, const fv_step_options *o, const fv_image *in,
                          fv_maps *out, fv_error *err)
{
    const size_t taps = m->rows * m->columns, channels = in->channels;
    fv_filters f = {.features = channels, .each = true};
    double *weights = fv_alloc(&machine->host, taps * channels, sizeof *weights);
    fv_maps x = {0};
    fv_status status;

    *out = (fv_maps){0};
    if (!weights)
        return fv_fail_memory(err, taps * channels * sizeof *weights, "a kernel");
    for (size_t i = 0; i < taps * channels; i++)
        weights[i] = m->weights[i / channels];
    f.weights = weights;
    status = pad(machine, in, o, m->rows, m->columns, &f, &x, err);
    if (!status)
        status = fv_maps_convolve(machine, &x, &f, out, err);
    fv_maps_free(&machine->host, &x);
    fv_release(&machine->host, weights);
    return status;
}

static fv_status to_grey(const fv_machine *machine, const fv_step_options *o, const fv_image *in, fv_image *out,
                         fv_error *err)
{
    const size_t height = (in->height - 1) / o->stride + 1, width = (in->width - 1) / o->stride + 1;
    fv_status status = fv_image_create(&machine->host, "grey picture", height, width, 1, out, err);

    for (size_t i = 0; !status && i < height * width; i++) {
        const size_t from = i / width * o->stride * in->width + i % width * o->stride;
        uint8_t grey = in->pixels[from];

        if (in->channels == 3)
            fv_grey(in->pixels + 3 * from, 1, &grey);
        out->pixels[i] = fv_to_pixel(grey / (o->divisor != 0 ? o->divisor : 1) + o->offset);
    }
    return status;
}

fv_status fv_step_run(const fv_machine *machine, const fv_step *step, const fv_step_options *o, const fv_image *in,
                      fv_image *out, fv_error *err)
{
    const double divisor = o->divisor != 0 ? o->divisor : step->matrices[0].divisor;
    fv_maps a = {0}, b = {0};
    fv_status status;

    *out = (fv_image){0};
    if (step->kind == FV_STEP_GREY)
        return to_grey(machine, o, in, out, err);
    status = convolve(machine, &step->matrices[0], o, in, &a, err);
    if (!status && step->kind == FV_STEP_MAGNITUDE)
        status = convolve(machine, &step->matrices[1], o, in, &b, err);
    if (!status)
        status = fv_image_create(&machine->host, "filtered picture", a.height, a.width, a.channels, out, err);
    for (size_t i = 0; !status && i < a.height * a.width * a.channels; i++) {
        const double v = (double)a.values[i], w = b.values ? (double)b.values[i] : 0;

        out->pixels[i] = fv_to_pixel((b.values ? sqrt(v * v + w * w) : v) / divisor + o->offset);
    }
    fv_maps_free(&machine->host, &a);
    fv_maps_free(&machine->host, &b);
    return status;
}

/* ---------------------------------------------------------------------------------------------- a layer */

/* Weights [rows, columns, channels, count]: every kernel in the middle, the same over all channels. */
static void spread_kernels(const fv_step *steps, size_t count, const fv_filters *f, size_t channels, double *weights)
{
    for (size_t k = 0; k < count; k++) {
        const fv_matrix *m = &steps[k].matrices[0];
        const size_t top = (f->rows - m->rows) / 2, left = (f->columns - m->columns) / 2;

        for (size_t i = 0; i < m->rows * m->columns; i++) {
            const size_t tap = (top + i / m->columns) * f->columns + left + i % m->columns;

            for (size_t c = 0; c < channels; c++)
                weights[(tap * channels + c) * count + k] = m->weights[i];
        }
    }
}

fv_status fv_layer_run(const fv_machine *machine, const fv_step *steps, size_t count, const fv_step_options *o,
                       const fv_image *in, fv_maps *out, fv_error *err)
{
    size_t rows = 1, columns = 1;
    fv_filters f = {.features = count};
    fv_maps x = {0};
    double *weights;
    fv_status status;

    *out = (fv_maps){0};
    for (size_t k = 0; k < count; k++) {
        if (steps[k].kind != FV_STEP_MATRIX)
            return fv_fail(err, FV_E_ARGUMENT, "%s is no kernel over all channels; a layer takes kernels alone",
                           steps[k].name);
        rows = steps[k].matrices[0].rows > rows ? steps[k].matrices[0].rows : rows;
        columns = steps[k].matrices[0].columns > columns ? steps[k].matrices[0].columns : columns;
    }
    status = pad(machine, in, o, rows, columns, &f, &x, err);
    weights = status ? NULL : fv_alloc(&machine->host, rows * columns * in->channels * count, sizeof *weights);
    if (!status && !weights)
        status = fv_fail_memory(err, rows * columns * in->channels * count * sizeof *weights, "kernels");
    if (!status) {
        spread_kernels(steps, count, &f, in->channels, weights);
        f.weights = weights;
        status = fv_maps_convolve(machine, &x, &f, out, err);
    }
    for (size_t i = 0; !status && i < out->height * out->width * count; i++) {
        const double divisor = o->divisor != 0 ? o->divisor : steps[i % count].matrices[0].divisor;

        out->values[i] = (float)((double)out->values[i] / divisor + o->offset);
    }
    fv_release(&machine->host, weights);
    fv_maps_free(&machine->host, &x);
    return status;
}

/* ---------------------------------------------------------------------------------------------- a detector */

/* Grey values around their mean (so that sums and squares stay small), and their squares. */
static fv_status grey_values(const fv_host *host, const fv_image *image, fv_maps *values, fv_maps *squares,
                             fv_error *err)
{
    const size_t n = image->height * image->width;
    fv_status status = fv_maps_create(host, image->height, image->width, 1, values, err);
    double sum = 0;

    if (!status && squares)
        status = fv_maps_create(host, image->height, image->width, 1, squares, err);
    for (size_t i = 0; !status && i < n; i++) {
        uint8_t grey = image->pixels[i * image->channels];

        if (image->channels == 3)
            fv_grey(image->pixels + 3 * i, 1, &grey);
        values->values[i] = grey;
        sum += grey;
    }
    for (size_t i = 0; !status && i < n; i++) {
        values->values[i] -= (float)(sum / (double)n);
        if (squares)
            squares->values[i] = values->values[i] * values->values[i];
    }
    return status;
}

/* The patch as a kernel of mean 0; returns the sum of its squares. */
static double kernel_of(const fv_maps *patch, double *weights)
{
    const size_t n = patch->height * patch->width;
    double mean = 0, energy = 0;

    for (size_t i = 0; i < n; i++)
        mean += (double)patch->values[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        weights[i] = (double)patch->values[i] - mean;
        energy += weights[i] * weights[i];
    }
    return energy;
}

/* Three convolutions: with the patch, and of values and squares with ones, which give each window's variance. */
static fv_status correlate(const fv_machine *machine, const fv_maps *x, const fv_maps *squares, const fv_maps *patch,
                           double *weights, fv_maps *out, fv_error *err)
{
    const size_t n = patch->height * patch->width;
    const double energy = kernel_of(patch, weights);
    const fv_filters f = {
        .rows = patch->height, .columns = patch->width, .features = 1, .stride = 1, .weights = weights};
    fv_maps sums = {0}, energies = {0};
    fv_status status = FV_OK;

    if (energy < 1)
        return fv_fail(err, FV_E_RANGE, "the patch has one grey value everywhere: nothing to look for");
    status = fv_maps_convolve(machine, x, &f, out, err);
    for (size_t i = 0; i < n; i++)
        weights[i] = 1;
    if (!status)
        status = fv_maps_convolve(machine, x, &f, &sums, err);
    if (!status)
        status = fv_maps_convolve(machine, squares, &f, &energies, err);
    for (size_t i = 0; !status && i < out->height * out->width; i++) {
        const double sum = (double)sums.values[i];
        const double variance = (double)energies.values[i] - sum * sum / (double)n;

        const double answer = variance < 1 ? 0 : (double)out->values[i] / sqrt(variance * energy);

        out->values[i] = (float)fmax(-1, fmin(1, answer)); /* sums of floats round */
    }
    fv_maps_free(&machine->host, &sums);
    fv_maps_free(&machine->host, &energies);
    if (status)
        fv_maps_free(&machine->host, out);
    return status;
}

fv_status fv_detect(const fv_machine *machine, const fv_image *picture, const fv_image *patch, fv_maps *out,
                    fv_error *err)
{
    const fv_host *host = &machine->host;
    fv_maps x = {0}, squares = {0}, p = {0};
    double *weights = NULL;
    fv_status status;

    *out = (fv_maps){0};
    if (patch->height > picture->height || patch->width > picture->width || patch->height > 1024 || patch->width > 1024)
        return fv_fail(err, FV_E_SHAPE,
                       "a patch of %zux%zu pixels does not fit into a picture of %zux%zu (or 1024x1024)", patch->height,
                       patch->width, picture->height, picture->width);
    status = grey_values(host, picture, &x, &squares, err);
    if (!status)
        status = grey_values(host, patch, &p, NULL, err);
    if (!status && !(weights = fv_alloc(host, p.height * p.width, sizeof *weights)))
        status = fv_fail_memory(err, p.height * p.width * sizeof *weights, "a patch");
    if (!status)
        status = correlate(machine, &x, &squares, &p, weights, out, err);
    fv_release(host, weights);
    fv_maps_free(host, &x);
    fv_maps_free(host, &squares);
    fv_maps_free(host, &p);
    return status;
}

/* ---------------------------------------------------------------------------------------------- for programs */

fv_status fv_image_filter(const fv_host *host, const fv_image *image, const char *kernel,
                          const fv_filter_options *options, fv_image *out, fv_error *err)
{
    fv_filter_options o = FV_FILTER_OPTIONS;
    fv_step step = {0};
    fv_machine machine = {0};
    fv_status status;

    *out = (fv_image){0};
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    if (!(o.divisor == 0 || isnormal(o.divisor)) || !isfinite(o.offset) || o.padding > FV_PADDING_NONE)
        return fv_fail(err, FV_E_ARGUMENT, "fv_image_filter: divisor %g, offset %g or padding %d cannot be", o.divisor,
                       o.offset, (int)o.padding);
    status = fv_step_read(host, kernel, &step, err);
    if (!status)
        status = fv_machine_open(host, o.threads, o.isa, &machine, err);
    if (!status)
        status =
            fv_step_run(&machine, &step, &(fv_step_options){o.stride ? o.stride : 1, o.padding, o.divisor, o.offset},
                        image, out, err);
    fv_machine_close(&machine);
    fv_step_free(host, &step);
    return status;
}
