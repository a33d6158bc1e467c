/* What bench runs a network on, and what came out: NumPy's files, so that other tools can compare. */
#ifndef FV_CLI_BENCH_TENSORS_H
#define FV_CLI_BENCH_TENSORS_H
#include "cli/cli.h"

/* Runs alternate between this many batches of pictures, so that no run finds its input in the cache. */
enum { FV_CLI_BENCH_INPUTS = 2 };

/* The file that --input names, or NULL if it is a size or not there. */
const char *fv_cli_input_file(const fv_cli *cli);

/* FV_CLI_BENCH_INPUTS batches [batch,height,width,channels]: random ones, or those of the file [N,C,H,W] with N = batch;
 * the second batch is the first one a little darker. free() *pictures. */
int fv_cli_bench_pictures(const fv_cli *cli, const fv_net_info *info, size_t batch, float **pictures);

/* Write logits [batch,classes] to `path`. */
int fv_cli_bench_logits(const fv_cli *cli, const char *path, const float *logits, size_t batch, size_t classes);

#endif
