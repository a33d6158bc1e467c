/* Tables of layers as their papers print them, made from the nets. */
#include "cli/grid.h"
#include "cli/paper.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void size_cell(fv_cli_grid *grid, const fv_layer *l)
{
    fv_cli_grid_cell(grid, "%" PRIu64 "x%" PRIu64 "x%" PRIu64, l->height, l->width, l->channels);
}

/* --------------------------------------------------------------------------------- LeNet, AlexNet: kernels in words */

void fv_cli_paper_kernels(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count)
{
    static const fv_cli_column columns[] = {
        {"layer", false}, {"kernels", false}, {"output", true}, {"parameters", true}, {"connections", true}};
    const fv_net_info *info = &nets[0].info;
    fv_cli_grid grid;
    char number[32];

    (void)count;
    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < info->count; i++) {
        const fv_layer *l = &info->layers[i];
        const uint64_t in = l->inputs[0] ? info->layers[l->inputs[0] - 1].channels : info->channels;

        fv_cli_grid_cell(&grid, "%s", l->name);
        if (strcmp(l->type, "conv") == 0) /* "256 kernels of size 5x5x48" */
            fv_cli_grid_cell(&grid, "%" PRIu64 " kernels of size %ux%ux%" PRIu64 "%s", l->channels, l->kernel[0],
                             l->kernel[1], l->groups ? in / l->groups : in,
                             l->stride[0] > 1 ? l->stride[0] == 4 ? ", stride 4" : ", stride 2" : "");
        else
            fv_cli_grid_cell(&grid, "%s", l->text);
        size_cell(&grid, l);
        fv_cli_grid_cell(&grid, "%s", l->parameters ? fv_cli_thousands(l->parameters, number) : "");
        fv_cli_grid_cell(&grid, "%s", l->connections ? fv_cli_thousands(l->connections, number) : "");
    }
    fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

/* ------------------------------------------------------------------------------------------------- GoogLeNet: table 1 */

/* The six numbers of a module, or those of a plain convolution with a reduction: features by kernel and by what reads
 * them. */
static void six(const fv_net_info *info, const fv_cli_paper_sum *sum, uint64_t six[6])
{
    for (const fv_layer *l = sum->first; l <= sum->last; l++) {
        const fv_layer *next = l + 1, *from = l->inputs[0] ? &info->layers[l->inputs[0] - 1] : NULL;
        const bool read_next = l < sum->last && next->inputs[0] == (uint32_t)(l - info->layers) + 1;

        if (strcmp(l->type, "conv") != 0 || sum->first == sum->last)
            continue;
        if (l->kernel[0] == 5)
            six[4] = l->channels;
        else if (l->kernel[0] == 3)
            six[2] = l->channels;
        else if (from && from >= sum->first && strcmp(from->type, "maxpool") == 0)
            six[5] = l->channels;
        else if (read_next && next->kernel[0] == 3)
            six[1] = l->channels;
        else if (read_next && next->kernel[0] == 5)
            six[3] = l->channels;
        else
            six[0] = l->channels;
    }
}

/* The layers with parameters that lie one behind another in the row: 2 of a module. */
static unsigned depth(const fv_cli_paper_row *row, const fv_cli_paper_sum *sum)
{
    return sum->macs == 0 ? 0 : strchr(row->layers, ' ') || sum->last->n_inputs > 1 ? 2 : 1;
}

/* What the paper prints, and what we count; nothing where it prints nothing. */
static void beside(fv_cli_grid *grid, double printed, double counted, int digits, const char *unit)
{
    if (printed > 0) {
        fv_cli_grid_cell(grid, "%g%s", printed, unit);
        fv_cli_grid_cell(grid, "%.*f%s", digits, counted, unit);
    } else {
        fv_cli_grid_cell(grid, "%s", "");
        fv_cli_grid_cell(grid, "%s", "");
    }
}

static void googlenet_row(fv_cli_grid *grid, const fv_net_info *info, const fv_cli_paper_row *row)
{
    const fv_cli_paper_sum sum = fv_cli_paper_add(info, row->layers);
    const double params_k = (double)sum.weights / 1024, ops_m = (double)sum.macs / 1e6;
    uint64_t numbers[6] = {0};

    if (!sum.last)
        return;
    six(info, &sum, numbers);
    fv_cli_grid_cell(grid, "%s", row->title);
    if (sum.last->kernel[0])
        fv_cli_grid_cell(grid, "%ux%u/%u", sum.last->kernel[0], sum.last->kernel[1],
                         sum.last->height == 1 ? 1 : sum.last->stride[0]);
    else
        fv_cli_grid_cell(grid, "%s", "");
    size_cell(grid, sum.last);
    fv_cli_grid_cell(grid, "%u", depth(row, &sum));
    for (size_t i = 0; i < 6; i++)
        if (numbers[i])
            fv_cli_grid_cell(grid, "%" PRIu64, numbers[i]);
        else
            fv_cli_grid_cell(grid, "%s", "");
    beside(grid, row->params_k, params_k, 1, "K");
    beside(grid, row->ops_m, ops_m, 0, "M");
    if (row->params_k > 0 && (params_k > 1.01 * row->params_k || params_k < .99 * row->params_k))
        fv_cli_grid_cell(grid, "%s", "the layers that the row describes have other numbers");
    else
        fv_cli_grid_cell(grid, "%s", "");
}

void fv_cli_paper_googlenet(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count)
{
    static const fv_cli_column columns[] = {
        {"type", false},       {"patch/stride", false}, {"output", true},      {"depth", true},   {"#1x1", true},
        {"#3x3 reduce", true}, {"#3x3", true},          {"#5x5 reduce", true}, {"#5x5", true},    {"pool proj", true},
        {"params", true},      {"counted", true},       {"ops", true},         {"counted", true}, {"remark", false}};
    fv_cli_grid grid;

    (void)count;
    fv_cli_grid_init(&grid, columns, FV_COUNT(columns));
    for (size_t i = 0; i < fv_cli_paper_row_count; i++)
        if (strcmp(fv_cli_paper_rows[i].net, nets[0].name) == 0)
            googlenet_row(&grid, &nets[0].info, &fv_cli_paper_rows[i]);
    printf("Table 1; params are weights / 1024 as the paper prints them, ops multiplications\n\n");
    fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

/* ------------------------------------------------------------------------------------------------------- VGG: table 1 */

/* The layer at *at as the table spells it, or nothing behind the last of its part (a part ends with a pooling). */
static void vgg_cell(fv_cli_grid *grid, const fv_net_info *info, size_t *at, bool *more)
{
    const fv_layer *l = *at < info->count ? &info->layers[*at] : NULL;

    if (!l || strcmp(l->type, "maxpool") == 0) {
        fv_cli_grid_cell(grid, "%s", "");
        return;
    }
    *more = true;
    ++*at;
    if (strcmp(l->type, "conv") == 0)
        fv_cli_grid_cell(grid, "conv%u-%" PRIu64, l->kernel[0], l->channels);
    else if (strcmp(l->type, "dense") == 0)
        fv_cli_grid_cell(grid, "FC-%" PRIu64, l->channels);
    else
        fv_cli_grid_cell(grid, "%s", strcmp(l->type, "lrn") == 0 ? "LRN" : l->type);
}

void fv_cli_paper_vgg(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count)
{
    fv_cli_column columns[FV_CLI_PAPER_NETS];
    size_t at[FV_CLI_PAPER_NETS] = {0};
    fv_cli_grid grid;
    bool more = true;

    for (size_t i = 0; i < count; i++)
        columns[i] = (fv_cli_column){nets[i].name, false};
    fv_cli_grid_init(&grid, columns, count);
    while (more) {
        do {
            const size_t before = grid.cells.length;

            more = false;
            for (size_t i = 0; i < count; i++)
                vgg_cell(&grid, &nets[i].info, &at[i], &more);
            if (!more) { /* a row of nothing */
                grid.cells.length = before;
                grid.count -= count;
            }
        } while (more);
        for (size_t i = 0; i < count; i++)
            more |= at[i] < nets[i].info.count;
        for (size_t i = 0; more && i < count; i++, at[i - 1]++)
            fv_cli_grid_cell(&grid, "%s", "maxpool");
    }
    printf("Table 1\n\n");
    fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}

/* ----------------------------------------------------------------------------------------------------- ResNet: table 1 */

/* Blocks of a net that end with maps of this height, in runs: "[3x3, 64; 3x3, 64] x3". A block ends with its addition,
 * the first convolution before the pooling. What stands on shortcuts is not named, as in the table. */
static void resnet_cell(fv_cli_grid *grid, const fv_net_info *info, uint64_t height)
{
    char text[160] = "", block[96] = "", last[96] = "";
    size_t blocks = 0, length = 0, at = 0;

    for (size_t i = 0; i + 1 < info->count; i++) {
        const fv_layer *l = &info->layers[i];

        if (strcmp(l->type, "conv") == 0 && !strstr(l->name, "downsample") && length < sizeof block)
            length += (size_t)snprintf(block + length, sizeof block - length, "%s%ux%u, %" PRIu64, length ? "; " : "",
                                       l->kernel[0], l->kernel[1], l->channels);
        if (strcmp(l->type, "add") != 0 && !strstr(l[1].type, "pool"))
            continue;
        if (length && l->height == height) {
            if (blocks && strcmp(block, last) != 0 && at < sizeof text) {
                at += (size_t)snprintf(text + at, sizeof text - at, "[%s] x%zu ", last, blocks);
                blocks = 0;
            }
            memcpy(last, block, sizeof last);
            blocks++;
        }
        length = 0;
    }
    if (blocks && at < sizeof text)
        snprintf(text + at, sizeof text - at, height == 112 ? "%s" : "[%s] x%zu", last, blocks);
    fv_cli_grid_cell(grid, "%s", text);
}

void fv_cli_paper_resnet(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count)
{
    static const char *const names[] = {"conv1", "conv2_x", "conv3_x", "conv4_x", "conv5_x"};
    fv_cli_column columns[2 + FV_CLI_PAPER_NETS] = {{"layer", false}, {"output", true}};
    size_t shown[FV_CLI_PAPER_NETS], n = 0;
    uint64_t height = 112;
    fv_cli_grid grid;

    for (size_t i = 0; i < count; i++) {
        if (strncmp(nets[i].name, "plain", 5) == 0 || strstr(nets[i].name, "-a"))
            continue; /* the same convolutions as the residual net's */
        columns[2 + n] = (fv_cli_column){nets[i].name, false};
        shown[n++] = i;
    }
    fv_cli_grid_init(&grid, columns, 2 + n);
    for (size_t i = 0; i < FV_COUNT(names); i++, height /= 2) {
        fv_cli_grid_cell(&grid, "%s", names[i]);
        fv_cli_grid_cell(&grid, "%" PRIu64 "x%" PRIu64, height, height);
        for (size_t k = 0; k < n; k++)
            resnet_cell(&grid, &nets[shown[k]].info, height);
    }
    printf("Table 1; all convolutions are followed by batch norm, the block by its addition\n\n");
    fv_cli_grid_print(&grid, stdout, cli->terminal.out_color);
}
