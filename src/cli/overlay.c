#include "cli/overlay.h"
#include "cli/picture.h"
#include "cli/place.h"
#include "image/heat.h"
#include "train/trainer.h"
#include <stdio.h>
#include <string.h>

int fv_cli_overlay_open(const fv_cli *cli, const fv_model *model, const char *layer, const char *folder,
                        fv_cli_overlay *overlay)
{
    const fv_session_options options = fv_cli_session_options(cli, 1);
    fv_error err = {0};

    *overlay = (fv_cli_overlay){.folder = folder};
    if (fv_session_create_heat(&cli->host, model, layer, &options, &overlay->session, &err))
        return err.code == FV_E_UNKNOWN ? fv_cli_usage(cli, "%s", err.message) : fv_cli_fail(cli, &err);
    return fv_folder_make(&cli->host, folder, &err) ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

int fv_cli_overlay_write(const fv_cli *cli, const fv_cli_overlay *overlay, const char *path, const char *name,
                         size_t class_index)
{
    char file[FV_CLI_PATH];
    const size_t start = strlen(overlay->folder) + 1;
    fv_image image;
    fv_error err = {0};
    int code;

    while (*name == '/' || strncmp(name, "./", 2) == 0 || strncmp(name, "../", 3) == 0)
        name += strspn(name, "./");
    if (snprintf(file, sizeof file, "%s/%s.png", overlay->folder, name) >= (int)sizeof file) {
        fv_cli_say(cli, "%s: the name of its overlay is too long", path);
        return FV_EXIT_FAILURE;
    }
    for (char *c = file + start; *c; c++)
        if (*c == '/')
            *c = '_';
    if (fv_heat_overlay(overlay->session, path, class_index, &image, &err))
        return fv_cli_fail(cli, &err);
    code = fv_cli_picture_write(cli, file, &image);
    fv_image_free(&cli->host, &image);
    return code;
}

void fv_cli_overlay_close(fv_cli_overlay *overlay)
{
    fv_session_free(overlay->session);
}
