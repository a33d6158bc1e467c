/* The first filters of a trained network as a picture. */
#ifndef FV_CLI_FILTERS_H
#define FV_CLI_FILTERS_H
#include "cli/cli.h"

/* Write the weights of the model's first convolution as a contact sheet, one tile a filter, in colour where it reads three
 * channels; all tiles share one range of grey. `where` is a model's file or folder. Returns the exit code. */
int fv_cli_filters_write(const fv_cli *cli, const char *where, const char *path);

#endif
