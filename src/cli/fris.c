/* fris: competitive similarity at the command line. The first operand is an action. */
#include "cli/fris.h"
#include "cli/picture.h"
#include <string.h>

static const struct {
    const char *name;
    int (*run)(const fv_cli *cli);
} actions[] = {
    {"prototypes", fv_fris_run_prototypes}, {"clean", fv_fris_run_clean},       {"layers", fv_fris_run_layers},
    {"train", fv_fris_run_train},           {"classify", fv_fris_run_classify}, {"add", fv_fris_run_add},
    {"cluster", fv_fris_run_cluster},       {"plot", fv_fris_run_plot},         {"vectors", fv_fris_run_vectors},
};

static int run(const fv_cli *cli)
{
    const fv_fris_values *v = cli->values;
    const char *names[FV_COUNT(actions) + 1] = {NULL}, *near;
    const int code = fv_cli_check_machine(cli);

    if (v->csv && v->common.json)
        return fv_cli_usage(cli, "--csv and --json exclude each other");
    if (v->sheet && fv_cli_picture_check(cli, v->sheet))
        return FV_EXIT_USAGE;
    for (size_t i = 0; i < FV_COUNT(actions); i++) {
        names[i] = actions[i].name;
        if (!strcmp(cli->operands[0], actions[i].name))
            return code ? code : actions[i].run(cli);
    }
    near = fv_cli_nearest(cli->operands[0], names);
    return fv_cli_usage(cli, "'%s' is no action of fris%s%s%s", cli->operands[0], near ? "; did you mean '" : "",
                        near ? near : "", near ? "'?" : "");
}

#define AT(member) offsetof(fv_fris_values, member)
static const char *const metrics[] = {"euclidean", "squared", "cosine", "manhattan", NULL};
static const char *const norms[] = {"l2", "none", NULL};
static const char *const precisions[] = {"as-given", "float", "double", NULL};

static const fv_cli_option source[] = {
    {.name = "labels",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(labels),
     .help = "labels of the vectors: a line each, a column called 'label', or .npy of whole numbers"},
    {.name = "label-column",
     .argument = "NAME",
     .type = FV_CLI_TEXT,
     .at = AT(label_column),
     .help = "the column of labels, otherwise 'class' or 'label'"},
    {.name = "names",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(names),
     .help = "names of the vectors, a line each; otherwise a column 'name' or 'path', or numbers from 0"},
    {.name = "norm",
     .argument = "NORM",
     .type = FV_CLI_WORD,
     .at = AT(norm),
     .fallback = "l2",
     .words = norms,
     .help = "scale vectors to length 1 (l2), or not: for measurements rather than features"},
    {.name = "centre", .type = FV_CLI_FLAG, .at = AT(centre), .help = "subtract the mean vector first"},
    {.name = "metric",
     .argument = "METRIC",
     .type = FV_CLI_WORD,
     .at = AT(metric),
     .fallback = "euclidean",
     .words = metrics,
     .help = "distance between vectors"},
    {.name = "precision",
     .argument = "TYPE",
     .type = FV_CLI_WORD,
     .at = AT(precision),
     .fallback = "as-given",
     .words = precisions,
     .help = "what vectors are kept as; text and .npy of doubles are double, which is slow in thousands of dimensions"},
    {0},
};

static const char *const splits[] = {"train", "val", "test", NULL};
static const fv_cli_option photos[] = {
    {.name = "model",
     .argument = "MODEL",
     .type = FV_CLI_TEXT,
     .at = AT(model),
     .help = "the network that looks at photos: FILEs are folders, one a class, or lists of photos then"},
    {.name = "layer",
     .argument = "NAME",
     .type = FV_CLI_TEXT,
     .at = AT(layer),
     .help = "the layer whose outputs are compared, maps by their mean; otherwise the one in front of the last"},
    {.name = "split",
     .argument = "SPLIT",
     .type = FV_CLI_WORD,
     .at = AT(split),
     .words = splits,
     .help = "only the photos of this split, as folders or the list say or --seed cuts them; otherwise all"},
    {.name = "cache",
     .argument = "FOLDER",
     .type = FV_CLI_TEXT,
     .at = AT(cache),
     .help = "where outputs of the layer are kept; without it ~/.cache/fovea, '' for nowhere"},
    {0},
};

static const fv_cli_option method[] = {
    {.name = "k",
     .letter = 'k',
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(k),
     .fallback = "3",
     .least = 1,
     .most = 1000000,
     .unit = "neighbours",
     .help = "clean: nearest of each class that count; 1 is the published function"},
    {.name = "lambda",
     .argument = "X",
     .type = FV_CLI_FRACTION,
     .at = AT(lambda),
     .fallback = "0.8",
     .least = 0,
     .most = 1,
     .help = "stolps: share of defence; the rest is tolerance"},
    {.name = "f-star",
     .argument = "S",
     .type = FV_CLI_REAL,
     .at = AT(f_star),
     .fallback = "0.05",
     .least = -1,
     .most = 1,
     .help = "stolps: an object is covered where S is as large"},
    {.name = "rounds",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(rounds),
     .fallback = "2",
     .least = 1,
     .most = 100,
     .help = "stolps: choose again against the stolps of the round before"},
    {.name = "min-cluster",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(min_cluster),
     .fallback = "1",
     .least = 1,
     .most = 1000000,
     .unit = "object",
     .help = "stolps: drop those that stand for fewer"},
    {.name = "max-stolps",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(max_stolps),
     .fallback = "0",
     .least = 0,
     .most = 1000000,
     .help = "stolps: at most so many a class, 0 = no limit"},
    {.name = "r-star",
     .argument = "R",
     .type = FV_CLI_REAL,
     .at = AT(r_star),
     .fallback = "0",
     .least = 0,
     .most = 1e300,
     .help = "a virtual rival at this distance; 0 = none, for clusters half the mean distance"},
    {.name = "k-min",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(k_min),
     .fallback = "2",
     .least = 1,
     .most = 100000,
     .help = "cluster: fewest clusters that are tried"},
    {.name = "k-max",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(k_max),
     .fallback = "10",
     .least = 2,
     .most = 100000,
     .help = "cluster: most clusters that are tried"},
    {.name = "join",
     .type = FV_CLI_FLAG,
     .at = AT(join),
     .help = "cluster: join clusters whose border is as dense as their inside (few dimensions only)"},
    {0},
};

static const fv_cli_option model[] = {
    {.name = "clean",
     .type = FV_CLI_FLAG,
     .at = AT(clean),
     .fallback = "yes",
     .help = "train: leave out what has S < 0 among 5 neighbours; --no-clean keeps it"},
    {.name = "all",
     .type = FV_CLI_FLAG,
     .at = AT(all),
     .help = "train: all objects are prototypes; clean: list all objects"},
    {.name = "val",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(val),
     .help = "train, add: held-out vectors; train holds a fifth out otherwise"},
    {.name = "val-labels", .argument = "FILE", .type = FV_CLI_TEXT, .at = AT(val_labels), .help = "and their labels"},
    {.name = "accept",
     .argument = "X",
     .type = FV_CLI_FRACTION,
     .at = AT(accept),
     .fallback = "0.95",
     .least = 0,
     .most = 1,
     .help = "share of held-out objects that is to be accepted"},
    {.name = "r-scale",
     .argument = "X",
     .type = FV_CLI_REAL,
     .at = AT(r_scale),
     .fallback = "0.5",
     .least = 1e-6,
     .most = 1e6,
     .help = "r* as a multiple of the median distance to the second class"},
    {.name = "class",
     .argument = "NAME",
     .type = FV_CLI_TEXT,
     .at = AT(class_name),
     .help = "add: the new class, otherwise called as its folder"},
    {.name = "in-place",
     .type = FV_CLI_FLAG,
     .at = AT(in_place),
     .help = "add: replace the classifier's file, at once or not at all"},
    {.name = "theta",
     .argument = "S",
     .type = FV_CLI_REAL,
     .at = AT(theta),
     .fallback = "0",
     .least = -1,
     .most = 1,
     .help = "clean: labels below are in doubt"},
    {.name = "censor",
     .type = FV_CLI_FLAG,
     .at = AT(censor),
     .help = "clean: take the worst away, renew the others' values, and so on"},
    {.name = "apply",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(apply),
     .help = "clean: write the labels with those of this table (name,label) in their place"},
    {.name = "seed",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(common.seed),
     .fallback = "1",
     .least = 0,
     .most = 9007199254740992.0,
     .help = "of what is held out, and of resampling"},
    {0},
};

static const fv_cli_option output[] = {
    {.name = "out",
     .letter = 'o',
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(out),
     .help = "where classifier, plot or list is written"},
    {.name = "csv", .type = FV_CLI_FLAG, .at = AT(csv), .help = "print a table, quoted as RFC 4180 says"},
    {.name = "html",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(html),
     .help = "write a page too; names of pictures are shown as pictures"},
    {.name = "sheet",
     .argument = "FILE",
     .type = FV_CLI_TEXT,
     .at = AT(sheet),
     .help = "prototypes, clean, cluster: draw the photos of each row side by side: .png, .ppm"},
    {.name = "top",
     .argument = "N",
     .type = FV_CLI_COUNT,
     .at = AT(top),
     .fallback = "100",
     .least = 0,
     .most = 1000000000,
     .help = "clean: labels that are listed; pages: members that are shown; 0 = all"},
    {0},
};
#undef AT

static const fv_cli_table tables[] = {
    {"Vectors", source},         {"Photos", photos},
    {"Weights", fv_cli_weights}, {"Method", method},
    {"Classifier", model},       {"Results", output},
    {"Machine", fv_cli_machine}, {"Output", fv_cli_json_output},
    {"General", fv_cli_general}, {0},
};

const fv_cli_verb fv_cli_verb_fris = {
    .name = "fris",
    .operands = "ACTION FILE...",
    .least = 2,
    .most = SIZE_MAX,
    .help = "Find prototypes, doubtful labels and clusters of photos or vectors",
    .text =
        "Actions: prototypes FILE (the objects that stand for each class), clean FILE (labels in doubt, the worst "
        "first), layers FILE... (which features separate the classes best; of photos: layers FOLDER LAYER...), train "
        "FILE -o MODEL (a classifier of prototypes; of photos it lies in a model file that predict reads), classify "
        "MODEL FILE (class, S and prototype, or \"none of these\" and why), add MODEL FILE -o MODEL (one more class, "
        "without training), cluster FILE (groups, and how many), plot FILE -o FILE.svg (two columns), vectors FOLDER "
        "-o FILE.npy (for other programs; prints the list of photos). A FILE is .npy "
        "or comma-separated text; with --model a folder of photos, or a list of them.",
    .examples = {{"fris clean photos/ --model runs/mine --csv", "a review queue of doubtful labels"},
                 {"fris train photos/ --model runs/mine -o mine.fovea", "a classifier that can say no"},
                 {"fris cluster iris.csv --norm none --k-max 8", "how many groups are there?"}},
    .more = "doc/fris.md",
    .tables = tables,
    .value_bytes = sizeof(fv_fris_values),
    .run = run,
};
