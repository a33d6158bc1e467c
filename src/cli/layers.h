/* Where a run's time goes, step by step. */
#ifndef FV_CLI_LAYERS_H
#define FV_CLI_LAYERS_H
#include "cli/json.h"
#include "cli/limits.h"
#include "run/exec.h"

/* What each step of a plan took: medians over rounds. Steps that units of samples run through together are timed
 * there; the others run one after another, each on all threads. */
typedef struct fv_cli_layer {
    char layer[96];
    const char *op, *kernel;
    double ms, flops, bytes;
} fv_cli_layer;

typedef struct fv_cli_layers {
    fv_cli_layer *steps;
    size_t count;
} fv_cli_layers;

/* Run all steps again and again for `seconds`; false if memory ran out. */
bool fv_cli_layers_measure(fv_cli_layers *layers, fv_exec *exec, double seconds);
void fv_cli_layers_free(fv_cli_layers *layers);

/* A table with shares of the limits; false if memory ran out. What a step executes counts: Winograd's convolutions need a
 * quarter of the direct method's multiplications, and their rates are those of the rest. */
bool fv_cli_layers_print(const fv_cli_layers *layers, const fv_cli_limits *limits, FILE *out, bool bold);
/* The object "limits" and the array "layers" of the document. */
void fv_cli_layers_json(const fv_cli_layers *layers, const fv_cli_limits *limits, fv_cli_json *json);

#endif
