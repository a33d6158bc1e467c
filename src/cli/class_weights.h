/* Weights of classes from a file: a line a class, its name and a number, with a comma, a tab or blanks between them. */
#ifndef FV_CLI_CLASS_WEIGHTS_H
#define FV_CLI_CLASS_WEIGHTS_H
#include "cli/cli.h"

/* Read weights for all classes of the data; *out [classes of data] is fv_release'd by the caller. Returns the exit code. */
int fv_cli_class_weights(const fv_cli *cli, const fv_data *data, const char *path, double **out);

#endif
