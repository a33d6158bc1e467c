/* Layers to cells of a figure: what belongs together, what stands on a box, who reads whom. */
#include "base/error.h"
#include "cli/figure.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 20, RING = 12, PADDING = 14, FONT = 11 };

static const struct {
    const char *type, *look;
} looks[] = {
    {"conv", "conv"},      {"dense", "dense"}, {"maxpool", "pool"}, {"avgpool", "pool"},
    {"subsample", "pool"}, {"concat", "join"}, {"add", "join"},     {"lrn", "norm"},
    {"bn", "norm"},        {"rbf", "end"},     {"input", "input"},  {"softmax", "end"},
};

static const char *look_of(const char *type)
{
    for (size_t i = 0; i < FV_COUNT(looks); i++)
        if (strcmp(looks[i].type, type) == 0)
            return looks[i].look;
    return "other";
}

/* ------------------------------------------------------------------------------------------------------ labels */

/* ", /2" as He et al. write a stride; what makes one value of a map has none worth naming. */
static const char *stride(const fv_layer *row, char out[32])
{
    *out = 0;
    if (row->height * row->width > 1 && row->stride[0] != row->stride[1])
        snprintf(out, 32, ", /%ux%u", row->stride[0], row->stride[1]);
    else if (row->height * row->width > 1 && row->stride[0] > 1)
        snprintf(out, 32, ", /%u", row->stride[0]);
    return out;
}

static const char *label_conv(fv_arena *arena, const fv_layer *row)
{
    const bool depthwise = row->groups > 1 && row->groups == row->channels;
    char by[32], groups[32] = "";

    if (row->groups > 1 && !depthwise)
        snprintf(groups, sizeof groups, ", %u groups", row->groups);
    return fv_arena_print(arena, "%s %ux%u, %" PRIu64 "%s%s", depthwise ? "depthwise" : row->type, row->kernel[0],
                          row->kernel[1], row->channels, stride(row, by), groups);
}

static const char *label_pool(fv_arena *arena, const fv_layer *row)
{
    char by[32];

    if (strstr(row->text, " global"))
        return fv_arena_print(arena, "%s global", row->type);
    if (strstr(row->text, " to "))
        return fv_arena_print(arena, "%s to %" PRIu64 "x%" PRIu64, row->type, row->height, row->width);
    return fv_arena_print(arena, "%s %ux%u%s", row->type, row->kernel[0], row->kernel[1], stride(row, by));
}

static const char *label_of(fv_arena *arena, const fv_layer *row, const char *look)
{
    char by[32];

    if (strcmp(look, "conv") == 0)
        return label_conv(arena, row);
    if (strcmp(look, "pool") == 0)
        return label_pool(arena, row);
    if (strcmp(row->type, "pad-shortcut") == 0)
        return fv_arena_print(arena, "pad, %" PRIu64 "%s", row->channels, stride(row, by));
    if (strcmp(row->type, "dense") == 0 || strcmp(row->type, "concat") == 0)
        return fv_arena_print(arena, "%s %" PRIu64, row->type, row->channels);
    return strcmp(row->type, "add") == 0 ? "" : row->type;
}

/* ------------------------------------------------------------------------------------------------------- cells */

static size_t add_cell(fv_cli_figure *f, size_t n_inputs)
{
    fv_cli_cell *cell = &f->cells[f->count];

    *cell = (fv_cli_cell){.height = LINE, .n_inputs = n_inputs};
    cell->inputs = fv_arena_alloc(f->arena, n_inputs ? n_inputs : 1, sizeof *cell->inputs);
    return f->count++;
}

/* A cell without a layer: the picture, a soft-max. */
static size_t add_end(fv_cli_figure *f, const char *type, size_t of)
{
    const size_t index = add_cell(f, of != SIZE_MAX);
    fv_cli_cell *cell = &f->cells[index];

    cell->look = look_of(type);
    cell->label = type;
    if (cell->inputs && of != SIZE_MAX) {
        cell->inputs[0] = of;
        cell->head = f->cells[of].head;
        f->cells[of].readers++;
    }
    return index;
}

/* Batch norm right behind a convolution or dense layer that nobody else reads. */
static bool folds(const fv_net_info *info, const size_t *readers, const fv_layer *row)
{
    const uint32_t from = row->n_inputs == 1 ? row->inputs[0] : 0;

    return from && strcmp(row->type, "bn") == 0 && readers[from] == 1 && info->layers[from - 1].parameters &&
           strcmp(info->layers[from - 1].type, "bn") != 0 && !*info->layers[from - 1].activation;
}

static bool add_layer(fv_cli_figure *f, const fv_layer *row, const size_t *cell_of)
{
    const size_t index = add_cell(f, row->n_inputs);
    fv_cli_cell *cell = &f->cells[index];

    if (!cell->inputs)
        return false;
    cell->layer = row;
    cell->head = row->training_only;
    for (size_t i = 0; i < row->n_inputs; i++) {
        cell->inputs[i] = cell_of[row->inputs[i]];
        f->cells[cell->inputs[i]].readers += f->cells[cell->inputs[i]].head == cell->head;
    }
    cell->look = look_of(row->type);
    cell->label = label_of(f->arena, row, cell->look);
    if (strcmp(row->type, "add") == 0) { /* a ring without a text */
        cell->height = RING;
        cell->half = RING / 2.;
    }
    return cell->label != NULL;
}

/* Soft-max behind the last layer of the network and of each head, where it gives one value a class. */
static bool add_predictions(fv_cli_figure *f)
{
    const size_t count = f->count;
    size_t last = 0;

    for (size_t i = 1; i < count; i++)
        if (!f->cells[i].head)
            last = i;
    for (size_t i = 1; i < count; i++) {
        const fv_layer *row = f->cells[i].layer;
        const bool ends = i == last || (f->cells[i].head && !f->cells[i].readers);

        if (ends && row->height * row->width == 1 && strcmp(row->type, "rbf") != 0 &&
            !f->cells[add_end(f, "softmax", i)].inputs)
            return false;
    }
    return true;
}

/* All boxes of a figure are as wide as the widest. */
static void widen(fv_cli_figure *f)
{
    double half = 0;

    for (size_t i = 0; i < f->count; i++) {
        const double wanted = (FONT * fv_cli_svg_width(f->cells[i].label) + PADDING) / 2;

        half = wanted > half ? wanted : half;
    }
    for (size_t i = 0; i < f->count; i++)
        if (f->cells[i].half == 0)
            f->cells[i].half = half;
}

bool fv_cli_figure_cells(fv_cli_figure *f)
{
    const fv_net_info *info = f->info;
    size_t *cell_of = fv_arena_alloc(f->arena, info->count + 1, sizeof *cell_of); /* of layer index + 1 */
    size_t *readers = fv_arena_alloc(f->arena, info->count + 1, sizeof *readers);

    f->cells = fv_arena_alloc(f->arena, 2 * info->count + 2, sizeof *f->cells);
    if (!cell_of || !readers || !f->cells || !f->cells[add_end(f, "input", SIZE_MAX)].inputs)
        return false;
    f->cells[0].label = fv_arena_print(f->arena, "input %ux%ux%u", info->height, info->width, info->channels);
    if (!f->cells[0].label)
        return false;
    for (size_t i = 0; i < info->count; i++)
        for (size_t k = 0; k < info->layers[i].n_inputs; k++)
            readers[info->layers[i].inputs[k]]++;
    for (size_t i = 0; i < info->count; i++) {
        const fv_layer *row = &info->layers[i];

        cell_of[i + 1] = f->count;
        if (folds(info, readers, row)) {
            cell_of[i + 1] = cell_of[row->inputs[0]];
            f->cells[cell_of[i + 1]].norm = row;
        } else if (!add_layer(f, row, cell_of)) {
            return false;
        }
    }
    if (!add_predictions(f))
        return false;
    widen(f);
    return true;
}
