/* Pictures with the places where a model looked, in a folder. */
#ifndef FV_CLI_OVERLAY_H
#define FV_CLI_OVERLAY_H
#include "cli/cli.h"

typedef struct fv_cli_overlay {
    fv_session *session;
    const char *folder;
} fv_cli_overlay;

/* Plan it and make the folder; layer NULL = the last convolution. These say what is wrong and return its exit code. */
int fv_cli_overlay_open(const fv_cli *cli, const fv_model *model, const char *layer, const char *folder,
                        fv_cli_overlay *overlay);
/* FOLDER/NAME.png of the picture at `path` and a class; slashes in the name become underscores. */
int fv_cli_overlay_write(const fv_cli *cli, const fv_cli_overlay *overlay, const char *path, const char *name,
                         size_t class_index);
void fv_cli_overlay_close(fv_cli_overlay *overlay);

#endif
