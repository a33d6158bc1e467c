/* .npy files: what NumPy writes is read, what we write NumPy would read back, and damaged files are refused. */
#include "support.h"

#include "base/error.h"
#include "base/file.h"
#include "base/npy.h"

#include <stdio.h>

/* The bytes that numpy 1.24's numpy.save writes for numpy.arange(6, dtype="<f4").reshape(2, 3). */
static const char header_numpy[] = "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
                                   "                                                          \n";

static void write_bytes(const char *path, const char *header, size_t header_size, const void *data, size_t size)
{
    assert_int_equal(fv_file_replace(path, (fv_piece[]){{header, header_size}, {data, size}}, 2, NULL), FV_OK);
}

static void reads_numpy(void **state)
{
    const char *path = test_path("a.npy");
    const float values[6] = {0, 1, 2, 3, 4, 5};
    float floats[3];
    double doubles[6];
    fv_npy array;
    fv_error err = {0};

    (void)state;
    assert_int_equal(sizeof header_numpy - 1, 128);
    write_bytes(path, header_numpy, 128, values, sizeof values);
    assert_int_equal(fv_npy_open(path, &array, &err), FV_OK);
    assert_int_equal(array.type, FV_NPY_F32);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.dim[0], 2);
    assert_int_equal(array.dim[1], 3);
    assert_int_equal(array.count, 6);
    fv_npy_floats(&array, 2, 3, floats);
    fv_npy_doubles(&array, 0, 6, doubles);
    assert_true(floats[0] == 2 && floats[2] == 4 && doubles[5] == 5);
    fv_npy_close(&array);
}

/* What we write for the same array is byte for byte what NumPy writes. */
static void writes_as_numpy(void **state)
{
    const char *path = test_path("b.npy");
    const float values[6] = {0, 1, 2, 3, 4, 5};
    const size_t dim[2] = {2, 3};
    const uint8_t *bytes;
    size_t size;

    (void)state;
    assert_int_equal(fv_npy_write(path, FV_NPY_F32, 2, dim, values, NULL), FV_OK);
    assert_int_equal(fv_file_map(path, &bytes, &size, NULL), FV_OK);
    assert_int_equal(size, 128 + sizeof values);
    assert_memory_equal(bytes, header_numpy, 128);
    assert_memory_equal(bytes + 128, values, sizeof values);
    fv_file_unmap(bytes, size);
}

static void round_trip(void **state)
{
    const char *path = test_path("c.npy");
    const int64_t values[3] = {-1, 1LL << 40, 7};
    const size_t dim[1] = {3};
    double back[3];
    fv_npy array;

    (void)state;
    assert_int_equal(fv_npy_write(path, FV_NPY_I64, 1, dim, values, NULL), FV_OK);
    assert_int_equal(fv_npy_open(path, &array, NULL), FV_OK);
    assert_int_equal(array.rank, 1);
    fv_npy_doubles(&array, 0, 3, back);
    assert_true(back[0] == -1 && back[1] == 1099511627776.0 && back[2] == 7);
    fv_npy_close(&array);
}

static void refuses(void **state)
{
    const char *path = test_path("d.npy");
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "elements are of type '>f4'"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "Fortran order"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "2 elements of 4 bytes do not fill the 4 bytes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "not a dictionary"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "more elements than"},
        {"{'descr': '<f4', 'shape': (1,), }", "not a dictionary"},
        {"{'descr': '<f4", "not a dictionary"},
    };
    const float value = 1;

    (void)state;
    for (size_t i = 0; i < FV_COUNT(cases); i++) {
        const size_t length = strlen(cases[i].text);
        char header[256] = "\x93NUMPY\x01";
        fv_npy array;
        fv_error err = {0};

        header[8] = (char)length;
        memcpy(header + 10, cases[i].text, length);
        write_bytes(path, header, 10 + length, &value, sizeof value);
        assert_int_equal(fv_npy_open(path, &array, &err), FV_E_FORMAT);
        assert_non_null(strstr(err.message, cases[i].message));
    }
    write_bytes(path, header_numpy, 40, NULL, 0);
    assert_int_equal(fv_npy_open(path, &(fv_npy){0}, &(fv_error){0}), FV_E_FORMAT);
    write_bytes(path, "not numpy", 9, NULL, 0);
    assert_int_equal(fv_npy_open(path, &(fv_npy){0}, &(fv_error){0}), FV_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numpy),
        cmocka_unit_test(writes_as_numpy),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
