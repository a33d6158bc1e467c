/* What is printed of a run of training that ended. */
#ifndef FV_CLI_TRAINED_H
#define FV_CLI_TRAINED_H
#include "cli/cli.h"

typedef struct fv_cli_trained {
    const char *folder;
    const fv_progress *epoch,
        *best; /* the newest epoch, and the one whose model was kept as the best; its epoch 0 = none */
    bool fine_tuned;
} fv_cli_trained;

/* On standard output, as JSON where it is asked for; the exit code. */
int fv_cli_trained_print(const fv_cli *cli, const fv_cli_trained *trained);

#endif
