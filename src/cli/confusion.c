/* Precision = right / said, recall = right / samples, F1 = their harmonic mean = 2 right / (said + samples). */
#include "cli/confusion.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool fv_cli_confusion_init(fv_cli_confusion *confusion, size_t classes, size_t worst_most)
{
    *confusion = (fv_cli_confusion){.classes = classes, .worst_most = worst_most};
    if (!classes || classes > SIZE_MAX / classes)
        return false;
    confusion->counts = calloc(classes * classes, sizeof *confusion->counts);
    confusion->worst = calloc(worst_most + 1, sizeof *confusion->worst); /* one place to sort a new one in */
    return confusion->counts && confusion->worst;
}

/* Keep the list sorted; what falls off its end is forgotten. */
static void remember(fv_cli_confusion *confusion, fv_cli_mistake mistake)
{
    fv_cli_mistake *worst = confusion->worst;
    size_t at = confusion->worst_count;

    while (at && worst[at - 1].probability < mistake.probability)
        at--;
    memmove(worst + at + 1, worst + at, (confusion->worst_count - at) * sizeof *worst);
    worst[at] = mistake;
    if (confusion->worst_count < confusion->worst_most)
        confusion->worst_count++;
}

void fv_cli_confusion_add(fv_cli_confusion *confusion, size_t index, size_t label, size_t predicted, float probability)
{
    if (label >= confusion->classes || predicted >= confusion->classes)
        return; /* a label that the model has no class for: counted as wrong by fv_evaluate, but in no row */
    confusion->counts[label * confusion->classes + predicted]++;
    if (label == predicted)
        return;
    confusion->wrong++;
    remember(confusion, (fv_cli_mistake){index, label, predicted, probability});
}

uint64_t fv_cli_confusion_at(const fv_cli_confusion *confusion, size_t label, size_t predicted)
{
    return confusion->counts[label * confusion->classes + predicted];
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

fv_cli_class_score fv_cli_confusion_score(const fv_cli_confusion *confusion, size_t c)
{
    const uint64_t right = fv_cli_confusion_at(confusion, c, c);
    fv_cli_class_score score = {0};

    for (size_t k = 0; k < confusion->classes; k++) {
        score.samples += fv_cli_confusion_at(confusion, c, k);
        score.said += fv_cli_confusion_at(confusion, k, c);
    }
    score.precision = share(right, score.said);
    score.recall = share(right, score.samples);
    score.f1 = share(2 * right, score.said + score.samples);
    return score;
}

void fv_cli_confusion_free(fv_cli_confusion *confusion)
{
    free(confusion->counts);
    free(confusion->worst);
    *confusion = (fv_cli_confusion){0};
}
