/* All pairs of queries and references, tile by tile, without a table of distances.
 *
 * A thread takes a tile of queries through all references. Keys come from differences in double, or, for many floats,
 * from |a|^2 + |b|^2 - 2 a b by the matrix product of this CPU; then a key is off by at most `slack` (the bound of
 * rounding, Higham 2002, section 3.1), so who looks for a minimum recomputes what could be it (fv_fris_key). */
#ifndef FV_FRIS_SCAN_H
#define FV_FRIS_SCAN_H
#include "fris/set.h"

typedef struct fv_fris_scan {
    const fv_fris *from, *to; /* whose rows queries and references are; of one type and metric */
    const uint32_t *queries, *refs;
    size_t n_queries, n_refs;
    size_t state_bytes; /* of one query: memory of its own while its tile is under way, at first of any content */
    bool sharp;         /* recompute keys below a hundredth of |a|^2 + |b|^2, whose digits cancel */

    /* Queries are positions in `queries`; a row holds the keys of references [first, first + n). Each is called for a
     * query before, at and after its rows, by one thread at a time. `end` and `begin` may be NULL. */
    void (*begin)(void *user, void *state, size_t query);
    void (*row)(void *user, void *state, size_t query, const double *key, size_t first, size_t n, double slack);
    void (*end)(void *user, void *state, size_t query);
    void *user;
} fv_fris_scan;

fv_status fv_fris_scan_run(const fv_fris_scan *scan, fv_error *err);

#endif
