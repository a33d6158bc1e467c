/* bf16: kernels of words against the same products in double of values that were rounded here, on every set of kernels;
 * and a net's logits beside float's. */
#include "support.h"

#include "kernels/pack.h"
#include "kernels/work.h"
#include "model/session.h"

#include <math.h>

/* The nearest bf16, ties to even, by arithmetic: 8 bits of precision. */
static double rounded(double x)
{
    int exponent;
    const double fraction = frexp(x, &exponent);

    return ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
}

static float value(size_t i)
{
    return (float)(((double)(i * 2654435761u % 100003) / 100003 - .5) * (i % 7 ? 1 : 37));
}

enum { ROWS = 31, DEPTH = 77, COLS = 93 };

/* c = a b of rows x depth x cols through half_round, half_pack and half_gemm. */
static void product(const fv_kernels *k, size_t rows, size_t depth, size_t cols, const float *a, const float *b,
                    float *c)
{
    const size_t words = (depth + 1) / 2, size = fv_packed_elements(k, words, cols);
    float *panels = calloc(size, sizeof *panels), *x = calloc(rows * words, sizeof *x);
    const fv_pack_args pack = {
        .b = b, .panels = panels, .groups = 1, .parts = 1, .depth = depth, .cols = cols, .ld = cols, .run = depth};
    const fv_round_args turn = {.x = a, .out = x, .rows = rows, .run = depth};
    fv_gemm_args gemm = {
        .a = x, .b = panels, .c = c, .rows = rows, .depth = words, .cols = cols, .lda = words, .ldc = cols};
    const fv_work work = fv_work_gemm(k, &gemm);

    k->run[FV_K_half_pack](&pack, 0, fv_packed_panels(k, cols), 0);
    k->run[FV_K_half_round](&turn, 0, rows, 0);
    k->run[FV_K_half_gemm](&gemm, 0, work.items, 0);
    free(panels);
    free(x);
}

/* The sum of rounded products, and the bound of a chain of float sums: depth roundings of the sum of magnitudes. */
static void products_are_of_rounded_values(void **state)
{
    static const size_t sizes[][3] = {{1, DEPTH, COLS}, {ROWS, DEPTH, COLS}, {5, 2, 8}, {14, 64, 33}, {1, 1, 200}};
    static float a[ROWS * DEPTH], b[DEPTH * 200], c[ROWS * 200];
    const fv_kernels *k;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(a); i++)
        a[i] = value(i);
    for (size_t i = 0; i < FV_COUNT(b); i++)
        b[i] = value(i + 12345);
    for (size_t s = 0; (k = fv_kernels_list(s)); s++)
        for (size_t n = 0; n < FV_COUNT(sizes); n++) {
            const size_t rows = sizes[n][0], depth = sizes[n][1], cols = sizes[n][2];

            product(k, rows, depth, cols, a, b, c);
            for (size_t i = 0; i < rows * cols; i++) {
                double sum = 0, size = 0;

                for (size_t j = 0; j < depth; j++) {
                    const double x = rounded((double)a[i / cols * depth + j]) * rounded((double)b[j * cols + i % cols]);

                    sum += x;
                    size += fabs(x);
                }
                if (!(fabs((double)c[i] - sum) <= (double)(depth + 2) * 0x1p-24 * size))
                    fail_msg("%s %zux%zux%zu: element %zu is %.9g, wanted %.9g", k->isa, rows, depth, cols, i,
                             (double)c[i], sum);
            }
        }
}

/* NaN and infinity stay what they are. */
static void specials_stay(void **state)
{
    const float in[] = {NAN, INFINITY, -INFINITY, 3.4028235e38F, -0.0F, 1};
    const fv_kernels *k;

    (void)state;
    for (size_t s = 0; (k = fv_kernels_list(s)); s++) {
        uint32_t out[3];
        const fv_round_args a = {.x = in, .out = out, .rows = 1, .run = 6};

        k->run[FV_K_half_round](&a, 0, 1, 0);
        assert_true((out[0] & 0x7fff) > 0x7f80);
        assert_int_equal(out[0] >> 16, 0x7f80);
        assert_int_equal(out[1] & 0xffff, 0xff80);
        assert_int_equal(out[1] >> 16, 0x7f80); /* the largest float rounds up */
        assert_int_equal(out[2], 0x3f808000);
    }
}

/* Nets in float and in bf16: near each other and not the same; on any number of threads the same bits; exact ignores it. */
static void nets_stay_near(void **state)
{
    static const struct {
        const char *net;
        double most; /* difference over the largest logit: 2^-9 a rounding, a few dozen layers */
    } cases[] = {{"alexnet-owt", .02}, {"resnet-18", .1}, {"mobilenet-v2", .15}};
    const fv_net_size size = {sizeof size, 1, 2, 96, 96, 100};
    float input[96 * 96 * 3], logits[4][100];

    (void)state;
    for (size_t k = 0; k < FV_COUNT(input); k++)
        input[k] = value(k);
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_net *whole, *net;
        fv_model *model;
        fv_error err = {0};
        double worst = 0, top = 0;

        test_ok(fv_net_open(NULL, cases[i].net, &whole, &err), &err);
        test_ok(fv_net_resize(NULL, whole, &size, &net, &err), &err);
        test_ok(fv_model_create(NULL, net, 1, &model, &err), &err);
        for (int run = 0; run < 4; run++) { /* float; bf16 on one thread and on three; exact */
            fv_session_options options = FV_SESSION_OPTIONS;
            fv_session *session;

            options.bf16 = run > 0;
            options.threads = run == 2 ? 3 : 1;
            options.exact = run == 3;
            test_ok(fv_session_create(NULL, model, &options, &session, &err), &err);
            test_ok(fv_session_run(session, input, 1, logits[run], &err), &err);
            assert_true((strstr(fv_session_explain(session), "half_gemm") != NULL) ==
                        (run % 3 != 0 &&
                         (fv_kernels_find(NULL)->bf16 || (i == 0 && !strstr(fv_kernels_find(NULL)->isa, "ref")))));
            fv_session_free(session);
        }
        for (size_t c = 0; c < 100; c++) {
            worst = fmax(worst, fabs((double)logits[1][c] - (double)logits[0][c]));
            top = fmax(top, fabs((double)logits[0][c]));
        }
        print_message("%s: %.2g of the largest logit\n", cases[i].net, worst / top);
        assert_true(worst / top < cases[i].most);
        assert_memory_equal(logits[1], logits[2], sizeof logits[1]);
        fv_model_free(model);
        fv_net_free(net);
        fv_net_free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_of_rounded_values),
        cmocka_unit_test(specials_stay),
        cmocka_unit_test(nets_stay_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
