/* The chain of FRiS-Cluster: stolps of one set without labels, each chosen beside those before it. */
#ifndef FV_FRIS_CHAIN_H
#define FV_FRIS_CHAIN_H
#include "fris/set.h"

typedef struct fv_fris_chain {
    const fv_fris *set;
    const uint32_t *rows;
    size_t n;
    double r_star, unit;
    double *near;                   /* [n] to the nearest of the chain */
    double *column;                 /* [k_max, n] from the chain's rows */
    double *first, *second, *moved; /* [n] the two nearest of the other stolps; [k_max, n] */
    int64_t *gain;                  /* [n] an upper bound; exact where `fresh` */
    int64_t *score;                 /* [queries] */
    uint8_t *fresh;
    uint32_t *batch, *batch_row, *chain; /* positions in rows; their rows; positions */
    size_t n_batch, n_chain;
} fv_fris_chain;

/* c->score of each of the batch: the sum over u of term(c, u, d(u, candidate)), in units of c->unit. */
fv_status fv_fris_chain_score(fv_fris_chain *c, double (*term)(const fv_fris_chain *c, size_t u, double distance),
                              fv_error *err);

/* The lowest of the batch within a hair of the best score. */
uint32_t fv_fris_chain_best(const fv_fris_chain *c);

/* One stolp more: its position, its column, and how near it is to all. */
fv_status fv_fris_chain_extend(fv_fris_chain *c, fv_error *err);

#endif
