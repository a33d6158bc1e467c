/* What a classifier said against what it should have said: counts, scores of each class, and the surest mistakes. */
#ifndef FV_CLI_CONFUSION_H
#define FV_CLI_CONFUSION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fv_cli_mistake {
    size_t index, label, predicted;
    float probability; /* of the predicted class */
} fv_cli_mistake;

typedef struct fv_cli_confusion {
    size_t classes, wrong;
    uint64_t *counts;      /* [label][predicted] */
    fv_cli_mistake *worst; /* the surest first, ties by rising index */
    size_t worst_count, worst_most;
} fv_cli_confusion;

typedef struct fv_cli_class_score {
    uint64_t samples, said;       /* images of this class; images that were said to be */
    double precision, recall, f1; /* NaN where nothing can be divided */
} fv_cli_class_score;

/* False when out of memory; free it in either case. */
bool fv_cli_confusion_init(fv_cli_confusion *confusion, size_t classes, size_t worst_most);
void fv_cli_confusion_add(fv_cli_confusion *confusion, size_t index, size_t label, size_t predicted, float probability);
uint64_t fv_cli_confusion_at(const fv_cli_confusion *confusion, size_t label, size_t predicted);
fv_cli_class_score fv_cli_confusion_score(const fv_cli_confusion *confusion, size_t c);
void fv_cli_confusion_free(fv_cli_confusion *confusion);

#endif
