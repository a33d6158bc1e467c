/* From a picture file to a class name, in ten lines:  ./classify MODEL PICTURE */
#include <fovea/fovea.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    fv_error err = {FV_E_ARGUMENT, "usage: classify MODEL PICTURE"};
    fv_model *model = NULL;
    fv_session *run = NULL;
    fv_guess top = {0};
    if (argc != 3 || fv_model_open(NULL, argv[1], &model, &err) || fv_session_create(NULL, model, NULL, &run, &err) ||
        fv_classify_image(run, &(fv_photo){.path = argv[2]}, &top, 1, &err))
        fprintf(stderr, "classify: %s\n", err.message);
    else
        printf("%s (%.1f %%)\n", top.name, 100 * top.probability);
    return fv_session_free(run), fv_model_free(model), top.name == NULL;
}
