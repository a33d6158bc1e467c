/* train --show-augment: what augmentation makes of some training pictures. */
#ifndef FV_CLI_AUGMENTED_H
#define FV_CLI_AUGMENTED_H
#include "cli/cli.h"
#include "train/options.h"

/* Write a contact sheet: a row a picture, first as the network would see it unchanged, then as it is in the first epochs. Says
 * what is wrong and returns its exit code. */
int fv_cli_show_augment(const fv_cli *cli, const fv_net *net, const fv_data *data, const fv_settings *settings,
                        const char *file);

#endif
