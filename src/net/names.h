/* The names of a net's layers while it is built: what they stand for, and that none is used twice. */
#ifndef FV_NET_NAMES_H
#define FV_NET_NAMES_H
#include "net/tree.h"

typedef struct fv_name {
    const char *text; /* "layer1.0.conv1" */
    fv_value value;   /* 0 while the layer is not finished */
    fv_place place;
    size_t head;  /* number of the auxiliary head that it is in, 0 = none */
    size_t count; /* of "layer1.0.conv#": how many numbers were given */
} fv_name;

typedef struct fv_names {
    fv_arena *arena;
    fv_name **slots; /* open addressing, a power of two */
    fv_name **order; /* as they came */
    size_t n, size;
} fv_names;

fv_name *fv_names_find(const fv_names *names, const char *text);
/* The name `text` (kept by pointer), new if it was not there; NULL without memory. */
fv_name *fv_names_get(fv_names *names, const char *text);

/* The name that `word` means inside `scope` ("layer1.0."): the innermost one. NULL if there is none. */
fv_name *fv_names_resolve(const fv_names *names, const char *scope, const char *word);
/* The nearest finished name, for "did you mean". */
const char *fv_names_nearest(const fv_names *names, const char *word);

#endif
