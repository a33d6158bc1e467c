/* base/text and base/json: growing strings, spelling, numbers in any locale, UTF-8. */
#include "support.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>

/* ----------------------------------------------------------------------------------------------------------- text */

static fv_status use_text(const fv_host *host, void *arg, fv_error *err)
{
    fv_text text;
    char want[1200] = "";
    fv_status status;

    (void)arg;
    fv_text_init(&text, host);
    assert_null(text.data);
    for (int i = 0; i < 100; i++) {
        fv_text_print(&text, "%d,", i * i);
        sprintf(want + strlen(want), "%d,", i * i);
        fv_text_append(&text, "ab\0c", 2);
        strcat(want, "ab");
    }
    if (!text.failed) {
        assert_string_equal(text.data, want);
        assert_int_equal(text.length, strlen(want));
    }
    status = text.failed ? fv_fail_memory(err, 1, "text") : FV_OK;
    fv_text_free(&text);
    return status;
}

static void text_grows_or_remembers_failure(void **state)
{
    (void)state;
    assert_int_equal(test_every_failure(use_text, NULL), 3); /* 256, 512, 1024 */
}

static void distances(void **state)
{
    static const struct {
        const char *a, *b;
        size_t limit, distance;
    } cases[] = {
        {"", "", 2, 0},
        {"conv", "conv", 2, 0},
        {"conv", "cnov", 2, 1},
        {"conv", "con", 2, 1},
        {"conv", "convx", 2, 1},
        {"conv", "cobv", 2, 1},
        {"kitten", "sitting", 9, 3},
        {"kitten", "sitting", 2, 3},
        {"", "abc", 9, 3},
        {"abc", "", 9, 3},
        {"ca", "abc", 9, 3},
        {"abcdef", "badcfe", 9, 3},
        {"maxpool", "mxapool", 2, 1},
        {"aaaa", "aa", 9, 2},
        {"abab", "baba", 9, 2},
        {"a", "xyz", 1, 2},
    };
    char longer[200] = "", longest[200] = "";

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        assert_int_equal(fv_text_distance(cases[i].a, cases[i].b, cases[i].limit), cases[i].distance);
        assert_int_equal(fv_text_distance(cases[i].b, cases[i].a, cases[i].limit), cases[i].distance);
    }
    memset(longer, 'x', 150);
    memset(longest, 'y', 150);
    assert_int_equal(fv_text_distance(longer, longest, 2), 3);
    memset(longest, 'x', 151);
    assert_int_equal(fv_text_distance(longer, longest, 2), 1);
}

static void nearest_word(void **state)
{
    static const char *const words[] = {"conv", "dense", "maxpool", "avgpool", "relu", "lrn", "bn"};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"cnov", "conv"}, {"desne", "dense"}, {"maxpol", "maxpool"}, {"avpol", "avgpool"}, {"rleu", "relu"},
        {"lnr", "lrn"},   {"bx", NULL},       {"convolution", NULL}, {"", NULL},           {"xyzzy", NULL},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const char *found = fv_text_nearest(cases[i].word, words, FV_COUNT(words));

        if (!cases[i].nearest)
            assert_null(found);
        else
            assert_string_equal(found ? found : "(none)", cases[i].nearest);
    }
    assert_null(fv_text_nearest("conv", words, 0));
}

static const struct {
    const char *text;
    bool good;
    double value;
} reals[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"1", true, 1},
    {"+1.5", true, 1.5},
    {".5", true, 0.5},
    {"5.", true, 5},
    {"1e3", true, 1000},
    {"1E-2", true, 0.01},
    {"0.1", true, 0.1},
    {"1.7976931348623157e308", true, DBL_MAX},
    {"5e-324", true, 0x1p-1074},
    {"0e999", true, 0},
    {"0.000e-999", true, 0},
    {"1e-400", false, 0},
    {"1e309", false, 0},
    {"-1e309", false, 0},
    {"", false, 0},
    {".", false, 0},
    {"+", false, 0},
    {"e5", false, 0},
    {"1e", false, 0},
    {"1e+", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"1,5", false, 0},
    {"0x10", false, 0},
    {"inf", false, 0},
    {"nan", false, 0},
    {"1.2.3", false, 0},
    {"--1", false, 0},
    {"1f", false, 0},
};

static void check_reals(void)
{
    for (size_t i = 0; i < FV_COUNT(reals); i++) {
        double value = 42;
        const bool good = fv_text_real(reals[i].text, &value);

        if (good != reals[i].good || value != (good ? reals[i].value : 42))
            fail_msg("'%s' gave %d, %a", reals[i].text, good, value);
    }
}

static void printed_reals_read_back(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {1, "1"},
        {1.0 / 3, "0.3333333333333333"},
        {1e22, "1e+22"},
        {0.05, "0.05"},
        {-2.5, "-2.5"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {0x1p-1074, "5e-324"},
        {123456, "123456"},
        {0.1f, "0.10000000149011612"},
    };
    fv_text text;

    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        double back = 0;

        fv_text_init(&text, NULL);
        fv_text_print_real(&text, cases[i].value);
        assert_string_equal(text.data, cases[i].text);
        assert_true(fv_text_real(text.data, &back) && back == cases[i].value);
        fv_text_free(&text);
    }
    fv_text_init(&text, NULL);
    fv_text_print_real(&text, (double)NAN);
    fv_text_print(&text, " ");
    fv_text_print_real(&text, -(double)INFINITY);
    assert_non_null(strstr(text.data, "nan"));
    assert_non_null(strstr(text.data, " -inf"));
    fv_text_free(&text);
}

static void real_numbers(void **state)
{
    (void)state;
    check_reals();
    printed_reals_read_back();
}

/* A locale with a decimal comma: one that is installed, else one that localedef makes in the test's folder. */
static bool comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "pl_PL.UTF-8", "it_IT.UTF-8", "es_ES.UTF-8"};
    char command[2 * PATH_MAX + 100];

    for (size_t i = 0; i < FV_COUNT(names); i++)
        if (setlocale(LC_ALL, names[i]))
            return true;
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >'%s/log' 2>&1", test_folder(),
             test_folder());
    if (system(command))
        return false;
    setenv("LOCPATH", test_folder(), 1);
    return setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
}

static void numbers_ignore_the_locale(void **state)
{
    fv_error err = {0};
    fv_arena arena;
    fv_text text;
    char mine[16];

    (void)state;
    if (!comma_locale())
        skip();
    snprintf(mine, sizeof mine, "%.1f", 1.5);
    assert_string_equal(mine, "1,5");
    check_reals();
    printed_reals_read_back();
    fv_fail(&err, FV_E_RANGE, "%.2f", 0.25);
    assert_string_equal(err.message, "0.25");
    fv_fail_errno(&err, 2, "%.1f", 0.5);
    assert_string_equal(err.message, "0.5: No such file or directory");
    fv_text_init(&text, NULL);
    fv_text_print(&text, "%.1f", 2.5);
    assert_string_equal(text.data, "2.5");
    fv_text_free(&text);
    fv_arena_init(&arena, NULL);
    assert_string_equal(fv_arena_print(&arena, "%.1f", 3.5), "3.5");
    fv_arena_free(&arena);
    snprintf(mine, sizeof mine, "%.1f", 1.5); /* the caller's locale is as it was */
    assert_string_equal(mine, "1,5");
    setlocale(LC_ALL, "C");
}

static void integers(void **state)
{
    static const struct {
        const char *text;
        bool good;
        long long value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+7", true, 7},
        {"-12", true, -12},
        {"007", true, 7},
        {"9223372036854775807", true, LLONG_MAX},
        {"-9223372036854775808", true, LLONG_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
        {"1e3", false, 0},
        {"--1", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        long long value = 42;
        const bool good = fv_text_integer(cases[i].text, &value);

        if (good != cases[i].good || value != (good ? cases[i].value : 42))
            fail_msg("'%s' gave %d, %lld", cases[i].text, good, value);
    }
}

/* ----------------------------------------------------------------------------------------------------- characters */

static void utf8(void **state)
{
    static const struct {
        const char *text;
        size_t length, step;
    } cases[] = {
        {"", 0, 0},
        {"a", 1, 1},
        {"\x7F", 1, 1},
        {"\x80", 1, 0},
        {"\xC2\xA0", 2, 2},
        {"\xC2", 1, 0},
        {"\xC2x", 2, 0},
        {"\xC1\xBF", 2, 0},
        {"\xC0\x80", 2, 0},
        {"\xE0\xA0\x80", 3, 3},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xED\x9F\xBF", 3, 3},
        {"\xED\xA0\x80", 3, 0},
        {"\xEE\x80\x80", 3, 3},
        {"\xEF\xBF\xBF", 3, 3},
        {"\xE2\x82", 2, 0},
        {"\xF0\x90\x80\x80", 4, 4},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF4\x8F\xBF\xBF", 4, 4},
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xFF", 1, 0},
        {"\xF0\x90\x80", 3, 0},
        {"\xE2\x82\xAC\xE2", 4, 3},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++)
        if (fv_text_utf8(cases[i].text, cases[i].length) != cases[i].step)
            fail_msg("case %zu gave %zu", i, fv_text_utf8(cases[i].text, cases[i].length));
}

static void quotes_are_safe_to_show(void **state)
{
    char buf[FV_QUOTE], text[400] = "", want[400];

    (void)state;
    assert_string_equal(fv_text_quote(buf, "conv1.weight", 12), "conv1.weight");
    assert_string_equal(fv_text_quote(buf, "a\x1B[31m\n\x7F\xFF\xC2\x9B\xE2\x82\xAC", 14), "a?[31m????\xE2\x82\xAC");
    assert_string_equal(fv_text_quote(buf, "", 0), "");
    memset(text, 'n', FV_QUOTE - 1);
    assert_string_equal(fv_text_quote(buf, text, strlen(text)), text);
    strcat(text, "n");
    memset(want, 'n', FV_QUOTE - 4);
    strcpy(want + FV_QUOTE - 4, "...");
    assert_string_equal(fv_text_quote(buf, text, strlen(text)), want);
    for (size_t i = 0; i < 100; i++)
        memcpy(text + 3 * i, "\xE2\x82\xAC", 4); /* 92 bytes before the dots hold 30 whole characters */
    memcpy(want, text, 90);
    strcpy(want + 90, "...");
    assert_string_equal(fv_text_quote(buf, text, strlen(text)), want);
}

static void json_strings(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"", "\"\""},
        {"conv", "\"conv\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01x\x1F\x7F", "\"\\u0001x\\u001f\\u007f\""},
        {"\xE2\x82\xAC", "\"\xE2\x82\xAC\""},
        {"x\xFFy\xC2", "\"x\xEF\xBF\xBDy\xEF\xBF\xBD\""},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_text text;

        fv_text_init(&text, NULL);
        fv_json_string(&text, cases[i].text);
        assert_string_equal(text.data, cases[i].json);
        fv_text_free(&text);
    }
}

/* RFC 4648, section 10. */
static void base64(void **state)
{
    static const char *const cases[][2] = {{"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
                                           {"\xFB\xFF", "+/8="}};

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_text text;

        fv_text_init(&text, NULL);
        fv_text_base64(&text, (const uint8_t *)cases[i][0], strlen(cases[i][0]));
        assert_string_equal(text.data, cases[i][1]);
        fv_text_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_or_remembers_failure),
        cmocka_unit_test(distances),
        cmocka_unit_test(nearest_word),
        cmocka_unit_test(real_numbers),
        cmocka_unit_test(numbers_ignore_the_locale),
        cmocka_unit_test(integers),
        cmocka_unit_test(utf8),
        cmocka_unit_test(quotes_are_safe_to_show),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
