/* Networks side by side on one sheet: parts of the same output size begin at the same height (He et al. 2015, figure 3),
 * auxiliary heads stand right of their network. */
#include "cli/figure.h"
#include "base/error.h"
#include "cli/grid.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GUTTER = 76,  /* left of the networks: output sizes */
    BETWEEN = 44, /* networks */
    BEHIND = 26,  /* a network, before its heads */
    TOP = 62,     /* of the pictures; titles are above */
    STAGE = 10,   /* more height between output sizes */
    LEAVE = 5,
    TURN = 8, /* where an arc leaves the line below a cell; radius of corners */
    SWATCH = 12
};

/* The lecture's colours: blue convolution, red pooling, green concatenation, yellow prediction. */
static const char *const style = ".edge{stroke:#555;stroke-width:1}.changed{stroke-dasharray:4 3}"
                                 ".layer rect,.layer circle,.swatch{stroke-width:1}"
                                 ".conv{fill:#cfe2f8;stroke:#3a76b8}.dense{fill:#dcd8f6;stroke:#6e5fc0}"
                                 ".pool{fill:#f9cfcb;stroke:#bf4034}.join{fill:#ccebc8;stroke:#3d8f45}"
                                 ".norm{fill:#e6f3d4;stroke:#86a957}.end{fill:#fdefae;stroke:#c19a00}"
                                 ".input{fill:#fff;stroke:#888}.other{fill:#ececec;stroke:#888}"
                                 ".layer text{stroke:none}.name{font-size:14px;font-weight:bold}"
                                 ".size{fill:#777}.rule{stroke:#ddd;stroke-width:1}";

static const struct {
    const char *look, *text;
} legend[] = {
    {"conv", "convolution"},   {"dense", "dense"},    {"pool", "pooling"}, {"join", "concatenation, addition"},
    {"norm", "normalisation"}, {"end", "prediction"}, {"other", "other"}};

typedef struct size {
    uint64_t height, width;
    double y, extent; /* where its parts begin; of the largest network's */
} size;

typedef struct sheet {
    fv_arena arena;
    fv_cli_figure *figures;
    size_t count;
    size *sizes; /* from large to small */
    size_t n_sizes;
    double width, height;
} sheet;

/* -------------------------------------------------------------------------------------------------------- stages */

static int by_size(const void *a, const void *b)
{
    const size *x = a, *y = b;

    if (x->height != y->height)
        return x->height < y->height ? 1 : -1;
    return (x->width < y->width) - (x->width > y->width);
}

static bool collect_sizes(sheet *s)
{
    size_t parts = 0;

    for (size_t i = 0; i < s->count; i++)
        parts += s->figures[i].n_parts;
    s->sizes = fv_arena_alloc(&s->arena, parts + 1, sizeof *s->sizes);
    for (size_t i = 0; s->sizes && i < s->count; i++)
        for (size_t p = 0; p < s->figures[i].n_parts; p++)
            s->sizes[s->n_sizes++] = (size){s->figures[i].parts[p].height, s->figures[i].parts[p].width, 0, 0};
    if (!s->sizes)
        return false;
    qsort(s->sizes, s->n_sizes, sizeof *s->sizes, by_size);
    parts = s->n_sizes;
    s->n_sizes = 0;
    for (size_t i = 0; i < parts; i++)
        if (!i || by_size(&s->sizes[i], &s->sizes[s->n_sizes - 1]) != 0)
            s->sizes[s->n_sizes++] = s->sizes[i];
    return true;
}

/* The size at which a part stands, not before `least`: maps that grow again stay where they are. */
static size_t size_of(const sheet *s, const fv_cli_stage *part, size_t least)
{
    size_t i = least;

    while (i + 1 < s->n_sizes && (s->sizes[i].height != part->height || s->sizes[i].width != part->width))
        i++;
    return s->sizes[i].height == part->height && s->sizes[i].width == part->width ? i : least;
}

/* Measure the parts of each size, or put them where the sheet has room for them. Returns where the last one ends. */
static double stack(sheet *s, fv_cli_figure *f, bool measure)
{
    size_t at = 0;
    double y = 0, end = 0;

    for (size_t p = 0; p < f->n_parts; p++) {
        const fv_cli_stage *part = &f->parts[p];
        const size_t now = size_of(s, part, at);

        y = p == 0 || now != at ? 0 : y;
        at = now;
        if (!measure)
            fv_cli_figure_move(f, part->list, part->count, 0, s->sizes[at].y + y);
        end = s->sizes[at].y + y + part->extent.height;
        y += part->extent.height + FV_CLI_GAP;
        if (measure && y > s->sizes[at].extent)
            s->sizes[at].extent = y;
    }
    return end;
}

/* ----------------------------------------------------------------------------------------------------------- heads */

/* Each auxiliary head right of the network, from the layer that it reads downwards. Returns where the last one ends. */
static double place_heads(fv_cli_figure *f, bool *good)
{
    size_t *list = fv_arena_alloc(f->arena, f->count, sizeof *list);
    bool *done = fv_arena_alloc(f->arena, f->count, sizeof *done);
    double end = 0, right = f->all.right;

    *good = list && done;
    for (size_t i = 0; *good && i < f->count; i++) {
        size_t n = 0, source = f->cells[i].head ? f->cells[i].inputs[0] : 0;

        if (!f->cells[i].head || done[i])
            continue;
        for (size_t k = i; k < f->count; k++) {
            bool mine = k == i;

            for (size_t j = 0; f->cells[k].head && j < f->cells[k].n_inputs; j++)
                mine |= done[f->cells[k].inputs[j]] && f->cells[k].inputs[j] >= i;
            if (!mine || done[k])
                continue;
            done[k] = true;
            list[n++] = k;
        }
        const fv_cli_extent e = fv_cli_figure_series(f, list, n, source, good);
        const double below = f->cells[source].y + f->cells[source].height / 2 + FV_CLI_GAP + TURN;
        const double y = below > end + FV_CLI_GAP || end == 0 ? below : end + FV_CLI_GAP;
        const double x = f->all.right + BEHIND + e.left;

        fv_cli_figure_move(f, list, n, x, y);
        end = y + e.height;
        right = x + e.right > right ? x + e.right : right;
    }
    f->all.right = right;
    return end;
}

/* ------------------------------------------------------------------------------------------------------------ sheet */

static double title_width(const fv_cli_figure *f)
{
    const double name = 14 * 1.1 * fv_cli_svg_width(f->name);

    return name > 150 ? name : 150;
}

static bool lay_out(sheet *s)
{
    double y = TOP + 20 + FV_CLI_GAP, x = GUTTER;
    bool good = true;

    for (size_t i = 0; i < s->count; i++)
        if (!fv_cli_figure_cells(&s->figures[i]) || !fv_cli_figure_parts(&s->figures[i]))
            return false;
    if (!collect_sizes(s))
        return false;
    for (size_t i = 0; i < s->count; i++)
        stack(s, &s->figures[i], true);
    for (size_t i = 0; i < s->n_sizes; i++) {
        y += STAGE;
        s->sizes[i].y = y;
        y += s->sizes[i].extent;
    }
    for (size_t i = 0; i < s->count && good; i++) {
        fv_cli_figure *f = &s->figures[i];
        const double end = stack(s, f, false), heads = place_heads(f, &good), title = title_width(f);
        const double middle = f->all.left > title / 2 ? f->all.left : title / 2;

        f->cells[0].y = TOP;
        for (size_t c = 0; c < f->count; c++)
            f->cells[c].x += x + middle;
        x += middle + (f->all.right > title / 2 ? f->all.right : title / 2) + BETWEEN;
        s->height = heads > s->height ? heads : s->height;
        s->height = end > s->height ? end : s->height;
    }
    s->width = x - BETWEEN + 20;
    return good;
}

/* ------------------------------------------------------------------------------------------------------------ edges */

static void fan(fv_cli_svg *svg, const fv_cli_cell *from, const fv_cli_cell *to)
{
    const double y1 = from->y + from->height, room = to->y - y1, bend = room < 2 * FV_CLI_GAP ? room : 2 * FV_CLI_GAP;
    const double begin = to->n_inputs > 1 ? to->y - bend : y1, end = begin + bend;

    fv_cli_svg_path(svg, "edge arrow", from->x, y1);
    if (from->x != to->x) {
        if (begin > y1)
            fv_cli_svg_to(svg, from->x, begin);
        fv_cli_svg_curve(svg, from->x, begin + bend / 2, to->x, end - bend / 2, to->x, end);
    }
    if (from->x == to->x || end < to->y)
        fv_cli_svg_to(svg, to->x, to->y);
    fv_cli_svg_end_path(svg);
}

/* Out of the line below `from`, around what lies between, to the ring of the addition. */
static void arc(fv_cli_svg *svg, const fv_cli_cell *from, const fv_cli_cell *to)
{
    const double y1 = from->y + from->height + LEAVE, y2 = to->y + to->height / 2;
    const double x = to->x + (to->reach > to->half ? to->reach : to->half + TURN), out = x + 40;

    fv_cli_svg_path(svg, "edge arrow", from->x, y1);
    fv_cli_svg_to(svg, x, y1);
    fv_cli_svg_curve(svg, out, y1, out, y2, x, y2);
    fv_cli_svg_to(svg, to->x + to->half, y2);
    fv_cli_svg_end_path(svg);
}

/* Sideways at height y1, then down to `to`. */
static void out_and_down(fv_cli_svg *svg, const char *look, double x1, double y1, const fv_cli_cell *to)
{
    fv_cli_svg_path(svg, look, x1, y1);
    fv_cli_svg_to(svg, to->x - TURN, y1);
    fv_cli_svg_corner(svg, to->x, y1, to->x, y1 + TURN);
    fv_cli_svg_to(svg, to->x, to->y);
    fv_cli_svg_end_path(svg);
}

static void down_and_back(fv_cli_svg *svg, const fv_cli_cell *from, const fv_cli_cell *to)
{
    const double y = to->y + to->height / 2;

    fv_cli_svg_path(svg, "edge changed arrow", from->x, from->y + from->height);
    fv_cli_svg_to(svg, from->x, y - TURN);
    fv_cli_svg_corner(svg, from->x, y, from->x - TURN, y);
    fv_cli_svg_to(svg, to->x + to->half, y);
    fv_cli_svg_end_path(svg);
}

static void draw_edge(fv_cli_svg *svg, const fv_cli_cell *from, const fv_cli_cell *to, bool passes)
{
    if (passes)
        arc(svg, from, to);
    else if (to->head && !from->head)
        out_and_down(svg, "edge arrow", from->x + from->half, from->y + from->height / 2, to);
    else if (to->side && !from->side)
        out_and_down(svg, "edge changed arrow", from->x, from->y + from->height + LEAVE, to);
    else if (from->side && !to->side)
        down_and_back(svg, from, to);
    else
        fan(svg, from, to);
}

/* ------------------------------------------------------------------------------------------------------------ cells */

static void tip_line(fv_text *tip, const fv_layer *row)
{
    char parameters[32], macs[32];

    fv_text_print(tip, "%s%s: %s\n%" PRIu64 "x%" PRIu64 "x%" PRIu64 ", %s parameters, %s MACs", tip->length ? "\n" : "",
                  row->name, row->text, row->height, row->width, row->channels,
                  fv_cli_thousands(row->parameters, parameters), fv_cli_thousands(row->macs, macs));
}

/* The name of the branches that a concatenation joins: "inception_3a". */
static void draw_block_name(fv_cli_svg *svg, const fv_cli_cell *cell)
{
    const char *end = strrchr(cell->layer->name, '.');
    char name[256];

    if (!end)
        return;
    snprintf(name, sizeof name, "%.*s", (int)(end - cell->layer->name), cell->layer->name);
    fv_cli_svg_label(svg, "size", cell->x - cell->half - 6, cell->y + cell->height / 2 + 4, FV_CLI_RIGHT, name);
}

static void draw_cell(fv_cli_svg *svg, const fv_cli_cell *cell, fv_text *tip)
{
    char look[32];

    tip->length = 0;
    if (cell->layer)
        tip_line(tip, cell->layer);
    if (cell->norm)
        tip_line(tip, cell->norm);
    svg->text.failed |= tip->failed;
    snprintf(look, sizeof look, "%s %s", cell->layer ? "layer" : "layer end-of-net", cell->look);
    fv_cli_svg_open(svg, look, cell->layer && !tip->failed ? tip->data : NULL);
    if (*cell->label) {
        fv_cli_svg_rect(svg, NULL, cell->x - cell->half, cell->y, 2 * cell->half, cell->height, 3);
        fv_cli_svg_label(svg, NULL, cell->x, cell->y + cell->height / 2 + 4, FV_CLI_MIDDLE, cell->label);
    } else {
        const double y = cell->y + cell->height / 2, arm = cell->half - 2.5;

        fv_cli_svg_circle(svg, NULL, cell->x, y, cell->half);
        fv_cli_svg_line(svg, NULL, cell->x - arm, y, cell->x + arm, y);
        fv_cli_svg_line(svg, NULL, cell->x, y - arm, cell->x, y + arm);
    }
    if (cell->layer && strcmp(cell->layer->type, "concat") == 0)
        draw_block_name(svg, cell);
    fv_cli_svg_close(svg);
}

/* "138 M", "15.5 G" */
static const char *amount(uint64_t n, char out[32])
{
    static const char *const units[] = {"", " K", " M", " G", " T"};
    double value = (double)n;
    size_t unit = 0;

    for (; value >= 1000 && unit + 1 < FV_COUNT(units); unit++)
        value /= 1000;
    snprintf(out, 32, "%.*f%s", !unit || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value, units[unit]);
    return out;
}

static void draw_title(fv_cli_svg *svg, const fv_cli_figure *f)
{
    char text[96], number[32];
    const double x = f->cells[0].x;

    fv_cli_svg_label(svg, "name", x, 20, FV_CLI_MIDDLE, f->name);
    snprintf(text, sizeof text, "%s parameters", amount(f->info->parameters, number));
    fv_cli_svg_label(svg, "size", x, 36, FV_CLI_MIDDLE, text);
    snprintf(text, sizeof text, "%s MACs", amount(f->info->macs, number));
    fv_cli_svg_label(svg, "size", x, 50, FV_CLI_MIDDLE, text);
}

static void draw_sizes(fv_cli_svg *svg, const sheet *s)
{
    char text[64];

    fv_cli_svg_label(svg, "size", 10, TOP + 14, FV_CLI_LEFT, "output");
    for (size_t i = 0; i < s->n_sizes; i++) {
        const double y = s->sizes[i].y;

        fv_cli_svg_line(svg, "rule", 10, y - (STAGE + FV_CLI_GAP) / 2., s->width - 10, y - (STAGE + FV_CLI_GAP) / 2.);
        snprintf(text, sizeof text, "%" PRIu64 "x%" PRIu64, s->sizes[i].height, s->sizes[i].width);
        fv_cli_svg_label(svg, "size", 10, y + 14, FV_CLI_LEFT, text);
    }
}

static bool has_look(const sheet *s, const char *look)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t c = 0; c < s->figures[i].count; c++)
            if (strcmp(s->figures[i].cells[c].look, look) == 0)
                return true;
    return false;
}

/* Returns the height of its lines; draws nothing where svg is NULL. */
static double draw_legend(fv_cli_svg *svg, const sheet *s)
{
    double x = 10, y = s->height + 30;

    for (size_t i = 0; i < FV_COUNT(legend); i++) {
        const double width = SWATCH + 6 + 11 * fv_cli_svg_width(legend[i].text) + 14;

        if (!has_look(s, legend[i].look))
            continue;
        if (x > 10 && x + width > s->width) {
            x = 10;
            y += 20;
        }
        if (svg) {
            fv_cli_svg_rect(svg, legend[i].look, x, y, SWATCH, SWATCH, 2);
            fv_cli_svg_label(svg, NULL, x + SWATCH + 6, y + 10, FV_CLI_LEFT, legend[i].text);
        }
        x += width;
    }
    return y + SWATCH + 14;
}

static void draw(fv_cli_svg *svg, const sheet *s)
{
    fv_text tip;

    fv_text_init(&tip, NULL);
    draw_sizes(svg, s);
    for (size_t i = 0; i < s->count; i++) {
        const fv_cli_figure *f = &s->figures[i];

        fv_cli_svg_open(svg, "net", NULL);
        draw_title(svg, f);
        for (size_t c = 0; c < f->count; c++)
            for (size_t k = 0; k < f->cells[c].n_inputs; k++)
                draw_edge(svg, &f->cells[f->cells[c].inputs[k]], &f->cells[c], f->cells[c].passed == k + 1);
        for (size_t c = 0; c < f->count; c++)
            draw_cell(svg, &f->cells[c], &tip);
        fv_cli_svg_close(svg);
    }
    draw_legend(svg, s);
    fv_text_free(&tip);
}

fv_status fv_cli_figure_write(const char *const *names, const fv_net_info *infos, size_t count, const char *path,
                              fv_error *err)
{
    sheet s = {.count = count};
    fv_cli_svg svg;
    fv_text name;
    fv_status status;

    for (size_t i = 0; i < count; i++)
        if (infos[i].count > FV_CLI_FIGURE_LAYERS)
            return fv_fail(err, FV_E_RANGE, "%s: %zu layers are too many for a drawing, which takes up to %d", names[i],
                           infos[i].count, FV_CLI_FIGURE_LAYERS);
    fv_arena_init(&s.arena, NULL);
    fv_text_init(&name, NULL);
    s.figures = fv_arena_alloc(&s.arena, count, sizeof *s.figures);
    for (size_t i = 0; s.figures && i < count; i++) {
        s.figures[i] = (fv_cli_figure){.name = names[i], .info = &infos[i], .arena = &s.arena};
        fv_text_print(&name, "%s%s", i ? ", " : "", names[i]);
    }
    if (s.figures && !name.failed && lay_out(&s)) {
        fv_cli_svg_begin(&svg, s.width, draw_legend(NULL, &s), name.data, style);
        draw(&svg, &s);
        status = fv_cli_svg_write(&svg, path, err);
    } else {
        status = fv_fail_memory(err, count * sizeof *s.figures, "a drawing");
    }
    fv_text_free(&name);
    fv_arena_free(&s.arena);
    return status;
}
