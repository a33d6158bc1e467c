/* The order of an epoch (train/order.h): each sample once, or classes equally often; counted, over epochs and threads. */
#include "support.h"

#include "train/order.h"

enum { CLASSES = 4, COUNT = 127, EPOCHS = 40 };
static const size_t sizes[CLASSES] = {100, 20, 0, 7}; /* the third has no samples */
static const size_t known = 3;

static fv_data *make_data(uint32_t labels[COUNT])
{
    static const uint8_t pixels[COUNT][4];
    fv_error err = {0};
    fv_data *data;
    size_t n = 0;

    for (uint32_t c = 0; c < CLASSES; c++)
        for (size_t i = 0; i < sizes[c]; i++)
            labels[(n++ * 50) % COUNT] = c; /* 50 and 127 have no divisor in common: classes lie mixed */
    test_ok(fv_data_from_memory(NULL, &pixels[0][0], labels, COUNT, 2, 2, 1, CLASSES, NULL, &data, &err), &err);
    return data;
}

static void make(const fv_data *data, bool balanced, fv_order *out)
{
    fv_error err = {0};

    test_ok(fv_order_create(NULL, data, balanced, out, &err), &err);
    assert_int_equal(out->count, COUNT);
}

static void test_each(void **state)
{
    uint32_t labels[COUNT], first[COUNT];
    fv_data *data = make_data(labels);
    bool seen[COUNT] = {false};
    fv_order order;

    (void)state;
    make(data, false, &order);
    fv_order_epoch(&order, 5, 3);
    memcpy(first, order.items, sizeof first);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(order.items[i] < COUNT && !seen[order.items[i]]);
        seen[order.items[i]] = true;
    }
    fv_order_epoch(&order, 5, 4);
    assert_memory_not_equal(first, order.items, sizeof first);
    fv_order_free(&order);
    fv_data_free(data);
}

/* Adds an epoch's draws to times[sample]; each class has a third of the epoch, to within one, and no draw comes twice. */
static void count_epoch(const fv_order *order, const uint32_t labels[COUNT], size_t times[COUNT])
{
    size_t drawn[CLASSES] = {0};

    for (size_t i = 0; i < COUNT; i++) {
        const uint32_t item = order->items[i], sample = item % COUNT;

        times[sample]++;
        drawn[labels[sample]]++;
        for (size_t k = 0; k < i; k++)
            if (order->items[k] == item)
                fail_msg("sample %u comes for the %u-th time twice", sample, item / COUNT);
    }
    for (size_t c = 0; c < CLASSES; c++)
        if (!sizes[c] ? drawn[c] : drawn[c] != COUNT / known && drawn[c] != COUNT / known + 1)
            fail_msg("class %zu: drawn %zu times of %d", c, drawn[c], COUNT);
}

static void test_balanced(void **state)
{
    uint32_t labels[COUNT];
    fv_data *data = make_data(labels);
    size_t times[COUNT] = {0}, least[CLASSES], most[CLASSES] = {0};
    fv_order order;

    (void)state;
    make(data, true, &order);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        fv_order_epoch(&order, 5, epoch);
        count_epoch(&order, labels, times);
    }
    memset(least, 0xFF, sizeof least);
    for (size_t i = 0; i < COUNT; i++) {
        const uint32_t c = labels[i];

        least[c] = times[i] < least[c] ? times[i] : least[c];
        most[c] = times[i] > most[c] ? times[i] : most[c];
    }
    for (size_t c = 0; c < CLASSES;
         c++) /* 40 epochs of 127 / 3 draws: 16 or 17 of 100, 84 or 85 of 20, 241 or 242 of 7 */
        if (sizes[c]) {
            const size_t each = EPOCHS * COUNT / known / sizes[c];

            if (least[c] < each || most[c] > each + 1)
                fail_msg("class %zu: its samples come %zu to %zu times, wanted %zu or one more", c, least[c], most[c],
                         each);
        }
    fv_order_free(&order);
    fv_data_free(data);
}

/* Of seed and epoch alone, whatever was asked for before. */
static void test_same_again(void **state)
{
    uint32_t labels[COUNT], kept[COUNT];
    fv_data *data = make_data(labels);
    fv_order order, other;

    (void)state;
    make(data, true, &order);
    make(data, true, &other);
    for (uint32_t epoch = 0; epoch < 9; epoch++)
        fv_order_epoch(&order, 5, epoch);
    memcpy(kept, order.items, sizeof kept);
    fv_order_epoch(&other, 5, 8);
    assert_memory_equal(kept, other.items, sizeof kept);
    fv_order_epoch(&other, 6, 8);
    assert_memory_not_equal(kept, other.items, sizeof kept);
    fv_order_free(&order);
    fv_order_free(&other);
    fv_data_free(data);
}

static fv_status create(const fv_host *host, void *data, fv_error *err)
{
    fv_order order;
    const fv_status status = fv_order_create(host, data, true, &order, err);

    if (!status)
        fv_order_free(&order);
    return status;
}

static void test_memory_runs_out(void **state)
{
    uint32_t labels[COUNT];
    fv_data *data = make_data(labels);

    (void)state;
    assert_int_equal(test_every_failure(create, data), 4);
    fv_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_balanced),
        cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_memory_runs_out),
    };

    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
