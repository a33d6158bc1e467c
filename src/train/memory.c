#include "train/memory.h"
#include "data/data.h"
#include "train/trainer.h"
#include <stdio.h>

/* Anonymous memory of a `fovea` that does nothing: measured, with a thread or two. */
static const size_t PROCESS_BYTES = 1 << 20;

/* ---------------------------------------------------------------------------------------------- parts */

#define PART_ROW(name, help) {#name, help, offsetof(fv_memory, name)},
static const struct {
    const char *name, *help;
    size_t offset;
} parts[] = {FV_MEMORY_PARTS(PART_ROW)};
#undef PART_ROW

static size_t bytes_of(const fv_memory *memory, size_t i)
{
    return *(const size_t *)(const void *)((const char *)memory + parts[i].offset);
}

const char *fv_memory_part(const fv_memory *memory, size_t i, const char **help, size_t *bytes)
{
    if (i >= FV_COUNT(parts))
        return NULL;
    *help = parts[i].help;
    *bytes = bytes_of(memory, i);
    return parts[i].name;
}

size_t fv_memory_sum(const fv_memory *memory)
{
    size_t sum = 0;

    for (size_t i = 0; i < FV_COUNT(parts); i++)
        sum += bytes_of(memory, i);
    return sum;
}

/* ---------------------------------------------------------------------------------------------- counting */

static void add_arena(const fv_exec *exec, fv_memory *memory)
{
    const fv_plan_parts *in = &exec->plan.parts;

    memory->packed = in->packed;
    memory->activations = in->activations;
    memory->gradients = in->gradients;
    memory->scratch = in->scratch;
    memory->unused = in->unused;
}

void fv_memory_of_exec(const fv_exec *exec, fv_memory *memory)
{
    *memory = (fv_memory){.plans = exec->graph.arena.bytes, .process = PROCESS_BYTES};
    memory->weights = fv_exec_kept_bytes(exec);
    add_arena(exec, memory);

    const size_t passing = fv_exec_passing_bytes(exec), values = memory->activations + memory->scratch;

    memory->passing = passing > values ? passing - values : 0;
}

void fv_memory_of_trainer(const fv_trainer *t, fv_memory *memory)
{
    const fv_exec *execs[FV_TRAINER_PLANS], *fullest = t->full.exec;
    const size_t count = fv_trainer_plans(t, execs);

    *memory = (fv_memory){.data = fv_data_bytes(t->data), .process = PROCESS_BYTES};
    fv_plan_stored(&fullest->plan, t->kernels, &memory->weights, &memory->optimizer);
    for (size_t i = 0; i < count; i++) {
        memory->plans += execs[i]->graph.arena.bytes;
        if (execs[i]->plan.arena_bytes > fullest->plan.arena_bytes)
            fullest = execs[i];
    }
    add_arena(fullest, memory);
    memory->loader = fv_feeder_bytes(&t->feeder) +
                     fv_order_bytes(t->count, fv_data_classes(t->data), t->settings.sampling == FV_BALANCED);
    if (t->evaluator.labels)
        memory->loader += fv_feeder_bytes(&t->evaluator.feeder) + t->evaluator.run.batch * sizeof *t->evaluator.labels;
    if (t->saves)
        memory->saving = memory->weights / t->kernels->real_bytes * sizeof(float);
}

/* ---------------------------------------------------------------------------------------------- refusing */

static size_t needed(const fv_trainer *t)
{
    fv_memory memory;

    fv_memory_of_trainer(t, &memory);
    return fv_memory_sum(&memory) - memory.data - memory.process;
}

/* "activations 2.1 GiB, gradients 1.0 GiB, weights 528.0 MiB": the three largest parts. */
static void print_largest(const fv_trainer *t, fv_text *text)
{
    char bytes[FV_BYTES_TEXT];
    bool said[FV_COUNT(parts)] = {false};
    fv_memory memory;

    fv_memory_of_trainer(t, &memory);
    memory.data = memory.process = 0;
    for (int k = 0; k < 3; k++) {
        size_t best = 0;

        while (said[best])
            best++;
        for (size_t i = best; i < FV_COUNT(parts); i++)
            if (!said[i] && bytes_of(&memory, i) > bytes_of(&memory, best))
                best = i;
        said[best] = true;
        fv_text_print(text, "%s%s %s", k ? ", " : "", parts[best].name, fv_text_bytes(bytes, bytes_of(&memory, best)));
    }
}

/* The largest half, quarter, ... of the batch that would fit, and what it needs; 0 = not even one sample does. */
static size_t fitting_batch(fv_trainer *t, size_t limit, size_t *bytes)
{
    for (size_t batch = t->full.batch / 2; batch; batch /= 2) {
        t->settings.batch = batch;
        if (fv_trainer_plan(t, NULL))
            return 0;
        *bytes = needed(t);
        if (*bytes <= limit)
            return batch;
    }
    return 0;
}

fv_status fv_memory_check(fv_trainer *t, size_t limit, fv_error *err)
{
    const size_t batch = t->full.batch, need = needed(t);
    char wanted[FV_BYTES_TEXT], most[FV_BYTES_TEXT], less[FV_BYTES_TEXT], advice[128] = "no batch is small enough";
    fv_status status = FV_E_MEMORY;
    fv_text text;
    size_t fits, bytes = 0;

    if (!limit || need <= limit)
        return FV_OK;
    fv_text_init(&text, &t->host);
    print_largest(t, &text);
    fits = fitting_batch(t, limit, &bytes);
    if (fits)
        snprintf(advice, sizeof advice, "batch %zu needs %s", fits, fv_text_bytes(less, bytes));
    status = text.failed
                 ? fv_fail_memory(err, text.size, "a message")
                 : fv_fail(err, FV_E_MEMORY, "training %s, batch %zu: needs %s of memory, %s are available (%s); %s",
                           fv_net_name(t->net), batch, fv_text_bytes(wanted, need), fv_text_bytes(most, limit),
                           text.data, advice);
    fv_text_free(&text);
    return status;
}
