/* Networks beside their papers: printed figures (paper.def) next to those of the .net files. */
#ifndef FV_CLI_PAPER_H
#define FV_CLI_PAPER_H
#include "cli/cli.h"
#include "cli/json.h"

/* A net of a paper, described. */
typedef struct fv_cli_paper_net {
    char name[32];
    fv_net *net; /* of the zoo; NULL where the caller's stands in its place */
    fv_net_info info;
} fv_cli_paper_net;

enum { FV_CLI_PAPER_NETS = 8 };

typedef struct fv_cli_paper {
    const char *name, *reference, *nets;
    void (*print)(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count); /* its table of layers */
} fv_cli_paper;

/* Print (or, with --json, print as JSON) the paper that `name` is a member of; `info` stands for that member. Returns the
 * exit code. */
int fv_cli_paper_show(const fv_cli *cli, const char *name, const fv_net_info *info);

/* One row of a printed table. */
typedef struct fv_cli_paper_row {
    const char *net, *title, *layers;
    double params_k, ops_m; /* 0 = none printed */
} fv_cli_paper_row;
extern const fv_cli_paper_row fv_cli_paper_rows[];
extern const size_t fv_cli_paper_row_count;

/* What a row's layers come to. */
typedef struct fv_cli_paper_sum {
    const fv_layer *first, *last;
    uint64_t parameters, weights, macs; /* weights: without biases */
} fv_cli_paper_sum;
fv_cli_paper_sum fv_cli_paper_add(const fv_net_info *info, const char *layers);

/* A block that joins branches, with its 1x1 reductions and without them: then each convolution behind one reads the
 * block's input itself. */
typedef struct fv_cli_paper_module {
    char name[256];
    uint64_t parameters, macs, parameters_without, macs_without;
} fv_cli_paper_module;
/* The module that ends with the concatenation `info->layers[at]`; false if that is no such block. */
bool fv_cli_paper_module_at(const fv_net_info *info, size_t at, fv_cli_paper_module *module);

void fv_cli_paper_kernels(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count);
void fv_cli_paper_googlenet(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count);
void fv_cli_paper_vgg(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count);
void fv_cli_paper_resnet(const fv_cli *cli, const fv_cli_paper_net *nets, size_t count);

#endif
