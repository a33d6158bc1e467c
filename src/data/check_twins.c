/* Pictures that are there twice: the same file, or one that looks alike. Each is compared with those before it, so that
 * of n alike n - 1 are named; blank pictures all look alike and say nothing. */
#include "base/error.h"
#include "data/check.h"

#include <stdlib.h>

enum { NEIGHBOURS = 4096 /* compared at most within a group, as in alike.c */ };

/* A picture's group and its number. */
typedef struct member {
    uint32_t group, index;
} member;

static int by_group(const void *a, const void *b)
{
    const member *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool same_file(const fv_picture *a, const fv_picture *b)
{
    return a->content[0] == b->content[0] && a->content[1] == b->content[1];
}

/* Smooth surfaces in the same light have the same look. In photos of one thing, again in other light or saved again, the
 * cast differed by 1 of 255, in those of different things that looked alike by 18 and more (TrashNet). */
enum { CAST = 8 };

static bool same_cast(const fv_picture *a, const fv_picture *b)
{
    const bool grey = a->channels == 1 || b->channels == 1 || a->grey || b->grey; /* perhaps a grey copy */

    return grey || (abs(a->cast[0] - b->cast[0]) <= CAST && abs(a->cast[1] - b->cast[1]) <= CAST);
}

/* How a pair may be related; a picture is named once for each. */
enum { CLASSES, SPLITS, WITHIN, RELATIONS };

static const fv_finding_kind kinds[2][RELATIONS] = {
    {FV_FINDING_NEAR_CONFLICT, FV_FINDING_NEAR_LEAK, FV_FINDING_NEAR_DUPLICATES},
    {FV_FINDING_CONFLICT, FV_FINDING_LEAK, FV_FINDING_EXACT_DUPLICATES},
};

static bool related(const fv_picture *a, const fv_picture *b, int how)
{
    const bool classes = a->label != b->label, splits = a->split >= 0 && b->split >= 0 && a->split != b->split;

    return how == CLASSES ? classes : how == SPLITS ? splits : !classes && !splits;
}

/* The nearest of `count` earlier pictures of the group that is related so and is, or is not, the same file. */
static const fv_picture *nearest(const fv_picture *items, const member *earlier, size_t count, const fv_picture *p,
                                 int how, bool exact)
{
    const fv_picture *best = NULL;
    unsigned least = FV_ALIKE + 1;

    for (size_t i = 0; i < count; i++) {
        const fv_picture *q = &items[earlier[i].index];

        if (!related(p, q, how) || same_file(p, q) != exact || !same_cast(p, q))
            continue;
        const unsigned distance = exact ? 0 : fv_look_distance(p, q);

        if (distance < least && (exact || !fv_picture_blank(q))) {
            least = distance;
            best = q;
        }
    }
    return best;
}

/* A file that was there before is not compared by its look as well. */
static fv_status name(fv_check *check, const fv_picture *p, const member *earlier, size_t count, fv_error *err)
{
    const fv_picture *items = check->pictures.items;
    bool found = false;
    fv_status status = FV_OK;

    for (int exact = 1; exact >= 0 && !found && (exact || !fv_picture_blank(p)); exact--)
        for (int how = 0; !status && how < RELATIONS; how++) {
            const fv_picture *other = nearest(items, earlier, count, p, how, exact);

            if (!other || (how == WITHIN && found))
                continue;
            found = true;
            status = fv_check_add(
                check, (fv_finding){.kind = kinds[exact][how], .path = p->path, .picture = p, .other = other}, err);
        }
    return status;
}

fv_status fv_check_twins(fv_check *check, fv_error *err)
{
    const fv_pictures *p = &check->pictures;
    uint32_t *group = fv_alloc(&p->host, p->count, sizeof *group);
    member *members = fv_alloc(&p->host, p->count, sizeof *members);
    fv_status status = FV_OK;

    if (!group || !members)
        status = fv_fail_memory(err, p->count * sizeof *members, "the search for duplicates");
    if (!status)
        status = fv_pictures_alike(p, group, err);
    for (size_t i = 0; !status && i < p->count; i++)
        members[i] = (member){group[i], (uint32_t)i};
    if (!status && p->count)
        qsort(members, p->count, sizeof *members, by_group);
    for (size_t i = 1, first = 0; !status && i < p->count; i++) {
        if (members[i].group != members[i - 1].group)
            first = i;
        if (i - first > NEIGHBOURS)
            first = i - NEIGHBOURS;
        status = name(check, &p->items[members[i].index], members + first, i - first, err);
    }
    fv_release(&p->host, group);
    fv_release(&p->host, members);
    return status;
}
