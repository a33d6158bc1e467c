/* Photos as vectors: what a layer of a network makes of the pictures in a folder or a list. */
#ifndef FV_CLI_FRIS_PHOTOS_H
#define FV_CLI_FRIS_PHOTOS_H
#include "cli/fris.h"
#include "net/net.h"

/* The network that looks at photos. */
typedef struct fv_fris_eye {
    fv_model *model;
    char layer[FV_NET_LABEL];
} fv_fris_eye;

/* `layer` NULL: the one that feeds the network's last. Returns the exit code; close it in any case. */
int fv_fris_eye_open(const fv_cli *cli, const char *model, const char *layer, fv_fris_eye *out);
void fv_fris_eye_close(fv_fris_eye *eye);

/* Is the source a folder, or a list of photos? */
bool fv_fris_is_photos(const fv_cli *cli, const fv_fris_wanted *wanted);

/* Fill vectors, names, splits and photos of *out; *texts are the class names of the objects, NULL if nobody says. */
int fv_fris_photos_open(const fv_cli *cli, const fv_fris_wanted *wanted, fv_fris_source *out, const char ***texts);

#endif
