/* base: failures, memory, arenas and cursors; and shapes. */
#include "support.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/shape.h"

/* ------------------------------------------------------------------------------------------------------- failures */

static void version_is_that_of_the_header(void **state)
{
    char want[32];

    (void)state;
    snprintf(want, sizeof want, "%d.%d.%d", FV_VERSION_MAJOR, FV_VERSION_MINOR, FV_VERSION_PATCH);
    assert_string_equal(fv_version(), want);
}

static void every_status_has_its_text(void **state)
{
    (void)state;
#define CHECK(name, number, text)                                                                                      \
    assert_int_equal(name, number);                                                                                    \
    assert_string_equal(fv_status_text(name), text);
    FV_STATUS_MAP(CHECK)
#undef CHECK
    assert_string_equal(fv_status_text((fv_status)999), "unknown status");
}

static void fail_fills_code_and_message(void **state)
{
    fv_error err = {0};

    (void)state;
    assert_int_equal(fv_fail(&err, FV_E_SHAPE, "%s: %d of %zu", "conv1", 3, (size_t)5), FV_E_SHAPE);
    assert_int_equal(err.code, FV_E_SHAPE);
    assert_string_equal(err.message, "conv1: 3 of 5");
    assert_int_equal(fv_fail_at(&err, FV_E_FORMAT, "net.txt:%d", 7), FV_E_FORMAT);
    assert_int_equal(err.code, FV_E_FORMAT);
    assert_string_equal(err.message, "net.txt:7: conv1: 3 of 5");
    assert_int_equal(fv_fail(&err, FV_E_IO, "again: %s", err.message), FV_E_IO);
    assert_string_equal(err.message, "again: net.txt:7: conv1: 3 of 5");
    assert_int_equal(fv_fail_memory(&err, 4096, "a plan"), FV_E_MEMORY);
    assert_string_equal(err.message, "out of memory: a plan needs 4096 bytes");
    assert_int_equal(fv_fail_errno(&err, 2, "%s: cannot open", "x.net"), FV_E_IO);
    assert_string_equal(err.message, "x.net: cannot open: No such file or directory");
}

static void fail_without_error_returns_the_code(void **state)
{
    (void)state;
    assert_int_equal(fv_fail(NULL, FV_E_NAN, "%d", 1), FV_E_NAN);
    assert_int_equal(fv_fail_at(NULL, FV_E_NAN, "%d", 1), FV_E_NAN);
    assert_int_equal(fv_fail_errno(NULL, 2, "%d", 1), FV_E_IO);
    assert_int_equal(fv_fail_memory(NULL, 1, "x"), FV_E_MEMORY);
}

/* Cut messages end in "..." behind a whole character, and a place never pushes the reason out. */
static void long_messages_are_cut(void **state)
{
    char text[2000];
    fv_error err = {0};

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) { /* euro signs, three bytes, so that the cut meets each of them */
        size_t n = strlen(strcpy(text, &"ab"[2 - shift]));

        while (n < 900)
            n += strlen(strcpy(text + n, "\xE2\x82\xAC"));
        fv_fail(&err, FV_E_IO, "%s", text);
        n = strlen(err.message);
        assert_true(n < sizeof err.message && n >= sizeof err.message - 4);
        assert_string_equal(err.message + n - 3, "...");
        for (size_t i = 0, step; i < n; i += step)
            assert_true((step = fv_text_utf8(err.message + i, n - i)) > 0);
    }
    memset(text, 'p', 1000);
    text[1000] = '\0';
    fv_fail_errno(&err, 2, "%s: cannot open", text);
    test_message(&err, "...: No such file or directory");
    fv_fail(&err, FV_E_IO, "short reason");
    fv_fail_at(&err, FV_E_IO, "%s", text);
    test_message(&err, "...: short reason");
    fv_fail(&err, FV_E_IO, "%s", text);
    fv_fail_at(&err, FV_E_IO, "%s", text);
    assert_true(strlen(err.message) >= sizeof err.message - 8 && strlen(err.message) < sizeof err.message);
}

/* --------------------------------------------------------------------------------------------------------- memory */

static void sizes_are_checked(void **state)
{
    static const struct {
        size_t a, b;
        bool mul, add;
    } cases[] = {
        {0, SIZE_MAX, true, true},          {1, SIZE_MAX, true, false},         {2, SIZE_MAX / 2, true, true},
        {2, SIZE_MAX / 2 + 1, false, true}, {SIZE_MAX, SIZE_MAX, false, false}, {7, 6, true, true},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        size_t out = 0;

        assert_int_equal(fv_mul(cases[i].a, cases[i].b, &out), cases[i].mul);
        assert_true(!cases[i].mul || out == cases[i].a * cases[i].b);
        assert_int_equal(fv_add(cases[i].a, cases[i].b, &out), cases[i].add);
        assert_true(!cases[i].add || out == cases[i].a + cases[i].b);
    }
}

static bool is_zero(const void *block, size_t bytes)
{
    const unsigned char *p = block;

    for (size_t i = 0; i < bytes; i++)
        if (p[i])
            return false;
    return true;
}

/* With the default host, and with one whose blocks come filled with a pattern. */
static void blocks_are_zeroed_and_aligned(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 100003};
    test_host h;

    (void)state;
    test_host_init(&h);
    for (int own = 0; own < 2; own++)
        for (size_t i = 0; i < FV_COUNT(sizes); i++) {
            const fv_host *host = own ? &h.host : NULL;
            void *block = fv_alloc(host, sizes[i], 1);

            assert_non_null(block);
            assert_int_equal((uintptr_t)block % FV_ALIGN, 0);
            assert_true(is_zero(block, sizes[i]));
            fv_release(host, block);
        }
    assert_int_equal(h.live, 0);
    assert_int_equal(h.total, FV_COUNT(sizes));
    assert_null(fv_alloc(&h.host, SIZE_MAX, 2));
    assert_null(fv_alloc(NULL, SIZE_MAX, 1));
    assert_null(fv_alloc(NULL, SIZE_MAX / 2, 1));
    fv_release(&h.host, NULL);
    assert_int_equal(h.total, FV_COUNT(sizes));
}

/* A caller built against another version of the header has a shorter or longer fv_host. */
static void hosts_of_other_sizes(void **state)
{
    test_host h;
    fv_host copy;

    (void)state;
    test_host_init(&h);
    h.host.size = offsetof(fv_host, log);
    copy = fv_host_or_default(&h.host);
    assert_true(copy.alloc == test_alloc && copy.release == test_release);
    assert_true(copy.log == NULL && copy.user == NULL);
    assert_int_equal(copy.size, sizeof copy);
    h.host.size = offsetof(fv_host, release); /* alloc alone: blocks could not go back, so neither is used */
    copy = fv_host_or_default(&h.host);
    assert_true(copy.alloc != test_alloc && copy.release && !copy.log);
    h.host.size = sizeof h.host + 64;
    copy = fv_host_or_default(&h.host);
    assert_true(copy.alloc == test_alloc && copy.user == &h && copy.log == test_log);
    copy = fv_host_or_default(NULL);
    assert_true(copy.alloc && copy.release && !copy.log);
}

static void grow_keeps_or_fails(void **state)
{
    test_host h;
    uint32_t *block, *grown;

    (void)state;
    test_host_init(&h);
    block = fv_grow(&h.host, NULL, 0, 3, sizeof *block);
    assert_non_null(block);
    for (uint32_t i = 0; i < 3; i++)
        block[i] = i + 1;
    grown = fv_grow(&h.host, block, 3, 1000, sizeof *block);
    assert_non_null(grown);
    assert_int_equal(h.live, 1);
    assert_true(grown[0] == 1 && grown[1] == 2 && grown[2] == 3 && is_zero(grown + 3, 997 * sizeof *grown));
    h.fail_at = h.total + 1;
    assert_null(fv_grow(&h.host, grown, 1000, 2000, sizeof *grown));
    assert_int_equal(grown[2], 3);
    assert_null(fv_grow(&h.host, grown, 1000, SIZE_MAX / 2, sizeof *grown));
    fv_release(&h.host, grown);
    assert_int_equal(h.live, 0);
}

static void copies_of_strings(void **state)
{
    test_host h;
    char *a, *b;

    (void)state;
    test_host_init(&h);
    a = fv_strdup(&h.host, "fovea");
    b = fv_strndup(&h.host, "fovea", 2);
    assert_string_equal(a, "fovea");
    assert_string_equal(b, "fo");
    assert_null(fv_strndup(&h.host, "fovea", SIZE_MAX));
    fv_release(&h.host, a);
    fv_release(&h.host, b);
    assert_int_equal(h.live, 0);
}

/* ---------------------------------------------------------------------------------------------------------- arena */

static void arena_blocks_do_not_overlap(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4064, 4080, 5000, 3 << 20, 1, 100};
    unsigned char *blocks[FV_COUNT(sizes) * 3];
    test_host h;
    fv_arena arena;

    (void)state;
    test_host_init(&h);
    fv_arena_init(&arena, &h.host);
    for (size_t i = 0; i < FV_COUNT(blocks); i++) {
        const size_t n = sizes[i % FV_COUNT(sizes)];

        blocks[i] = fv_arena_alloc(&arena, n, 1);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        assert_true(is_zero(blocks[i], n));
        memset(blocks[i], (int)i + 1, n);
    }
    for (size_t i = 0; i < FV_COUNT(blocks); i++)
        for (size_t j = 0; j < sizes[i % FV_COUNT(sizes)]; j++)
            if (blocks[i][j] != i + 1)
                fail_msg("byte %zu of block %zu was overwritten", j, i);
    assert_null(fv_arena_alloc(&arena, SIZE_MAX, 2));
    assert_null(fv_arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(fv_arena_alloc(&arena, SIZE_MAX - 32, 1));
    fv_arena_free(&arena);
    assert_int_equal(h.live, 0);
    assert_string_equal(fv_arena_print(&arena, "%s %d", "again", 1), "again 1");
    fv_arena_free(&arena);
    fv_arena_free(&arena);
    assert_int_equal(h.live, 0);
}

static void arena_takes_few_chunks(void **state)
{
    test_host h;
    fv_arena arena;

    (void)state;
    test_host_init(&h);
    fv_arena_init(&arena, &h.host);
    for (size_t i = 0; i < 100000; i++)
        assert_non_null(fv_arena_alloc(&arena, 1, 40)); /* 4.8 MB: 4, 8 .. 1024 KiB, then one a MiB */
    assert_in_range(h.total, 9, 14);
    fv_arena_free(&arena);
    assert_int_equal(h.live, 0);
}

static fv_status use_arena(const fv_host *host, void *arg, fv_error *err)
{
    fv_arena arena;
    bool good;

    (void)arg;
    fv_arena_init(&arena, host);
    good = fv_arena_alloc(&arena, 10, 400) && fv_arena_strndup(&arena, "text", 4) &&
           fv_arena_print(&arena, "%9000d", 1) && fv_arena_alloc(&arena, 1, 1 << 20);
    fv_arena_free(&arena);
    return good ? FV_OK : fv_fail_memory(err, 1, "an arena");
}

static void arena_survives_every_failure(void **state)
{
    (void)state;
    assert_int_equal(test_every_failure(use_arena, NULL), 3);
}

/* --------------------------------------------------------------------------------------------------------- cursor */

static void cursor_stops_at_the_end(void **state)
{
    static const uint8_t bytes[13] = {1, 2, 3, 4, 0x88, 7, 6, 5, 4, 3, 2, 0x81, 9};
    fv_cursor c = {.data = bytes, .size = sizeof bytes};

    (void)state;
    assert_int_equal(fv_cursor_be32(&c), 0x01020304);
    assert_true(fv_cursor_le64(&c) == 0x8102030405060788);
    assert_int_equal(fv_cursor_left(&c), 1);
    assert_false(c.failed);
    assert_int_equal(fv_cursor_be32(&c), 0);
    assert_true(c.failed);
    assert_null(fv_cursor_take(&c, 1)); /* a cursor that failed stays so */
    assert_int_equal(c.at, 12);
    c = (fv_cursor){.data = bytes, .size = sizeof bytes, .at = 13};
    assert_null(fv_cursor_take(&c, SIZE_MAX));
    assert_true(fv_cursor_le64(&c) == 0);
}

/* ---------------------------------------------------------------------------------------------------------- shape */

static void shapes(void **state)
{
    static const struct {
        fv_shape shape;
        const char *text;
        bool valid;
    } cases[] = {
        {{4, {8, 56, 56, 64}}, "8x56x56x64", true},
        {{1, {10}}, "10", true},
        {{0, {0}}, "scalar", true},
        {{2, {3, 0}}, "3x0", false},
        {{2, {SIZE_MAX / 8, 1}}, NULL, true},
        {{2, {SIZE_MAX / 8, 2}}, NULL, false},
        {{2, {SIZE_MAX / 8 + 1, 1}}, NULL, false},
        {{4, {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}}, NULL, false},
        {{5, {1, 1, 1, 1}}, NULL, false},
        {{-1, {1, 1, 1, 1}}, "scalar", false},
    };
    char buf[96];

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const char *text = fv_shape_text(&cases[i].shape, buf);

        assert_ptr_equal(text, buf);
        assert_true(strlen(text) < sizeof buf);
        if (cases[i].text)
            assert_string_equal(text, cases[i].text);
        assert_int_equal(fv_shape_valid(&cases[i].shape), cases[i].valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_that_of_the_header),
        cmocka_unit_test(every_status_has_its_text),
        cmocka_unit_test(fail_fills_code_and_message),
        cmocka_unit_test(fail_without_error_returns_the_code),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(blocks_are_zeroed_and_aligned),
        cmocka_unit_test(hosts_of_other_sizes),
        cmocka_unit_test(grow_keeps_or_fails),
        cmocka_unit_test(copies_of_strings),
        cmocka_unit_test(arena_blocks_do_not_overlap),
        cmocka_unit_test(arena_takes_few_chunks),
        cmocka_unit_test(arena_survives_every_failure),
        cmocka_unit_test(cursor_stops_at_the_end),
        cmocka_unit_test(shapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
