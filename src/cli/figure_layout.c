/* Where the cells of a figure stand. A list of cells is cut where all paths go through one cell; what lies between two
 * cuts is a block: parts that do not touch each other stand side by side, each laid out in the same way. A part that is
 * no such nest (layers joined crosswise by `from`) is laid out in rows, by the longest path to each layer. */
#include "cli/figure.h"
#include <string.h>

enum { FORK = 12, BESIDE = 12, BULGE = 34 }; /* more height where lines fan out; between parts; of arcs */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

void fv_cli_figure_move(fv_cli_figure *f, const size_t *list, size_t count, double dx, double dy)
{
    for (size_t i = 0; i < count; i++) {
        f->cells[list[i]].x += dx;
        f->cells[list[i]].y += dy;
    }
}

/* Number the list's cells from 1 and mark them with a new id; the entry is 0. */
static size_t mark(fv_cli_figure *f, const size_t *list, size_t count, size_t entry)
{
    const size_t id = ++f->lists;

    for (size_t i = 0; i < count; i++) {
        f->cells[list[i]].list = id;
        f->cells[list[i]].at = i + 1;
    }
    f->cells[entry].list = id;
    f->cells[entry].at = 0;
    return id;
}

/* open[i]: some path passes cell i + 1 of the list by, so that what follows it is not a new beginning. */
static bool *find_open(fv_cli_figure *f, const size_t *list, size_t count, size_t entry)
{
    const size_t id = mark(f, list, count, entry);
    bool *open = fv_arena_alloc(f->arena, count + 1, sizeof *open);
    size_t *inside = fv_arena_alloc(f->arena, count + 1, sizeof *inside); /* readers within the list */
    int *begins = fv_arena_alloc(f->arena, count + 2, sizeof *begins);    /* paths past cell i that begin, less ends */
    int passing = 0;

    if (!open || !inside || !begins)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const fv_cli_cell *cell = &f->cells[list[i]];

        for (size_t k = 0; k < cell->n_inputs; k++) {
            const fv_cli_cell *from = &f->cells[cell->inputs[k]];

            if (from->list != id)
                continue;
            inside[from->at]++;
            begins[from->at + 1]++;
            begins[i + 1]--;
        }
    }
    for (size_t i = 0; i < count; i++)
        begins[i + 2] += inside[i + 1] < f->cells[list[i]].readers; /* to what lies behind the list */
    for (size_t i = 0; i < count; i++) {
        passing += begins[i + 1];
        open[i] = passing > 0;
    }
    return open;
}

/* ------------------------------------------------------------------------------------------------- side by side */

/* A part of a block. */
typedef struct part {
    size_t *list, count;
    fv_cli_extent extent;
} part;

/* The group's first member stands for it. */
static size_t leader(const fv_cli_figure *f, size_t index)
{
    while (f->cells[index].group != index) {
        f->cells[index].group = f->cells[f->cells[index].group].group;
        index = f->cells[index].group;
    }
    return index;
}

/* Cells that read each other belong to one part; parts keep the order in which they begin. */
static part *split(fv_cli_figure *f, const size_t *list, size_t count, size_t entry, size_t *n)
{
    const size_t id = mark(f, list, count, entry);
    size_t *room = fv_arena_alloc(f->arena, count, sizeof *room), leaders = 0;
    part *parts;

    if (!room)
        return NULL;
    for (size_t i = 0; i < count; i++)
        f->cells[list[i]].group = list[i];
    for (size_t i = 0; i < count; i++) {
        const fv_cli_cell *cell = &f->cells[list[i]];

        for (size_t k = 0; k < cell->n_inputs; k++) {
            const size_t from = cell->inputs[k];

            if (f->cells[from].list == id && from != entry) {
                const size_t a = leader(f, from), b = leader(f, list[i]);

                f->cells[a > b ? a : b].group = a > b ? b : a;
            }
        }
    }
    for (size_t i = 0; i < count; i++)
        leaders += leader(f, list[i]) == list[i];
    parts = fv_arena_alloc(f->arena, leaders, sizeof *parts);
    if (!parts)
        return NULL;
    *n = 0;
    for (size_t i = 0; i < count; i++) {
        if (leader(f, list[i]) != list[i])
            continue;
        part *p = &parts[(*n)++];

        p->list = room;
        for (size_t k = i; k < count; k++)
            if (leader(f, list[k]) == list[i])
                *room++ = list[k];
        p->count = (size_t)(room - p->list);
    }
    return parts;
}

/* Cells joined crosswise: one row for each length of the longest path from the entry. */
static fv_cli_extent rows(fv_cli_figure *f, const size_t *list, size_t count, size_t entry, bool *good)
{
    const size_t id = mark(f, list, count, entry);
    size_t *row = fv_arena_alloc(f->arena, count + 1, sizeof *row), last = 0; /* of each, from 1 */
    fv_cli_extent extent = {0, 0, 0};

    if (!row) {
        *good = false;
        return extent;
    }
    for (size_t i = 0; i < count; i++) {
        const fv_cli_cell *cell = &f->cells[list[i]];

        for (size_t k = 0; k < cell->n_inputs; k++)
            if (f->cells[cell->inputs[k]].list == id && row[f->cells[cell->inputs[k]].at] > row[i + 1])
                row[i + 1] = row[f->cells[cell->inputs[k]].at];
        last = ++row[i + 1] > last ? row[i + 1] : last;
    }
    for (size_t r = 1; r <= last; r++) {
        double width = 0, height = 0, x;

        for (size_t i = 0; i < count; i++)
            if (row[i + 1] == r)
                width += (width > 0 ? BESIDE : 0) + 2 * f->cells[list[i]].half;
        x = -width / 2;
        for (size_t i = 0; i < count; i++) {
            fv_cli_cell *cell = &f->cells[list[i]];

            if (row[i + 1] != r)
                continue;
            cell->x = x + cell->half;
            cell->y = extent.height;
            x += 2 * cell->half + BESIDE;
            height = larger(height, cell->height);
        }
        extent.left = extent.right = larger(extent.left, width / 2);
        extent.height += height + (r < last ? FV_CLI_GAP + FORK : 0);
    }
    return extent;
}

/* The shortcut of a residual block (He et al. 2015): the part that the addition names second. */
static const part *shortcut_of(const fv_cli_figure *f, const part *parts, size_t n, const fv_cli_cell *join)
{
    if (n != 2 || !join || strcmp(join->layer->type, "add") != 0 || join->n_inputs != 2)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (leader(f, join->inputs[1]) == parts[i].list[0] && leader(f, join->inputs[0]) != parts[i].list[0])
            return &parts[i];
    return NULL;
}

static fv_cli_extent beside_block(fv_cli_figure *f, part *body, const part *shortcut)
{
    const double height = larger(body->extent.height, shortcut->extent.height);
    const double dx = body->extent.right + BESIDE + shortcut->extent.left;

    fv_cli_figure_move(f, body->list, body->count, 0, (height - body->extent.height) / 2);
    fv_cli_figure_move(f, shortcut->list, shortcut->count, dx, (height - shortcut->extent.height) / 2);
    for (size_t i = 0; i < shortcut->count; i++)
        f->cells[shortcut->list[i]].side = true;
    return (fv_cli_extent){body->extent.left, dx + shortcut->extent.right, height};
}

/* Parts beside each other around the centre line; they end at the same height, as the figures of GoogLeNet have it. */
static fv_cli_extent side_by_side(fv_cli_figure *f, const part *parts, size_t n)
{
    double width = (double)(n - 1) * BESIDE, height = 0, x;

    for (size_t i = 0; i < n; i++) {
        width += parts[i].extent.left + parts[i].extent.right;
        height = larger(height, parts[i].extent.height);
    }
    x = -width / 2;
    for (size_t i = 0; i < n; i++) {
        const fv_cli_extent e = parts[i].extent;

        fv_cli_figure_move(f, parts[i].list, parts[i].count, x + e.left, FORK + height - e.height);
        x += e.left + e.right + BESIDE;
    }
    return (fv_cli_extent){width / 2, width / 2, height + FORK};
}

/* The cells between an entry and the cell that joins them (NULL: that lies outside), from (0, 0). */
static fv_cli_extent block(fv_cli_figure *f, const size_t *list, size_t count, size_t entry, const fv_cli_cell *join,
                           bool *good)
{
    size_t n;
    part *parts = split(f, list, count, entry, &n);
    const part *shortcut = parts ? shortcut_of(f, parts, n, join) : NULL;

    if (!parts) {
        *good = false;
        return (fv_cli_extent){0};
    }
    if (n == 1 && !join)
        return rows(f, list, count, entry, good);
    for (size_t i = 0; i < n; i++)
        parts[i].extent = fv_cli_figure_series(f, parts[i].list, parts[i].count, entry, good);
    if (shortcut)
        return beside_block(f, &parts[shortcut == parts], shortcut);
    return n == 1 ? parts[0].extent : side_by_side(f, parts, n);
}

/* -------------------------------------------------------------------------------------------------- one below another */

/* Cells between two cuts, from (0, 0); `joined`: the last of them joins the others. */
static fv_cli_extent element(fv_cli_figure *f, const size_t *list, size_t count, size_t entry, bool joined, bool *good)
{
    fv_cli_cell *last = &f->cells[list[count - 1]];
    fv_cli_extent e = {0};

    if (count == 1 || !joined) {
        if (count > 1)
            return block(f, list, count, entry, NULL, good);
        last->x = last->y = 0;
        return (fv_cli_extent){last->half, last->half, last->height};
    }
    e = block(f, list, count - 1, entry, last, good);
    last->x = 0;
    last->y = e.height + FV_CLI_GAP + (last->label[0] ? FORK : 0);
    e.height = last->y + last->height;
    for (size_t i = 0; i < last->n_inputs; i++) {
        if (last->inputs[i] != entry)
            continue;
        last->passed = i + 1;
        last->reach = e.right;
        e.right += BULGE;
    }
    e.left = larger(e.left, last->half);
    e.right = larger(e.right, last->half);
    return e;
}

fv_cli_extent fv_cli_figure_series(fv_cli_figure *f, const size_t *list, size_t count, size_t entry, bool *good)
{
    const bool *open = find_open(f, list, count, entry);
    fv_cli_extent all = {0};
    size_t first = 0;

    if (!open) {
        *good = false;
        return all;
    }
    for (size_t i = 0; i < count && *good; i++) {
        if (open[i] && i + 1 < count)
            continue;
        const fv_cli_extent e = element(f, list + first, i + 1 - first, entry, !open[i], good);
        const double y = all.height > 0 ? all.height + FV_CLI_GAP : 0;

        fv_cli_figure_move(f, list + first, i + 1 - first, 0, y);
        all = (fv_cli_extent){larger(all.left, e.left), larger(all.right, e.right), y + e.height};
        entry = list[i];
        first = i + 1;
    }
    return all;
}

/* -------------------------------------------------------------------------------------------------- the main line */

bool fv_cli_figure_parts(fv_cli_figure *f)
{
    size_t *list = fv_arena_alloc(f->arena, f->count, sizeof *list), count = 0, first = 0, entry = 0;
    const bool *open;
    bool good = true;

    f->parts = fv_arena_alloc(f->arena, f->count, sizeof *f->parts);
    for (size_t i = 1; list && i < f->count; i++)
        if (!f->cells[i].head)
            list[count++] = i;
    open = list && f->parts ? find_open(f, list, count, 0) : NULL;
    if (!open)
        return false;
    for (size_t i = 0; i < count && good; i++) {
        if (open[i] && i + 1 < count)
            continue;
        fv_cli_stage *stage = &f->parts[f->n_parts++];

        *stage = (fv_cli_stage){.list = list + first, .count = i + 1 - first};
        stage->extent = element(f, stage->list, stage->count, entry, !open[i], &good);
        stage->height = f->cells[list[i]].layer ? f->cells[list[i]].layer->height : f->cells[entry].layer->height;
        stage->width = f->cells[list[i]].layer ? f->cells[list[i]].layer->width : f->cells[entry].layer->width;
        f->all.left = larger(f->all.left, stage->extent.left);
        f->all.right = larger(f->all.right, stage->extent.right);
        entry = list[i];
        first = i + 1;
    }
    return good;
}
