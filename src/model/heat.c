/* Where a network looked: Grad-CAM (Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
 * localization", 2017, equations 1 and 2). With the maps A [H,W,K] of a layer and the logit y of a class:
 *
 *     alpha[k] = 1 / (H W) * sum over h, w of dy / dA[h,w,k]
 *     heat[h,w] = max(0, sum over k of alpha[k] A[h,w,k])
 *
 * Of nets where the smallest wins, y is the negated distance. */
#include "base/error.h"
#include "model/session.h"

fv_status fv_session_create_heat(const fv_host *host, const fv_model *model, const char *layer,
                                 const fv_session_options *options, fv_session **out, fv_error *err)
{
    return fv_session_plan(host, model, &(fv_session_end){.layer = layer, .back = true}, options, out, err);
}

void fv_session_heat_size(const fv_session *session, size_t size[2])
{
    const fv_shape *maps = fv_shape_of(&session->run.exec->graph, session->run.maps);

    size[0] = maps->dim[1];
    size[1] = maps->dim[2];
}

/* alpha of one map, H W times as large. */
static double weight_of(const fv_session *s, size_t pixels, size_t channels, size_t k)
{
    double sum = 0;

    for (size_t i = 0; i < pixels; i++)
        sum += fv_exec_get(s->run.exec, s->run.gradient, i * channels + k);
    return sum;
}

fv_status fv_session_heat(fv_session *session, const float *input, size_t class_index, float *heat, fv_error *err)
{
    const fv_shape *maps = fv_shape_of(&session->run.exec->graph, session->run.maps);
    const size_t pixels = maps->dim[1] * maps->dim[2], channels = maps->dim[3];
    float *logits = fv_alloc(&session->host, session->classes, sizeof *logits);
    double *weights = fv_alloc(&session->host, channels, sizeof *weights);
    fv_status status;

    for (size_t c = 0; c < session->classes; c++)
        fv_exec_set(session->run.exec, session->run.seed, c, c == class_index ? session->smallest_wins ? -1 : 1 : 0);
    status = logits && weights ? fv_session_run(session, input, 1, logits, err)
                               : fv_fail_memory(err, channels * sizeof *weights, "an explanation");
    for (size_t k = 0; !status && k < channels; k++)
        weights[k] = weight_of(session, pixels, channels, k) / (double)pixels;
    for (size_t i = 0; !status && i < pixels; i++) {
        double sum = 0;

        for (size_t k = 0; k < channels; k++)
            sum += weights[k] * fv_exec_get(session->run.exec, session->run.maps, i * channels + k);
        heat[i] = (float)(sum > 0 ? sum : 0);
    }
    fv_release(&session->host, logits);
    fv_release(&session->host, weights);
    return status;
}
