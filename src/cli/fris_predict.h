/* What `predict` and `info` do with a model file that holds prototypes. */
#ifndef FV_CLI_FRIS_PREDICT_H
#define FV_CLI_FRIS_PREDICT_H
#include "cli/cli.h"
#include "cli/fris_say.h"
#include "data/pictures.h"

bool fv_fris_in_model(const fv_model *model);

/* Says what is on each file; *bad counts those that cannot be read. Returns the exit code. `path` is the model's file. */
int fv_fris_predict(const fv_cli *cli, const char *path, const fv_model *model, const fv_pictures *files,
                    fv_fris_form form, size_t *bad);

/* Prints what prototypes a model's file holds, if it holds some. */
int fv_fris_describe(const fv_cli *cli, const char *where);

#endif
