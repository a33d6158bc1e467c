/* What verbs that read folders of pictures share: the list of files that could not be used, and nets that fit a set. */
#ifndef FV_CLI_PHOTOS_H
#define FV_CLI_PHOTOS_H
#include "cli/cli.h"
#include "cli/place.h"
#include "data/pictures.h"

/* The pictures that the operands from number `first` on name, in their order: files, folders at any depth, lists on standard input
 * (-). Says what is left out, and if there are none; returns the exit code. */
int fv_cli_take_pictures(const fv_cli *cli, size_t first, fv_pictures *files);

/* Name the files that data could not use on standard error, the first ten of them, and all in `file` (NULL = nowhere).
 * FV_EXIT_PARTLY if there are some, else FV_EXIT_OK. */
int fv_cli_tell_bad(const fv_cli *cli, const fv_data *data, const char *folder);

/* The net with as many classes as the pictures have, in place of *net; data that is not in picture files changes nothing. */
int fv_cli_fit_classes(const fv_cli *cli, const fv_data *data, fv_net **net);

/* Write the split of pictures to FOLDER/split.csv, a list that train and eval read again. */
int fv_cli_write_split(const fv_cli *cli, const fv_data *data, const char *folder);

/* The split.csv of the run that a model (its run's folder, or a file in the folder's weights/) comes from; false if
 * there is none. */
bool fv_cli_run_split(const char *model, char path[FV_CLI_PATH]);

/* Names of the model's classes, so that folders are matched by name. free() it. NULL without memory. */
const char **fv_cli_class_names(const fv_model *model);

/* The row of --tta, for an int at `offset` of a verb's values, and the views of a picture that it asks for. */
#define FV_CLI_TTA(offset)                                                                                             \
    {                                                                                                                  \
        .name = "tta", .argument = "HOW", .type = FV_CLI_WORD, .at = (offset), .words = fv_cli_tta_words,              \
        .help = "average over views of each picture: flip (its mirror image) or ten (the middle, four corners, and "   \
                "the mirror images of these, where the network cuts its pictures)"                                     \
    }
extern const char *const fv_cli_tta_words[];
size_t fv_cli_tta_views(int word);

#endif
