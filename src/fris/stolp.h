/* One round of FRiS-Stolp, for all classes or for one more of them. */
#ifndef FV_FRIS_STOLP_H
#define FV_FRIS_STOLP_H
#include "fris/nearest.h"

/* Stolps in order of class, then as found. first[c] .. first[c + 1] are those of class c. */
typedef struct fv_fris_list {
    size_t count;
    uint32_t *stolp, *covers; /* [objects] at most */
    double *efficiency;
    uint32_t *first; /* [classes + 1] */
    uint32_t *uncovered;
    size_t n_uncovered;
} fv_fris_list;

typedef struct fv_fris_round {
    const fv_fris *set;
    const fv_fris_classes *classes;
    const fv_fris_stolp_options *options;
    const fv_fris_list *chosen; /* of the round before, or NULL: all objects are rivals */
    size_t only;                /* choose for this class only, FV_FRIS_NONE = for all */
    double *own, *rival;        /* [all] distance to the nearest of the own class, and of the others */
    double *distance;           /* [all] to the stolp under way */
    int64_t *defence;           /* [all] sum of S over the objects of its class that are left and covered by it */
    int64_t *tolerance;         /* [all] sum of S over foreign objects, of their own against it */
    double unit;
} fv_fris_round;

fv_status fv_fris_round_prepare(fv_fris_round *round, fv_arena *arena, fv_error *err);
fv_status fv_fris_round_run(fv_fris_round *round, fv_fris_list *list, fv_error *err);

fv_status fv_fris_check_stolp_options(const fv_fris_stolp_options *options, fv_error *err);

/* Room for a list. */
fv_status fv_fris_list_prepare(fv_fris_list *list, const fv_fris_classes *classes, fv_arena *arena, fv_error *err);

/* References of a search: the chosen stolps by class, numbers rising inside each. `refs` has room for all. */
void fv_fris_list_sorted(const fv_fris_list *list, const fv_fris_classes *classes, uint32_t *refs);

#endif
