#include "train/calibration.h"
#include <math.h>

void fv_calibration_add(fv_calibration *calibration, float probability, bool right)
{
    const size_t bin = (size_t)((double)probability * FV_CALIBRATION_BINS);
    const size_t k = bin < FV_CALIBRATION_BINS ? bin : FV_CALIBRATION_BINS - 1;

    calibration->sure[k] += (double)probability;
    calibration->right[k] += right;
    calibration->count++;
}

double fv_calibration_error(const fv_calibration *calibration)
{
    double error = 0;

    for (size_t k = 0; k < FV_CALIBRATION_BINS; k++)
        error += fabs(calibration->sure[k] - calibration->right[k]);
    return calibration->count ? error / (double)calibration->count : NAN;
}

void fv_share_interval(double share, size_t n, double interval[2])
{
    const double z = 1.959963984540054, zz = z * z / (double)n; /* 97.5 % of the normal distribution */
    const double middle = (share + zz / 2) / (1 + zz);
    const double half = z / (1 + zz) * sqrt(share * (1 - share) / (double)n + zz / (4 * (double)n));

    interval[0] = n ? fmax(middle - half, 0) : 0;
    interval[1] = n ? fmin(middle + half, 1) : 1;
}
