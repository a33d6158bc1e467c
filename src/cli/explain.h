/* One pixel of a filtered picture in numbers. */
#ifndef FV_CLI_EXPLAIN_H
#define FV_CLI_EXPLAIN_H
#include "cli/cli.h"
#include "image/filter.h"

/* Print how the pixel of `out` at row place[0] and column place[1] came from `in`; returns the exit code. */
int fv_cli_explain_pixel(const fv_cli *cli, const fv_step *step, const fv_step_options *options, const fv_image *in,
                         const fv_image *out, const size_t place[2]);

#endif
