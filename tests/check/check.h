/* The check harness of the kernels. A family of cases fills jobs: an argument block, what its pointers point to, and how
 * far results may be from the plain kernels (plain.h). The harness makes the buffers (each ends at a guard page), runs
 * the plain kernel in double and every set of kernels, compares, and cuts the work in other ways, which must give the
 * same bits. */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/args.h"
#include "kernels/kernels.h"
#include "kernels/work.h"

enum { JOB_BUFFERS = 10, JOB_POINTERS = 12, JOB_ARGS_BYTES = 512 };

typedef enum job_kind {
    JOB_IN,        /* reals, random in [low, high), read only */
    JOB_OUT,       /* reals, patterned; what the plain kernel leaves alone must be left alone */
    JOB_INOUT,     /* reals, random, read and written */
    JOB_TEMP,      /* reals, NaN, written and read; not a result */
    JOB_PACKED,    /* a matrix [rows, ld] that the set's own `pack` brings into panels */
    JOB_ROUNDED,   /* rows that the set's own `half_round` brings into words of two bf16 */
    JOB_FILTERS,   /* filters [kernel,kernel,c,o] that the set's own `winograd_filters` transforms */
    JOB_TILES,     /* a picture that the set's own `winograd_input` transforms */
    JOB_WORDS_OUT, /* words of two bf16; of the plain kernels two reals each */
    JOB_BYTES,     /* bytes, random below `high`, read only */
    JOB_BYTES_OUT,
    JOB_LABELS,  /* int32_t, random below `high` */
    JOB_DOUBLES, /* doubles, random, read only */
    JOB_DOUBLES_OUT,
    JOB_STEP /* one uint64_t, `high` */
} job_kind;

typedef struct job_buffer {
    job_kind kind;
    size_t count; /* elements */
    double low, high;
    bool integers;      /* reals are whole numbers: ties happen */
    fv_pack_args pack;  /* JOB_PACKED; count is of the source */
    fv_round_args rows; /* JOB_ROUNDED; count is of the source */
    fv_winograd_filter_args filters;
    fv_winograd_args tiles;
} job_buffer;

typedef struct job_pointer {
    size_t offset; /* in args */
    int buffer;
} job_pointer;

typedef struct job {
    fv_kernel_id kernel;
    const fv_kernels *set;       /* whose arguments these are */
    const fv_kernels *panel_set; /* whose panels `pack` makes */
    union {
        max_align_t align;
        unsigned char bytes[JOB_ARGS_BYTES];
    } args;
    fv_work work;
    size_t scratch_offset; /* of the scratch pointer in args, 0 = none */
    job_buffer buffer[JOB_BUFFERS];
    job_pointer pointer[JOB_POINTERS];
    int buffers, pointers;
    char text[160];      /* the shape */
    double bound;        /* in units of the type's epsilon */
    bool each;           /* relative to each value, else to the largest of its tensor */
    double tiny;         /* and this much is allowed anyway, in epsilons */
    double flops, bytes; /* for --bench */
} job;

/* A line of a table: fill args from the parameters, then name the buffers behind its pointers. */
enum { CASE_PARAMETERS = 24 };
typedef enum case_flags {
    EACH = 1,  /* the bound is relative to each value, else to the largest of its tensor */
    BENCH = 2, /* --bench runs it */
    FULL = 4,  /* --quick leaves it out */
    BENCH_ONLY = BENCH | 8
} case_flags;

typedef struct check_case {
    fv_kernel_id kernel;
    void (*build)(job *j, const size_t *p);
    double bound; /* in epsilons of the type */
    unsigned flags;
    const size_t *p;
} check_case;

#define CASE(name, build, bound, flags, ...)                                                                           \
    {                                                                                                                  \
        FV_K_##name, build, bound, flags, (const size_t[CASE_PARAMETERS])                                              \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

typedef struct check_family {
    const check_case *cases;
    size_t count;
} check_family;

extern const check_family family_matrix, family_conv, family_pool, family_rows, family_elements, family_copy,
    family_lrn, family_norm, family_adaptive, family_curve, family_depthwise, family_winograd, family_winograd_weights;

/* Copy the argument block in; pointers are set afterwards. */
#define JOB_ARGS(j, type, ...)                                                                                         \
    type *a = (type *)(void *)(j)->args.bytes;                                                                         \
    *a = (type)__VA_ARGS__

/* A buffer of this kind; returns its number. */
int job_add(job *j, job_buffer buffer);
/* A pointer in the argument block that is to point to the buffer. */
void job_point(job *j, const void *field, int buffer);

void job_in(job *j, const void *field, size_t count, double low, double high);
/* Rows of `length` reals as words of two bf16. */
void job_rounded(job *j, const void *field, size_t rows, size_t length);
void job_out(job *j, const void *field, size_t count);
void job_temp(job *j, const void *field, size_t count);
void job_inout(job *j, const void *field, size_t count, double low, double high);
/* The bound of a sum of `depth` products that an activation then squeezes: the sum's own error, which grows with it,
 * reaches outputs of about 1. */
void job_activated(job *j, fv_act act, size_t depth);
void job_text(job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#endif
