/* Trained weights in the places where tools keep them. */
#ifndef FV_CLI_WEIGHTS_H
#define FV_CLI_WEIGHTS_H
#include "cli/cli.h"

/* Weights that are called like a network of the zoo, as PyTorch and Hugging Face call them too: *net and *path
 * (FV_CLI_PATH bytes) are set and true is returned. Says what was found, what is damaged and what would do. */
bool fv_cli_find_weights(const fv_cli *cli, const char **net, char *path);

#endif
