#include "run/store.h"
#include <string.h>

void fv_store_init(fv_store *store, const fv_host *host, size_t real_bytes)
{
    *store = (fv_store){.host = fv_host_or_default(host), .real_bytes = real_bytes};
}

void fv_store_free(fv_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        fv_release(&store->host, store->items[i].name);
        fv_release(&store->host, store->items[i].data);
    }
    fv_release(&store->host, store->items);
    *store = (fv_store){0};
}

fv_stored *fv_store_find(const fv_store *store, const char *name)
{
    for (size_t i = 0; i < store->count; i++)
        if (strcmp(store->items[i].name, name) == 0)
            return &store->items[i];
    return NULL;
}

static fv_status add(fv_store *store, const fv_value_info *value, fv_error *err)
{
    const size_t elements = fv_elements(&value->shape), size = store->size ? 2 * store->size : 32;
    fv_stored item = {.elements = elements};

    if (store->count == store->size) {
        fv_stored *items = fv_grow(&store->host, store->items, store->count, size, sizeof *items);

        if (!items)
            return fv_fail_memory(err, size * sizeof *items, "the list of parameters");
        store->items = items;
        store->size = size;
    }
    if (value->param)
        item.param = *value->param;
    item.name = fv_strdup(&store->host, value->name);
    item.data = fv_alloc(&store->host, elements, store->real_bytes);
    if (!item.name || !item.data) {
        fv_release(&store->host, item.name);
        fv_release(&store->host, item.data);
        return fv_fail_memory(err, elements * store->real_bytes, value->name);
    }
    store->items[store->count++] = item;
    return FV_OK;
}

fv_status fv_store_add_graph(fv_store *store, const fv_graph *graph, const bool *without, fv_error *err)
{
    for (size_t v = 1; v < graph->n_values; v++) {
        const fv_value_info *value = &graph->values[v];
        const fv_stored *have;
        fv_status status;

        if ((value->role != FV_ROLE_PARAM && value->role != FV_ROLE_STATE) || (without && without[v]))
            continue;
        have = fv_store_find(store, value->name);
        if (have && have->elements != fv_elements(&value->shape))
            return fv_fail(err, FV_E_SHAPE, "%s: has %zu elements in one plan and %zu in another", value->name,
                           have->elements, fv_elements(&value->shape));
        if (!have && (status = add(store, value, err)))
            return status;
    }
    return FV_OK;
}

static size_t offset_of(const fv_stored *item, size_t i)
{
    return item->param.file_rank ? fv_param_offset(&item->param, i) : i;
}

double fv_store_get(const fv_store *store, const fv_stored *item, size_t i)
{
    const size_t at = offset_of(item, i);

    return store->real_bytes == sizeof(double) ? ((const double *)item->data)[at]
                                               : (double)((const float *)item->data)[at];
}

void fv_store_set(const fv_store *store, fv_stored *item, size_t i, double value)
{
    const size_t at = offset_of(item, i);

    if (store->real_bytes == sizeof(double))
        ((double *)item->data)[at] = value;
    else
        ((float *)item->data)[at] = (float)value;
}

void fv_store_initialise(fv_store *store, uint64_t seed)
{
    for (size_t k = 0; k < store->count; k++) {
        fv_stored *item = &store->items[k];

        for (size_t i = 0; item->param.file_rank && i < item->elements; i++)
            fv_store_set(store, item, i, fv_param_first_value(&item->param, seed, (uint32_t)k, i));
    }
}
