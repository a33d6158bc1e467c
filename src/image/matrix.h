/* Convolution matrices, by name or as numbers, and the steps that a picture goes through. */
#ifndef FV_IMAGE_MATRIX_H
#define FV_IMAGE_MATRIX_H
#include "fovea/fovea.h"

enum { FV_MATRIX_SIDE_MAX = 99 };

/* sum over r, s of weights[r][s] x[y + r - rows / 2][x + s - columns / 2], over divisor: kernels are not flipped. */
typedef struct fv_matrix {
    size_t rows, columns; /* odd, at most FV_MATRIX_SIDE_MAX */
    double divisor;
    double *weights; /* [rows, columns] */
} fv_matrix;

typedef enum fv_step_kind {
    FV_STEP_MATRIX,    /* the first matrix */
    FV_STEP_MAGNITUDE, /* sqrt(a^2 + b^2) of both matrices' sums */
    FV_STEP_GREY       /* luma, no matrix over pixels */
} fv_step_kind;

typedef struct fv_step {
    fv_step_kind kind;
    fv_matrix matrices[2];
    char name[40]; /* for messages: the name, or "3x3 kernel" */
} fv_step;

/* Read "blur", or rows of numbers between semicolons: "0 -1 0; -1 5 -1; 0 -1 0". FV_E_UNKNOWN if nothing has that name,
 * FV_E_SHAPE if rows differ in length or a side is even, FV_E_RANGE, FV_E_SYNTAX. fv_step_free it. */
fv_status fv_step_read(const fv_host *host, const char *text, fv_step *out, fv_error *err);
void fv_step_free(const fv_host *host, fv_step *step);

#endif
