/* The training options of train/options.def as options of the command line. */
#ifndef FV_CLI_TRAINING_H
#define FV_CLI_TRAINING_H
#include "cli/options.h"

/* A table for each group, with room for the verb's own in front and behind. */
enum { FV_CLI_TRAINING_TABLES = 13 };

/* The tables of the verb train: its own options, the groups of training options, machine and general ones. */
extern fv_cli_table fv_cli_training[FV_CLI_TRAINING_TABLES];
extern const fv_cli_option fv_cli_train_own[]; /* in train.c */

/* Fill fv_cli_training from the library's table; main does it first of all. */
void fv_cli_training_fill(void);

#endif
