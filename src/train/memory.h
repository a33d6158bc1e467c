/* What a run takes in memory, part by part, known before anything is allocated. `fovea plan --memory` prints it, and a
 * trainer that would pass its limit refuses with it. */
#ifndef FV_TRAIN_MEMORY_H
#define FV_TRAIN_MEMORY_H
#include "run/exec.h"

/* name in JSON, what it is */
#define FV_MEMORY_PARTS(X)                                                                                             \
    X(weights, "parameters and running averages as kernels want them")                                                 \
    X(passing, "weights on their way to the layouts of kernels, beyond what values take then")                         \
    X(packed, "copies of weights in the layouts of matrix kernels")                                                    \
    X(activations, "values of the forward pass, inputs included")                                                      \
    X(gradients, "gradients of activations and of weights")                                                            \
    X(scratch, "what each thread works in")                                                                            \
    X(unused, "between the others, where nothing fits")                                                                \
    X(optimizer, "momenta, or means and squares")                                                                      \
    X(loader, "what a batch is prepared in, and the order of samples")                                                 \
    X(data, "pictures and labels of the data set")                                                                     \
    X(saving, "the model that is written after an epoch")                                                              \
    X(plans, "graphs, steps and their arguments")                                                                      \
    X(process, "the program itself: C library, stacks, buffers")

typedef struct fv_memory {
#define FV_MEMORY_FIELD(name, help) size_t name;
    FV_MEMORY_PARTS(FV_MEMORY_FIELD)
#undef FV_MEMORY_FIELD
} fv_memory;

/* The i-th part's name, meaning and bytes; NULL behind the last. */
const char *fv_memory_part(const fv_memory *memory, size_t i, const char **help, size_t *bytes);
size_t fv_memory_sum(const fv_memory *memory);

/* Of one plan with a store of its own, and the process around it. */
void fv_memory_of_exec(const fv_exec *exec, fv_memory *memory);

struct fv_trainer;
/* Of a trainer that is planned: at its fullest, when it saves. */
void fv_memory_of_trainer(const struct fv_trainer *trainer, fv_memory *memory);

/* FV_E_MEMORY with the numbers if the trainer would take more than limit bytes (0 = no limit) besides the data, which are
 * there already. Then its plans are no longer those of its options. */
fv_status fv_memory_check(struct fv_trainer *trainer, size_t limit, fv_error *err);

#endif
