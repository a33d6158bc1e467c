/* Folders and lists of pictures: what is found, what is left out and why, which look alike, and how they are cut into
 * splits. Whole runs with them are cases of the command (cli/photos-*). */
#include "support.h"

#include "base/memory.h"
#include "base/text.h"
#include "data/check.h"
#include "image/image.h"

/* ---------------------------------------------------------------------------------------------------- lists */

/* "path|class|split" of each picture, below the list's folder. */
static void describe(const fv_pictures *p, fv_text *out)
{
    fv_text_init(out, NULL);
    fv_text_print(out, "%s", "");
    for (size_t i = 0; i < p->count; i++)
        fv_text_print(out, "%s%s|%s|%d", i ? " " : "", p->items[i].name,
                      p->items[i].class_name ? p->items[i].class_name : "-", p->items[i].split);
}

static fv_status read_list(const fv_host *host, const char *text, size_t size, const char *folder, fv_text *out,
                           fv_error *err)
{
    char *copy = malloc(size + 1); /* a block of its own: reading past it is seen by ASan */
    char path[PATH_MAX];
    fv_pictures p;
    fv_status status;

    assert_non_null(copy);
    memcpy(copy, text, size);
    copy[size] = 0;
    snprintf(path, sizeof path, "%s/list", folder);
    fv_pictures_init(&p, host);
    status = fv_pictures_list_text(&p, path, copy, size, err);
    if (!status && out)
        describe(&p, out);
    fv_pictures_free(&p);
    free(copy);
    return status;
}

static void lists_are_understood(void **state)
{
    static const struct {
        const char *text, *found;
    } cases[] = {
        {"a.jpg x\nb c.jpg y\n", "a.jpg|x|-1 b c.jpg|y|-1"},
        {"a b.jpg\tx y\r\n\r\nc.jpg\tz", "a b.jpg|x y|-1 c.jpg|z|-1"},
        {"/d/a.png x  \n", "/d/a.png|x|-1"},
        {"a.jpg\nb c.JPEG\n", "a.jpg|-|-1 b c.JPEG|-|-1"},
        {"path,class\na.jpg,x\n", "a.jpg|x|-1"},
        {"\xEF\xBB\xBFLabel,File\r\nx,a.jpg\r\n\r\n\"y,\"\"z\",\"b\nc.jpg\"\r\n", "a.jpg|x|-1 b\nc.jpg|y,\"z|-1"},
        {"image,set,class_name,more\na,TRAIN,x\nb,valid,x,1,2,3\nc,test,y\nd,val,y", "a|x|0 b|x|1 c|y|2 d|y|1"},
        {"path,class,split\n", ""},
        {"", ""},
        {"\n\r\n \n", ""},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        fv_error err = {0};
        fv_text found;

        test_ok(read_list(NULL, cases[i].text, strlen(cases[i].text), "none", &found, &err), &err);
        assert_string_equal(found.data, cases[i].found);
        fv_text_free(&found);
    }
}

static void bad_lists_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
        size_t size;
    } cases[] = {
        {"a.jpg x\nnonsense\n", "none/list:2: wanted a path and a class", 0},
        {"a.jpg x\n x\n", "list:2: wanted", 0},
        {"path,class\na.jpg,x\nb.jpg\n", "list:3: a path and a class are wanted", 0},
        {"path,class\n\"a\nb.jpg\",x\n,y\n", "list:4: a path and a class", 0},
        {"path,class,split\na.jpg,x,tset\n", "list:2: split is none of train, val, test", 0},
        {"a.jpg x\0\n", "is not text", 9},
        {"\x89PNG\r\n\x1A\n", "wanted", 0},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const size_t size = cases[i].size ? cases[i].size : strlen(cases[i].text);
        fv_error err = {0};

        test_failed(read_list(NULL, cases[i].text, size, "none", NULL, &err), FV_E_FORMAT, &err, cases[i].message);
    }
}

/* A file of labels beside the list: names for numbers (Caffe), or what occurs in the path (darknet); lines may end as
 * they like. */
static void labels_beside_a_list_are_used(void **state)
{
    static const struct {
        const char *labels, *list, *found;
    } cases[] = {
        {"cat\ndog\n", "a.jpg 1\nb.jpg 0\nc.jpg 2\nd.jpg -1\n", "a.jpg|dog|-1 b.jpg|cat|-1 c.jpg|2|-1 d.jpg|-1|-1"},
        {"cat\ncatfish", "x/catfish/1.jpg\nx/cat/2.jpg\nx/3.jpg\n",
         "x/catfish/1.jpg|catfish|-1 x/cat/2.jpg|cat|-1 x/3.jpg|-|-1"},
        {"a\rb\rc\rd\re\rf\rg\rh\ri\rj\rk\rl\rm\rn\ro\rp\rq", "x.jpg 16\n", "x.jpg|q|-1"},
        {"", "x.jpg 0\n", "x.jpg|0|-1"},
    };

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const char *folder = test_path(test_numbered_folder());
        char path[PATH_MAX];
        fv_error err = {0};
        fv_text found;

        snprintf(path, sizeof path, "%s/labels.txt", folder);
        test_write_file(path, cases[i].labels, strlen(cases[i].labels));
        test_ok(read_list(NULL, cases[i].list, strlen(cases[i].list), folder, &found, &err), &err);
        assert_string_equal(found.data, cases[i].found);
        fv_text_free(&found);
    }
}

/* ---------------------------------------------------------------------------------------------------- folders */

static void make(const char *root, const char *name, const void *data, size_t size)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *c = path + strlen(root) + 1; (c = strchr(c, '/')); *c++ = '/') {
        *c = 0;
        (void)mkdir(path, 0755);
    }
    test_write_file(path, data, size);
}

/* A PGM of 24x24 pixels: coarse noise, so that no two seeds look alike. `shift` brightens it a little. */
static void make_picture(const char *root, const char *name, unsigned seed, unsigned shift)
{
    enum { SIDE = 24 };
    uint8_t file[16 + SIDE * SIDE] = "P5 24 24 255\n";
    const size_t head = strlen((char *)file);

    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            unsigned h = (unsigned)(y / 3 * 8 + x / 3) * 2654435761U ^ seed * 2246822519U;

            h = (h ^ h >> 15) * 2246822519U;
            file[head + y * SIDE + x] = (uint8_t)((h ^ h >> 13) % 200 + shift);
        }
    make(root, name, file, head + SIDE * SIDE);
}

static void folders_are_walked(void **state)
{
    const char *root = test_path(test_numbered_folder());
    char link[PATH_MAX];
    fv_pictures p;
    fv_error err = {0};
    fv_text found;

    (void)state;
    make(root, "b c/1.JPG", "", 0);
    make(root, "b c/deep/er/2.webp", "", 0);
    make(root, "b c/notes.txt", "", 0);
    make(root, "b c/.hidden.jpg", "", 0);
    make(root, "\xC3\xA4/3.png", "", 0);
    make(root, ".ipynb_checkpoints/4.png", "", 0);
    make(root, "bad\xFFname/5.png", "", 0);
    make(root, "none/readme", "", 0);
    make(root, "loose.png", "", 0);
    snprintf(link, sizeof link, "%s/b c/up", root);
    assert_int_equal(symlink("..", link), 0);
    snprintf(link, sizeof link, "%s/b c/zz gone.png", root);
    assert_int_equal(symlink("nowhere", link), 0);
    snprintf(link, sizeof link, "%s/linked", root);
    assert_int_equal(symlink("b c", link), 0);
    fv_pictures_init(&p, NULL);
    test_ok(fv_pictures_scan(&p, root, false, &err), &err);
    describe(&p, &found);
    assert_string_equal(found.data, "b c/1.JPG|b c|-1 b c/deep/er/2.webp|b c|-1 linked/1.JPG|linked|-1 "
                                    "linked/deep/er/2.webp|linked|-1 \xC3\xA4/3.png|\xC3\xA4|-1");
    assert_int_equal(p.bad_count, 6);
    for (size_t i = 0; i < p.bad_count; i++) {
        static const struct {
            const char *end, *reason;
            fv_bad kind;
        } bad[] = {
            {"bad\xFFname", "must be UTF-8", FV_BAD_UNREADABLE},    {"b c/up", "in a circle", FV_BAD_UNREADABLE},
            {"b c/zz gone.png", "No such file", FV_BAD_UNREADABLE}, {"linked/up", "in a circle", FV_BAD_UNREADABLE},
            {"linked/zz gone.png", "No such", FV_BAD_UNREADABLE},   {"none", "no picture in", FV_BAD_EMPTY_CLASS},
        };
        size_t k = 0;

        while (k < FV_COUNT(bad) && strcmp(p.bad[i].path + strlen(root) + 1, bad[k].end) != 0)
            k++;
        if (k == FV_COUNT(bad) || !strstr(p.bad[i].reason, bad[k].reason) || p.bad[i].kind != bad[k].kind)
            fail_msg("unexpected: %s: %s (%d)", p.bad[i].path, p.bad[i].reason, (int)p.bad[i].kind);
    }
    fv_text_free(&found);
    fv_pictures_free(&p);
}

/* A folder too deep, and one that is none. */
static void depth_is_limited(void **state)
{
    const char *root = test_path(test_numbered_folder());
    char name[PATH_MAX] = "a";
    fv_pictures p;
    fv_error err = {0};

    (void)state;
    for (size_t i = 0; i < 70; i++)
        strcat(name, "/d");
    strcat(name, "/1.png");
    make(root, name, "", 0);
    fv_pictures_init(&p, NULL);
    test_ok(fv_pictures_scan(&p, root, false, &err), &err);
    assert_int_equal(p.count, 0);
    assert_int_equal(p.bad_count, 1);
    assert_non_null(strstr(p.bad[0].reason, "folders deep"));
    test_failed(fv_pictures_open(&p, test_path("nowhere"), &err), FV_E_IO, &err, "cannot be opened");
    fv_pictures_free(&p);
}

/* ------------------------------------------------------------------------------------------- alike, splits, check */

static void fill(const char *root)
{
    for (unsigned c = 0; c < 2; c++)
        for (unsigned i = 0; i < 10; i++) {
            char name[32];

            snprintf(name, sizeof name, "%c/%u.pgm", 'a' + (int)c, i);
            make_picture(root, name, 100 * c + i, 0);
        }
    make_picture(root, "a/again.pgm", 3, 0);
    make_picture(root, "a/brighter.pgm", 4, 9);
    make_picture(root, "b/moved.pgm", 5, 0);
}

/* Which pictures look alike, and that they end on one side whatever the seed. */
static void look_alikes_stay_together(void **state)
{
    const char *root = test_path(test_numbered_folder());
    bool held[2] = {false};

    (void)state;
    fill(root);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        fv_pictures p;
        fv_error err = {0};
        uint32_t group[32];
        size_t twins = 0, counts[3] = {0};

        fv_pictures_init(&p, NULL);
        test_ok(fv_pictures_scan(&p, root, false, &err), &err);
        test_ok(fv_pictures_probe(&p, 1, true, &err), &err);
        test_ok(fv_pictures_label(&p, NULL, 0, "test", &err), &err);
        assert_int_equal(p.count, 23);
        test_ok(fv_pictures_alike(&p, group, &err), &err);
        test_ok(fv_pictures_portion(&p, .2, .2, seed, &err), &err);
        for (size_t i = 0; i < p.count; i++) {
            twins += group[i] != i;
            counts[p.items[i].split]++;
            if (p.items[i].split != p.items[group[i]].split)
                fail_msg("seed %d: %s and %s are alike and lie in two splits", (int)seed, p.items[i].name,
                         p.items[group[i]].name);
            held[0] |= group[i] != i && p.items[i].split == FV_VAL;
            held[1] |= group[i] != i && p.items[i].split == FV_TEST;
        }
        assert_int_equal(twins, 3);
        assert_in_range(counts[FV_VAL], 3, 6);
        assert_in_range(counts[FV_TEST], 3, 6);
        fv_pictures_free(&p);
    }
    assert_true(held[0] && held[1]); /* else they all had trained, and nothing was seen */
}

static fv_status check_body(const fv_host *host, void *root, fv_error *err)
{
    const fv_check_options options = {.threads = 1, .least = 16};
    fv_check check;
    fv_status status = fv_check_run(host, root, &options, &check, err);

    if (status)
        return status;
    assert_int_equal(check.count, 3);
    assert_int_equal(check.counts[FV_FINDING_EXACT_DUPLICATES], 1);
    assert_int_equal(check.counts[FV_FINDING_NEAR_DUPLICATES], 1);
    assert_int_equal(check.counts[FV_FINDING_CONFLICT], 1);
    assert_int_equal(fv_check_errors(&check), 1);
    assert_true(fv_check_imbalance(&check) > 1.09 && fv_check_imbalance(&check) < 1.1); /* 12 and 11 */
    fv_check_free(&check);
    return FV_OK;
}

static fv_status list_body(const fv_host *host, void *text, fv_error *err)
{
    return read_list(host, text, strlen(text), "none", NULL, err);
}

static void lack_of_memory_is_reported(void **state)
{
    const char *root = test_path(test_numbered_folder());

    (void)state;
    fill(root);
    assert_true(test_every_failure(check_body, (void *)(uintptr_t)root) > 8);
    assert_true(test_every_failure(list_body, "path,class\na.jpg,x\nb.jpg,y\n") >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_understood),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(labels_beside_a_list_are_used),
        cmocka_unit_test(folders_are_walked),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(look_alikes_stay_together),
        cmocka_unit_test(lack_of_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
