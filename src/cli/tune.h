/* plan --tune: the fastest algorithm of each convolution, measured here and kept for predict, bench and plan. */
#ifndef FV_CLI_TUNE_H
#define FV_CLI_TUNE_H
#include "cli/cli.h"
#include "cli/place.h"

/* The file for this processor and version, if somebody measured: then true. */
bool fv_cli_tuning_found(char path[FV_CLI_PATH]);

/* Measure all convolutions of the net at this batch, print what each algorithm took, and add the choices to the file.
 * Returns the exit code. */
int fv_cli_tune(const fv_cli *cli, const fv_net *net, size_t batch);

#endif
