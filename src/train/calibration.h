/* How honest probabilities are, and how sure a share of right answers is. */
#ifndef FV_TRAIN_CALIBRATION_H
#define FV_TRAIN_CALIBRATION_H
#include <stdbool.h>
#include <stddef.h>

/* Expected calibration error (Guo et al., "On calibration of modern neural networks", 2017, equation 3): |accuracy -
 * confidence| of 15 equal bins of the likeliest class's probability, weighted by their share. Begins as zeros. */
enum { FV_CALIBRATION_BINS = 15 };
typedef struct fv_calibration {
    double sure[FV_CALIBRATION_BINS], right[FV_CALIBRATION_BINS]; /* sums */
    size_t count;
} fv_calibration;

void fv_calibration_add(fv_calibration *calibration, float probability, bool right);
/* NaN of nothing. */
double fv_calibration_error(const fv_calibration *calibration);

/* The 95 % interval of a share of n (Wilson, "Probable inference", 1927). */
void fv_share_interval(double share, size_t n, double interval[2]);

#endif
