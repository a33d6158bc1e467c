/* Train LeNet-5 on MNIST, save it, and recognise one digit.
 *
 *     cc mnist.c $(pkg-config --cflags --libs fovea) -o mnist && ./mnist data/mnist [epochs] */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>

static int show(void *user, const fv_progress *p)
{
    (void)user;
    if (p->epoch_done)
        printf("epoch %d: loss %.4f, train %.2f %%, test %.2f %%\n", (int)p->epoch, p->loss, 100 * p->top1,
               100 * p->test_top1);
    return 0;
}

int main(int argc, char **argv)
{
    char options[64];
    fv_train_options train = FV_TRAIN_OPTIONS;
    fv_error err = {0};
    fv_net *net = NULL;
    fv_data *data = NULL;
    fv_trainer *trainer = NULL;
    fv_model *model = NULL;
    fv_session *session = NULL;
    float p[10];
    uint32_t label;
    int best = 0, failed = 1;

    snprintf(options, sizeof options, "epochs %d", argc > 2 ? atoi(argv[2]) : 1);
    train.text = options;
    train.progress = show;
    if (fv_net_open(NULL, "lenet-5", &net, &err) ||
        fv_data_open(NULL, argc > 1 ? argv[1] : "data/mnist", NULL, &data, &err) ||
        fv_trainer_create(NULL, net, data, &train, &trainer, &err) || fv_trainer_run(trainer, &err) ||
        fv_trainer_model(trainer, &model, &err) || fv_model_save(model, "mnist.safetensors", &err) ||
        fv_session_create(NULL, model, NULL, &session, &err) ||
        fv_session_classify(session, fv_data_sample(data, FV_TEST, 0, &label), 28, 28, 1, p, &err)) {
        fprintf(stderr, "mnist: %s\n", err.message);
    } else {
        for (int i = 1; i < 10; i++)
            best = p[i] > p[best] ? i : best;
        printf("the first test digit is a %d (%.1f %% sure); its label says %u\n", best, 100 * p[best],
               (unsigned)label);
        failed = 0;
    }
    fv_session_free(session);
    fv_model_free(model);
    fv_trainer_free(trainer);
    fv_data_free(data);
    fv_net_free(net);
    return failed;
}
