/* Vectors with labels: .npy (two dimensions, floats or doubles) and comma-separated text.
 *
 * Text may begin with a line of names: one in which something is no number. The column called `label` (given, or else
 * "class" or "label") holds labels, the one called "name" or "path" the rows' names; all others are numbers. */
#ifndef FV_DATA_VECTORS_H
#define FV_DATA_VECTORS_H
#include "base/memory.h"

typedef struct fv_vectors {
    float *floats; /* [count, dims]; one of the two */
    double *doubles;
    size_t count, dims;
    const char **labels, **names; /* [count] or NULL */
    fv_arena arena;
} fv_vectors;

/* Errors: FV_E_FORMAT with file, line and column; what is not finite is one. label NULL = "class" or "label" if there is
 * such a column; another that is missing is an error. */
fv_status fv_vectors_open(const fv_host *host, const char *path, const char *label, fv_vectors *out, fv_error *err);
void fv_vectors_free(fv_vectors *vectors);

/* One text for each of `count` rows: .npy of whole numbers, or a text file of a line each (of several columns, the one
 * called `column`). FV_E_SHAPE if there are more or fewer. In memory of the arena. */
fv_status fv_vectors_texts(fv_arena *arena, const char *path, const char *column, size_t count, const char ***out,
                           fv_error *err);

/* ---- comma-separated text, read whole; fields as RFC 4180 says */
typedef struct fv_table {
    size_t rows, columns;
    char **field; /* [rows, columns], without quotes; row 0 may be names */
} fv_table;

fv_status fv_table_open(fv_arena *arena, const char *path, fv_table *out, fv_error *err);
static inline const char *fv_table_at(const fv_table *table, size_t row, size_t column)
{
    return table->field[row * table->columns + column];
}
/* The column that row 0 calls `name`, or columns. */
size_t fv_table_column(const fv_table *table, const char *name);

#endif
