/* fris vectors: what a layer makes of photos, for other programs; and the list of the photos with their classes and splits. */
#include "base/npy.h"
#include "cli/fris.h"
#include "cli/picture.h"
#include "data/data.h"
#include <stdio.h>

int fv_fris_run_vectors(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    fv_fris_source s;
    fv_text text;
    fv_error err = {0};
    int code;

    if (!v->out || !fv_cli_is_npy(v->out))
        return fv_cli_usage(cli, "-o names the .npy that the vectors are written to; the list of photos is printed");
    code = fv_fris_source_open(cli, &(fv_fris_wanted){.path = cli->operands[1], .need_labels = true}, &s);
    if (code)
        return code;
    fv_text_init(&text, &cli->host);
    if (!s.photos || v->split >= 0)
        code = fv_cli_usage(cli, s.photos ? "vectors takes all photos; their splits are in the list"
                                          : "vectors takes photos and the --model that looks at them");
    else if (fv_npy_write(v->out, FV_NPY_F32, 2, (const size_t[]){s.vectors.count, s.vectors.dims}, s.vectors.floats,
                          &err))
        code = fv_cli_fail(cli, &err);
    else if (fv_data_print_splits(s.photos, &text))
        code = fv_cli_memory(cli);
    else
        fputs(text.data, stdout);
    fv_text_free(&text);
    return fv_fris_source_close(&s, code);
}
