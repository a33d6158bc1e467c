/* check: every kernel of every instruction set that this CPU has, against the plain kernels.
 *
 *   check [--function PATTERN] [--isa NAME] [--seed N] [--quick] [--bench] [--list]
 *
 * --bench prints time, rate and share of arithmetic for the shapes that matter instead. QUICK=1 in the environment is
 * --quick. The last line is `N passed, N failed`. */
#define _GNU_SOURCE
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "job.h"
#include "plain.h"

typedef struct options {
    const char *function, *isa;
    uint64_t seed;
    bool quick, bench, list;
} options;

typedef struct totals {
    size_t passed, failed;
} totals;

static const check_family *const families[] = {
    &family_matrix,          &family_conv,  &family_pool,      &family_rows,
    &family_elements,        &family_copy,  &family_lrn,       &family_norm,
    &family_adaptive,        &family_curve, &family_depthwise, &family_winograd,
    &family_winograd_weights};

static void fail_line(const options *o, const job *j, const char *format, const char *what, size_t index, double got,
                      double want, double bound)
{
    printf("FAIL seed %llu %s %s %s: ", (unsigned long long)o->seed, fv_kernel_name(j->kernel), j->set->isa, j->text);
    printf(format, what, index, got, want, bound);
    printf("\n");
}

/* Largest magnitude of what the plain kernel wrote. */
static double largest(const job_buffer *b, const void *want, size_t width)
{
    double most = 0;

    for (size_t i = 0; i < b->count; i++) {
        const double x = fabs(get_real(want, width, i));

        if (!is_pattern(-x) && isfinite(x) && x > most)
            most = x;
    }
    return most;
}

/* Compare reals; false after printing the worst. */
static bool reals_close(const options *o, const job *j, int index, const run *got, const run *want)
{
    const job_buffer *b = &j->buffer[index];
    const bool doubles = b->kind == JOB_DOUBLES_OUT;
    const size_t width = doubles ? 8 : j->set->real_bytes;
    const double epsilon = j->set->real_bytes == 8 ? DBL_EPSILON : FLT_EPSILON;
    const double top = largest(b, want->memory[index].data, 8);
    double worst = 0, worst_bound = 0;
    size_t at = 0;

    for (size_t i = 0; i < b->count; i++) {
        const double x = get_real(got->memory[index].data, width, i), y = get_real(want->memory[index].data, 8, i);
        const double bound = epsilon * (j->bound * (j->each ? fabs(y) : top) + j->tiny);
        double error = x == y || (isnan(x) && isnan(y)) ? 0 : fabs(x - y);

        if (is_pattern(x) != is_pattern(y) || isnan(error) || (isinf(error) && bound < (double)INFINITY))
            error = (double)INFINITY;
        if (error > bound && (worst == 0 || error / (bound + DBL_MIN) > worst / (worst_bound + DBL_MIN))) {
            worst = error;
            worst_bound = bound;
            at = i;
        }
    }
    if (worst > 0)
        fail_line(o, j, "%s [%zu] is %.9g, should be %.9g, bound %.3g", "output", at,
                  get_real(got->memory[index].data, width, at), get_real(want->memory[index].data, 8, at), worst_bound);
    return worst == 0;
}

static bool bytes_equal(const options *o, const job *j, int index, const run *got, const run *want)
{
    const uint8_t *x = got->memory[index].data, *y = want->memory[index].data;

    for (size_t i = 0; i < j->buffer[index].count; i++)
        if (x[i] != y[i]) {
            fail_line(o, j, "%s [%zu] is %g, should be %g, bound %g", "byte", i, x[i], y[i], 0);
            return false;
        }
    return true;
}

/* Rounding to bf16 leaves no choice: the bits of both halves. */
static bool words_equal(const options *o, const job *j, int index, const run *got, const run *want)
{
    const uint32_t *words = got->memory[index].data;

    for (size_t i = 0; i < 2 * j->buffer[index].count; i++) {
        const uint32_t bits = i % 2 ? words[i / 2] & 0xffff0000u : words[i / 2] << 16;
        const double y = get_real(want->memory[index].data, 8, i);
        float x;

        memcpy(&x, &bits, sizeof x);
        if ((double)x != y) {
            fail_line(o, j, "%s [%zu] is %.9g, should be %.9g, bound %g", "bf16", i, (double)x, y, 0);
            return false;
        }
    }
    return true;
}

static bool buffer_close(const options *o, const job *j, int index, const run *got, const run *want)
{
    const job_kind kind = j->buffer[index].kind;

    return kind == JOB_BYTES_OUT   ? bytes_equal(o, j, index, got, want)
           : kind == JOB_WORDS_OUT ? words_equal(o, j, index, got, want)
                                   : reals_close(o, j, index, got, want);
}

static bool outputs_close(const options *o, const job *j, const run *got, const run *want)
{
    for (int i = 0; i < j->buffers; i++) {
        if (!guarded_front_whole(&got->memory[i])) {
            fail_line(o, j, "%s %zu was written in front of its begin (%g %g %g)", "buffer", (size_t)i, 0, 0, 0);
            return false;
        }
        if (buffer_written(j->buffer[i].kind) && !buffer_close(o, j, i, got, want))
            return false;
    }
    return true;
}

/* The same job, each round cut at random places, last piece first, each in another slice of the scratch memory. */
static bool cuts_agree(const options *o, const job *j, const run *whole, unsigned cut)
{
    const size_t rounds = j->work.rounds ? j->work.rounds : 1;
    uint64_t state = o->seed * 2654435761u + cut;
    bool same = true;
    run r;

    run_begin(&r, j, o->seed, false);
    for (size_t round = 0; round < rounds; round++)
        for (size_t end = j->work.items; end > 0;) {
            const size_t most = cut == 0 ? 1 : 1 + end / 2, from = round * j->work.items;
            size_t step;

            state = state * 6364136223846793005u + 1442695040888963407u;
            step = 1 + (size_t)(state >> 33) % most;
            if (step * 64 < j->work.items) /* long jobs: not one element at a time */
                step += j->work.items / 64;
            step = step > end ? end : step;
            run_items(&r, from + end - step, from + end, (size_t)(state >> 20) % RUN_SLICES);
            end -= step;
        }
    for (int i = 0; i < j->buffers && same; i++)
        if (buffer_written(j->buffer[i].kind))
            same = !memcmp(r.memory[i].data, whole->memory[i].data, r.memory[i].bytes);
    if (!same)
        fail_line(o, j, "%s %zu of the work gives other bits (%g %g %g)", "cut", cut, 0, 0, 0);
    run_end(&r);
    return same;
}

static bool check_one(const options *o, const check_case *c, const fv_kernels *set)
{
    job plain, j;
    run want, got;
    bool ok;

    plain_panel = 0;
    job_build(&plain, c, &plain_kernels, set);
    job_build(&j, c, set, set);
    if (plain.work.parts != j.work.parts) {
        fail_line(o, &j, "%s %zu differ from the shape's (%g, %g, %g)", "parts", j.work.parts, (double)plain.work.parts,
                  0, 0);
        return false;
    }
    run_begin(&want, &plain, o->seed, false);
    if (c->kernel == FV_K_pack || c->kernel == FV_K_half_pack || c->kernel == FV_K_winograd_filters)
        plain_panel = set->panel;
    run_all(&want, 0);
    run_begin(&got, &j, o->seed, false);
    run_all(&got, RUN_SLICES - 1);
    ok = outputs_close(o, &j, &got, &want) && cuts_agree(o, &j, &got, 0) && cuts_agree(o, &j, &got, 1);
    run_end(&want);
    run_end(&got);
    return ok;
}

/* Of this process: neighbours do not count. */
static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Best of runs for about 40 ms. */
static void bench_one(const options *o, const check_case *c, const fv_kernels *set)
{
    double best = 1e9, spent = 0;
    job j;
    run r;

    job_build(&j, c, set, set);
    run_begin(&r, &j, o->seed, true);
    for (int i = 0; i < 3 || (spent < .04 && i < 2000); i++) {
        double t = now_s();

        run_all(&r, 0);
        t = now_s() - t;
        spent += t;
        best = t < best ? t : best;
    }
    run_end(&r);
    printf("%-22s %-7s %-52s %12.0f ns", fv_kernel_name(j.kernel), set->isa, j.text, best * 1e9);
    if (j.flops > 0)
        printf(" %8.1f GFLOP/s", j.flops / best * 1e-9);
    if (j.bytes > 0)
        printf(" %8.1f GB/s", j.bytes / best * 1e-9);
    printf("\n");
    fflush(stdout);
}

/* The i-th set to check: those that this CPU runs, then ref64. */
static const fv_kernels *set_at(size_t i)
{
    const fv_kernels *set = fv_kernels_list(i);

    if (!set && (i == 0 || fv_kernels_list(i - 1)))
        set = fv_kernels_find("ref64");
    return set;
}

static void run_case(const options *o, const check_case *c, totals *t)
{
    const fv_kernels *set;

    if ((o->function && !strstr(fv_kernel_name(c->kernel), o->function)) || (o->quick && (c->flags & FULL)) ||
        (o->bench ? !(c->flags & BENCH) : (c->flags & BENCH_ONLY) == BENCH_ONLY))
        return;
    for (size_t i = 0; (set = set_at(i)); i++) {
        if (!set->run[c->kernel] || (o->isa && strcmp(o->isa, set->isa) != 0)) /* ref64 has no words */
            continue;
        if (o->bench) {
            if (o->isa || strncmp(set->isa, "ref", 3) != 0)
                bench_one(o, c, set);
        } else if (check_one(o, c, set)) {
            t->passed++;
        } else {
            t->failed++;
        }
    }
}

static bool parse(options *o, int argc, char **argv)
{
    const struct {
        const char *name;
        bool *flag;
        const char **text;
    } table[] = {{"--function", NULL, &o->function},
                 {"--isa", NULL, &o->isa},
                 {"--quick", &o->quick, NULL},
                 {"--bench", &o->bench, NULL},
                 {"--list", &o->list, NULL}};

    for (int i = 1; i < argc; i++) {
        size_t k = 0;

        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            o->seed = strtoull(argv[++i], NULL, 10);
            continue;
        }
        while (k < COUNT(table) && strcmp(argv[i], table[k].name) != 0)
            k++;
        if (k == COUNT(table) || (table[k].text && i + 1 == argc))
            return false;
        if (table[k].flag)
            *table[k].flag = true;
        else
            *table[k].text = argv[++i];
    }
    return true;
}

int main(int argc, char **argv)
{
    const char *quick = getenv("QUICK");
    options o = {.seed = 1, .quick = quick && *quick && *quick != '0'};
    const fv_kernels *set;
    totals t = {0};

    if (!parse(&o, argc, argv)) {
        fprintf(stderr, "usage: check [--function PATTERN] [--isa NAME] [--seed N] [--quick] [--bench] [--list]\n");
        return 2;
    }
    if (o.list) {
        for (size_t i = 0; (set = fv_kernels_list(i)); i++)
            printf("%s\n", set->isa);
        return 0;
    }
    if (o.isa && !fv_kernels_find(o.isa)) {
        fprintf(stderr, "check: this CPU has no %s\n", o.isa);
        return 2;
    }
    for (size_t f = 0; f < COUNT(families); f++)
        for (size_t i = 0; i < families[f]->count; i++)
            run_case(&o, &families[f]->cases[i], &t);
    if (!o.bench)
        printf("%zu passed, %zu failed\n", t.passed, t.failed);
    return t.failed > 0;
}
