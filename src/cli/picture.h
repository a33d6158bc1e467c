/* Pictures of verbs that read one and write another. */
#ifndef FV_CLI_PICTURE_H
#define FV_CLI_PICTURE_H
#include "cli/cli.h"
#include "image/maps.h"

/* The row of --no-exif, for a bool at `offset` of a verb's values. */
#define FV_CLI_EXIF(offset)                                                                                            \
    {                                                                                                                  \
        .name = "exif", .type = FV_CLI_FLAG, .at = (offset), .fallback = "yes",                                        \
        .help = "turn pictures upright as their EXIF orientation says; --no-exif takes them as they are stored"        \
    }

/* These say what is wrong and return its exit code, or return FV_EXIT_OK. */
int fv_cli_picture_read(const fv_cli *cli, const char *path, bool exif, fv_image *out);
/* Can a picture be written there? By the name's end: .png, .ppm, .pgm. */
int fv_cli_picture_check(const fv_cli *cli, const char *path);
int fv_cli_picture_write(const fv_cli *cli, const char *path, const fv_image *image);
bool fv_cli_is_safetensors(const char *path);
/* Maps as .npy, [height, width, channels] of float32, or as a contact sheet. */
bool fv_cli_is_npy(const char *path);
int fv_cli_maps_write(const fv_cli *cli, const char *path, const fv_maps *maps, size_t zoom);

#endif
