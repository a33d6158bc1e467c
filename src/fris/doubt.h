/* The order of doubtful objects: values that differ by rounding alone are equal, and the lower number comes first. */
#ifndef FV_FRIS_DOUBT_H
#define FV_FRIS_DOUBT_H
#include "fris/nearest.h"

static inline double fv_fris_rank(double s)
{
    return rint(s * 1e9);
}

#endif
