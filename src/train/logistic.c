#include "train/logistic.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

enum { MEMORY = 12, STEPS = 200, HALVINGS = 30, CLASSES_MAX = 4096 };

/* Strong to weak, so that each begins where the one before ended. */
static const double lambdas[] = {1, .3, .1, .03, .01, .003, .001, 3e-4, 1e-4};
static const double lambda_alone = .01;

typedef struct fit {
    size_t n, d, c, size; /* pictures, features, classes, (d + 1) c parameters */
    const float *x;       /* [n, d], standardised */
    const uint32_t *labels;
    const double *weights; /* of classes, or NULL */
    double total;          /* sum of weights */
    double lambda;
    double *z; /* [c] */
} fit;

/* p is [d + 1, c]; the last row is the bias. Writes the gradient and returns the value. */
static double evaluate(const fit *f, const double *p, double *gradient)
{
    double loss = 0, decay = 0;

    memset(gradient, 0, f->size * sizeof *gradient);
    for (size_t i = 0; i < f->n; i++) {
        const float *x = f->x + i * f->d;
        const double weight = (f->weights ? f->weights[f->labels[i]] : 1) / f->total;
        double top = -INFINITY, sum = 0;

        memcpy(f->z, p + f->d * f->c, f->c * sizeof *f->z);
        for (size_t k = 0; k < f->d; k++)
            for (size_t c = 0; c < f->c; c++)
                f->z[c] += (double)x[k] * p[k * f->c + c];
        for (size_t c = 0; c < f->c; c++)
            top = f->z[c] > top ? f->z[c] : top;
        for (size_t c = 0; c < f->c; c++)
            sum += exp(f->z[c] - top);
        /* cppcheck-suppress invalidFunctionArg ; the largest class alone adds 1 */
        loss += weight * (top + log(sum) - f->z[f->labels[i]]);
        for (size_t c = 0; c < f->c; c++)
            f->z[c] = weight * (exp(f->z[c] - top) / sum - (c == f->labels[i]));
        for (size_t k = 0; k < f->d; k++)
            for (size_t c = 0; c < f->c; c++)
                gradient[k * f->c + c] += (double)x[k] * f->z[c];
        for (size_t c = 0; c < f->c; c++)
            gradient[f->d * f->c + c] += f->z[c];
    }
    for (size_t k = 0; k < f->d * f->c; k++) {
        decay += p[k] * p[k];
        gradient[k] += f->lambda * p[k];
    }
    return loss + f->lambda / 2 * decay;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* L-BFGS: the last MEMORY steps s and changes of the gradient y stand for the curvature. */
typedef struct history {
    double *s, *y; /* [MEMORY, size] */
    double rho[MEMORY];
    size_t count; /* of all pairs so far */
} history;

static void direction(const history *h, const double *gradient, size_t size, double *out)
{
    const size_t first = h->count > MEMORY ? h->count - MEMORY : 0;
    double alpha[MEMORY] = {0};

    for (size_t i = 0; i < size; i++)
        out[i] = -gradient[i];
    for (size_t k = h->count; k-- > first;) {
        const double *s = h->s + k % MEMORY * size, *y = h->y + k % MEMORY * size;
        const double a = alpha[k % MEMORY] = h->rho[k % MEMORY] * dot(s, out, size);

        for (size_t i = 0; i < size; i++)
            out[i] -= a * y[i];
    }
    if (h->count) {
        const double *y = h->y + (h->count - 1) % MEMORY * size;
        const double scale = 1 / (h->rho[(h->count - 1) % MEMORY] * dot(y, y, size));

        for (size_t i = 0; i < size; i++)
            out[i] *= scale;
    }
    for (size_t k = first; k < h->count; k++) {
        const double *s = h->s + k % MEMORY * size, *y = h->y + k % MEMORY * size;
        const double b = alpha[k % MEMORY] - h->rho[k % MEMORY] * dot(y, out, size);

        for (size_t i = 0; i < size; i++)
            out[i] += b * s[i];
    }
}

/* Four vectors of f->size in `work` besides the history. */
static void minimise(const fit *f, double *p, history *h, double *work)
{
    double *gradient = work, *way = work + f->size, *next = way + f->size, *new_gradient = next + f->size;
    double value = evaluate(f, p, gradient);

    h->count = 0;
    for (int step = 0; step < STEPS && dot(gradient, gradient, f->size) > 1e-12; step++) {
        double rate = h->count ? 1 : 1 / (1 + sqrt(dot(gradient, gradient, f->size))), slope, found = INFINITY, sy;
        double *s = h->s + h->count % MEMORY * f->size, *y = h->y + h->count % MEMORY * f->size;

        direction(h, gradient, f->size, way);
        slope = dot(gradient, way, f->size);
        for (int k = 0; k < HALVINGS; k++) { /* Armijo */
            for (size_t i = 0; i < f->size; i++)
                next[i] = p[i] + rate * way[i];
            found = evaluate(f, next, new_gradient);
            if (found <= value + 1e-4 * rate * slope)
                break;
            rate /= 2;
        }
        if (!(found < value))
            return;
        for (size_t i = 0; i < f->size; i++) {
            s[i] = next[i] - p[i];
            y[i] = new_gradient[i] - gradient[i];
        }
        sy = dot(s, y, f->size);
        if (sy > 0)
            h->rho[h->count++ % MEMORY] = 1 / sy;
        memcpy(p, next, f->size * sizeof *p);
        memcpy(gradient, new_gradient, f->size * sizeof *p);
        if (value - found < 1e-7 * (1 + fabs(value)))
            return;
        value = found;
    }
}

/* ---------------------------------------------------------------------------------------------- features */

static void standardise(const fv_logistic_set *set, size_t d, double *mean, double *deviation, float *x)
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < d; k++)
            mean[k] += (double)set->rows[i][k] / (double)set->count;
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < d; k++) {
            const double from = (double)set->rows[i][k] - mean[k];

            deviation[k] += from * from / (double)set->count;
        }
    for (size_t k = 0; k < d; k++)
        deviation[k] =
            deviation[k] > 1e-12 ? sqrt(deviation[k]) : 1; /* a feature that is always the same says nothing */
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < d; k++)
            x[i * d + k] = (float)(((double)set->rows[i][k] - mean[k]) / deviation[k]);
}

/* The layer that reads features as they are, divided by a temperature. */
static void fold(const fit *f, const double *p, const double *mean, const double *deviation, double temperature,
                 fv_logistic *out)
{
    for (size_t c = 0; c < f->c; c++) {
        double bias = p[f->d * f->c + c];

        for (size_t k = 0; k < f->d; k++) {
            const double w = p[k * f->c + c] / deviation[k];

            out->weight[c * f->d + k] = (float)(w / temperature);
            bias -= w * mean[k];
        }
        out->bias[c] = (float)(bias / temperature);
    }
}

size_t fv_logistic_measure(const fv_logistic *head, const fv_logistic_set *set, double *loss, float *probabilities)
{
    double z[CLASSES_MAX], total = 0;
    size_t right = 0;

    for (size_t i = 0; i < set->count; i++) {
        double sum = 0;
        size_t best = 0;

        for (size_t c = 0; c < head->classes; c++) {
            z[c] = (double)head->bias[c];
            for (size_t k = 0; k < head->features; k++)
                z[c] += (double)set->rows[i][k] * (double)head->weight[c * head->features + k];
            best = z[c] > z[best] ? c : best;
        }
        for (size_t c = 0; c < head->classes; c++)
            sum += exp(z[c] - z[best]);
        for (size_t c = 0; probabilities && c < head->classes; c++)
            probabilities[i * head->classes + c] = (float)(exp(z[c] - z[best]) / sum);
        total += log(sum) + z[best] - z[set->labels[i]];
        right += best == set->labels[i];
    }
    *loss = set->count ? total / (double)set->count : NAN;
    return right;
}

/* The loss is convex in 1/T: golden section over T in 1/16 .. 16, by the logarithm. */
static double best_temperature(const fit *f, const double *p, const double *mean, const double *deviation,
                               const fv_logistic_set *val, fv_logistic *out)
{
    const double ratio = .6180339887498949;
    double low = log(1 / 16.), high = log(16.), loss_a, loss_b;

    for (int k = 0; k < 24; k++) {
        const double a = high - ratio * (high - low), b = low + ratio * (high - low);

        fold(f, p, mean, deviation, exp(a), out);
        fv_logistic_measure(out, val, &loss_a, NULL);
        fold(f, p, mean, deviation, exp(b), out);
        fv_logistic_measure(out, val, &loss_b, NULL);
        if (loss_a < loss_b)
            high = b;
        else
            low = a;
    }
    return exp((low + high) / 2);
}

/* ---------------------------------------------------------------------------------------------- choosing */

static void choose(fit *f, const fv_logistic_set *val, history *h, double *p, double *best, double *work,
                   const double *mean, const double *deviation, fv_logistic *out)
{
    double least = INFINITY, loss;

    for (size_t k = 0; k < FV_COUNT(lambdas); k++) {
        f->lambda = lambdas[k];
        minimise(f, p, h, work);
        fold(f, p, mean, deviation, 1, out);
        fv_logistic_measure(out, val, &loss, NULL);
        if (loss < least) {
            least = loss;
            out->lambda = f->lambda;
            memcpy(best, p, f->size * sizeof *p);
        } else if (loss > 1.2 * least) {
            return; /* ever weaker ones fit the training pictures ever closer */
        }
    }
}

/* Doubles a parameter of the new layer: p, best and the four of `work`; both of the history. */
enum { A_PARAMETER = 6 + 2 * MEMORY };

size_t fv_logistic_bytes(size_t pictures, size_t features, size_t classes)
{
    return pictures * features * sizeof(float) +
           ((features + 1) * classes * A_PARAMETER + 2 * features) * sizeof(double);
}

fv_status fv_logistic_fit(const fv_host *host, const fv_logistic_set *train, const fv_logistic_set *val,
                          const double *class_weights, fv_logistic *out, fv_error *err)
{
    fit f = {.n = train->count, .d = out->features, .c = out->classes, .labels = train->labels};
    fv_arena arena;
    fv_status status = FV_OK;

    if (out->classes > CLASSES_MAX)
        return fv_fail(err, FV_E_RANGE, "a head of %zu classes; at most %d", out->classes, CLASSES_MAX);
    f.size = (f.d + 1) * f.c;
    f.weights = class_weights;
    for (size_t i = 0; i < f.n; i++)
        f.total += class_weights ? class_weights[f.labels[i]] : 1;
    fv_arena_init(&arena, host);
    float *x = fv_arena_alloc(&arena, f.n * f.d, sizeof *x);
    double *mean = fv_arena_alloc(&arena, 2 * f.d, sizeof *mean), *p = fv_arena_alloc(&arena, 6 * f.size, sizeof *p);
    history h = {.s = fv_arena_alloc(&arena, 2 * MEMORY * f.size, sizeof *h.s)};

    f.z = fv_arena_alloc(&arena, f.c, sizeof *f.z);
    if (x && mean && p && h.s && f.z) {
        double *deviation = mean + f.d, *best = p + f.size, *work = best + f.size;

        h.y = h.s + MEMORY * f.size;
        f.x = x;
        standardise(train, f.d, mean, deviation, x);
        out->temperature = 1;
        out->lambda = f.lambda = lambda_alone;
        if (val->count)
            choose(&f, val, &h, p, best, work, mean, deviation, out);
        else
            minimise(&f, best, &h, work);
        if (val->count)
            out->temperature = best_temperature(&f, best, mean, deviation, val, out);
        fold(&f, best, mean, deviation, out->temperature, out);
        fv_logistic_measure(out, train, &out->train_loss, NULL);
        fv_logistic_measure(out, val, &out->val_loss, NULL);
    } else {
        status = fv_fail_memory(err, fv_logistic_bytes(f.n, f.d, f.c), "a new last layer");
    }
    fv_arena_free(&arena);
    return status;
}
