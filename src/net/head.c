/* A network with its last layer replaced, for transfer learning: the layers in front of it are another set's knowledge. */
#include "base/error.h"
#include "net/tree.h"

#include <stdio.h>
#include <string.h>

/* Cut the list in front of `head`, which is in it or in a group of it. False if it is not. */
static bool cut(fv_stmts *list, const fv_stmt *head)
{
    fv_stmt *before = NULL;

    for (fv_stmt *s = list->first; s; before = s, s = s->next) {
        const bool inside = s != head && s->kind == FV_STMT_GROUP && cut(&s->arms->body, head);

        if (s != head && !inside)
            continue;
        if (inside && s->arms->body.first) { /* the group keeps what was in front */
            s->next = NULL;
            list->last = s;
            return true;
        }
        list->last = before;
        if (before)
            before->next = NULL;
        else
            list->first = NULL;
        return true;
    }
    return false;
}

/* Heads that exist in training only are for the classes of before. */
static void drop_aux(fv_stmts *list)
{
    fv_stmt **link = &list->first, *last = NULL;

    for (fv_stmt *s = list->first; s; s = s->next) {
        if (s->kind == FV_STMT_AUX) {
            *link = s->next;
            continue;
        }
        for (fv_arm *arm = s->arms; arm; arm = arm->next)
            drop_aux(&arm->body);
        link = &s->next;
        last = s;
    }
    list->last = last;
}

/* The row in front of the last one that learns: what feeds the head. */
static const fv_layer *feeding(const fv_net_info *info)
{
    size_t head = info->count;

    for (size_t i = 0; i < info->count; i++)
        if (!info->layers[i].training_only && info->layers[i].parameters)
            head = i;
    while (head && head < info->count && info->layers[head - 1].training_only)
        head--;
    return head && head < info->count ? &info->layers[head - 1] : NULL;
}

static fv_status replace(fv_net *net, bool map, size_t classes, fv_error *err)
{
    char text[96];
    fv_stmt *head = fv_net_head_of(&net->body);

    if (!head || !cut(&net->body, head))
        return fv_fail(err, FV_E_ARGUMENT, "%s: has no last layer that could be replaced", fv_net_name(net));
    drop_aux(&net->body);
    net->loss = NULL;
    net->n_train = 0;
    net->classes = classes;
    snprintf(text, sizeof text, "%s" FV_HEAD ": dense classes\nsoftmax\n", map ? "avgpool global\n" : "");
    return fv_net_read(net, text, false, err);
}

fv_status fv_net_new_head(const fv_host *host, fv_net *net, size_t classes, char layer[FV_NET_LABEL], fv_net **out,
                          fv_error *err)
{
    const fv_layer *feeds;
    fv_net_info info;
    fv_net *copy = NULL;
    char *text = NULL;
    fv_status status = fv_net_describe(net, &info, err);

    *out = NULL;
    if (status)
        return status;
    feeds = feeding(&info);
    if (!feeds)
        return fv_fail(err, FV_E_ARGUMENT, "%s: no layer stands in front of its last one", fv_net_name(net));
    if (layer)
        snprintf(layer, FV_NET_LABEL, "%s", feeds->name);
    status = fv_net_clone(host, net, &copy, err);
    if (!status)
        status = replace(copy, feeds->height * feeds->width > 1, classes, err);
    if (!status && !(text = fv_net_print(copy)))
        status = fv_fail_memory(err, FV_NET_BYTES_MAX, "a network's text");
    if (!status)
        status = fv_net_parse(host, text, copy->file, out, err);
    if (copy)
        fv_release(&copy->arena.host, text);
    fv_net_free(copy);
    return status;
}
