/* From a picture file to a class name:  ./classify MODEL PICTURE */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    fv_error err = {0};
    fv_model *model = NULL;
    fv_session *session = NULL;
    float *p = NULL;
    size_t best = 0;

    if (argc != 3 || fv_model_open(NULL, argv[1], &model, &err) ||
        fv_session_create(NULL, model, NULL, &session, &err) || !(p = calloc(fv_model_classes(model), sizeof *p)) ||
        fv_session_classify_file(session, argv[2], p, &err)) {
        fprintf(stderr, "classify: %s\n", argc != 3 ? "usage: classify MODEL PICTURE" : err.message);
        return 1;
    }
    for (size_t i = 1; i < fv_model_classes(model); i++)
        best = p[i] > p[best] ? i : best;
    printf("%s (%.1f %%)\n", fv_model_class_name(model, best), 100 * p[best]);
    free(p);
    fv_session_free(session);
    fv_model_free(model);
    return 0;
}
