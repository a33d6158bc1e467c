#include "cli/progress.h"
#include "base/file.h"
#include "cli/grid.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BAR_LEAST = 6, BAR_MOST = 24 };
static const double live_every_s = 0.1, plain_every_s = 10;

fv_cli_progress fv_cli_progress_begin(const fv_cli_terminal *terminal, fv_cli_progress_mode mode, bool quiet)
{
    return (fv_cli_progress){
        .silent = quiet || mode == FV_CLI_PROGRESS_NONE,
        .live = terminal->live && mode == FV_CLI_PROGRESS_AUTO,
        .utf8 = terminal->utf8,
        .color = terminal->err_color,
    };
}

/* 3725 as "1:02:05", 65 as "1:05". */
static const char *duration(double seconds, char out[32])
{
    const unsigned long long s = seconds > 0 && seconds < 1e15 ? (unsigned long long)(seconds + 0.5) : 0;

    if (s >= 3600)
        snprintf(out, 32, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%llu:%02llu", s / 60, s % 60);
    return out;
}

/* Seconds to the end of the whole run at the pace of this process; NaN before the first step. */
static double left_s(const fv_cli_progress *p, const fv_progress *now, double clock_s)
{
    const double steps = (double)(now->total_steps - p->began_step);
    const double rest = (double)now->epochs * (double)now->steps - (double)now->total_steps;

    if (!(steps > 0) || rest < 0)
        return NAN;
    return rest * (clock_s - p->began_s) / steps;
}

/* ---- the fields of a line; the least important ones are dropped first where a terminal is narrow */
enum { EPOCH, BAR, LOSS, TOP1, RATE, LEFT, ELAPSED, DATA, COMPUTE, FIELDS };
static const int drop_order[] = {COMPUTE, DATA, ELAPSED, RATE, BAR, TOP1, LEFT, LOSS};

static void field(char out[FIELDS][64], int which, bool known, const char *format, ...)
{
    va_list arguments;

    out[which][0] = 0;
    if (!known)
        return;
    va_start(arguments, format);
    vsnprintf(out[which], 64, format, arguments);
    va_end(arguments);
}

static void fill_fields(const fv_cli_progress *p, const fv_progress *now, double clock_s, char out[FIELDS][64])
{
    const double left = left_s(p, now, clock_s);
    char number[32];

    memset(out, 0, FIELDS * sizeof out[0]);
    field(out, EPOCH, true, "epoch %llu/%llu", (unsigned long long)now->epoch, (unsigned long long)now->epochs);
    field(out, LOSS, isfinite(now->loss), "loss %.4f", now->loss);
    field(out, TOP1, isfinite(now->top1), "top-1 %.2f%%", 100 * now->top1);
    field(out, RATE, isfinite(now->images_per_s), "%s img/s",
          fv_cli_thousands((uint64_t)fmax(0, now->images_per_s), number));
    field(out, DATA, isfinite(now->data_s), "data %.1f s", now->data_s);
    field(out, COMPUTE, isfinite(now->compute_s), "compute %.1f s", now->compute_s);
    field(out, ELAPSED, isfinite(now->elapsed_s), "elapsed %s", duration(now->elapsed_s, number));
    field(out, LEFT, isfinite(left), "left %s", duration(left, number));
}

static size_t fields_width(char fields[FIELDS][64])
{
    size_t width = 0;

    for (int i = 0; i < FIELDS; i++)
        if (fields[i][0])
            width += fv_cli_text_width(fields[i]) + 1;
    return width;
}

/* Print a bar of `width` columns between brackets. */
static void draw_bar(const fv_cli_progress *p, double share, size_t width)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const size_t parts = (size_t)(share * 8 * (double)width), whole = parts / 8 < width ? parts / 8 : width;

    fputs(p->color ? "[\033[32m" : "[", stderr);
    for (size_t i = 0; i < whole; i++)
        fputs(p->utf8 ? "█" : "#", stderr);
    if (whole < width)
        fputs(p->utf8 ? eighths[parts % 8] : "-", stderr);
    for (size_t i = whole + 1; i < width; i++)
        fputs(p->utf8 ? " " : "-", stderr);
    fputs(p->color ? "\033[0m]" : "]", stderr);
}

static void draw_live(fv_cli_progress *p, const fv_progress *now, double clock_s)
{
    const size_t columns = fv_cli_terminal_width(), most = columns > 20 ? columns - 1 : 20;
    const double share = now->steps ? (double)now->step / (double)now->steps : 0;
    const size_t frame = strlen("[] 100% ");
    char fields[FIELDS][64];
    bool bar = true;

    fill_fields(p, now, clock_s, fields);
    for (size_t i = 0; i < sizeof drop_order / sizeof drop_order[0]; i++) {
        if (fields_width(fields) + (bar ? frame + BAR_LEAST : 0) <= most + 1)
            break;
        if (drop_order[i] == BAR)
            bar = false;
        else
            fields[drop_order[i]][0] = 0;
    }
    fprintf(stderr, "\r\033[K%s", fields[EPOCH]);
    if (bar) {
        const size_t room = most + 1 - fields_width(fields) - frame;

        fputc(' ', stderr);
        draw_bar(p, share < 1 ? share : 1, room < BAR_MOST ? room : BAR_MOST);
        fprintf(stderr, " %3.0f%%", 100 * share);
    }
    for (int i = LOSS; i < FIELDS; i++)
        if (fields[i][0])
            fprintf(stderr, " %s", fields[i]);
    fflush(stderr);
    p->line_open = true;
}

/* A line that stays: on a terminal above the live one, in a log file by itself. */
static void print_epoch(const fv_cli_progress *p, const fv_progress *now, double clock_s)
{
    const double left = left_s(p, now, clock_s);
    char text[32];

    if (p->live)
        fputs("\r\033[K", stderr);
    fprintf(stderr, "epoch %llu/%llu", (unsigned long long)now->epoch, (unsigned long long)now->epochs);
    if (!now->epoch_done)
        fprintf(stderr, " step %llu/%llu (%.0f%%)", (unsigned long long)now->step, (unsigned long long)now->steps,
                now->steps ? 100 * (double)now->step / (double)now->steps : 0);
    fprintf(stderr, "  loss %.4f  top-1 %.2f%%", now->loss, 100 * now->top1);
    if (now->epoch_done && isfinite(now->val_loss))
        fprintf(stderr, "  val loss %.4f top-1 %.2f%%", now->val_loss, 100 * now->val_top1);
    if (now->epoch_done && isfinite(now->test_loss))
        fprintf(stderr, "  test loss %.4f top-1 %.2f%%", now->test_loss, 100 * now->test_top1);
    fprintf(stderr, "  lr %.4g  %s img/s", now->lr, fv_cli_thousands((uint64_t)fmax(0, now->images_per_s), text));
    fprintf(stderr, "  data %.1f s compute %.1f s", now->data_s, now->compute_s);
    fprintf(stderr, "  elapsed %s", duration(now->elapsed_s, text));
    if (isfinite(left))
        fprintf(stderr, " left %s", duration(left, text));
    fputs(now->epoch_done && now->best && isfinite(now->val_loss) ? "  best\n" : "\n", stderr);
    fflush(stderr);
}

void fv_cli_progress_show(fv_cli_progress *p, const fv_progress *now)
{
    const double clock_s = fv_clock_s(), since_s = clock_s - p->drawn_s;

    if (!p->begun) {
        p->begun = true;
        p->began_s = p->drawn_s = clock_s;
        p->began_step = now->total_steps;
        return;
    }
    if (p->silent || (!now->epoch_done && since_s < (p->live ? live_every_s : plain_every_s)))
        return;
    p->drawn_s = clock_s;
    if (p->live && !now->epoch_done) {
        draw_live(p, now, clock_s);
        return;
    }
    print_epoch(p, now, clock_s);
    p->line_open = false;
}

void fv_cli_progress_end(fv_cli_progress *p)
{
    if (p->line_open)
        fputc('\n', stderr);
    p->line_open = false;
}
