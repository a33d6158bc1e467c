/* Attributes by their operator's table: found, set, compared and printed. */
#include "net/tree.h"

#include <string.h>

const fv_attr *fv_attr_find(const fv_op *op, const char *name)
{
    for (const fv_attr *attr = op->attrs; attr && attr->name; attr++)
        if (strcmp(attr->name, name) == 0)
            return attr;
    return NULL;
}

bool fv_attr_set(const fv_op *op, void *attrs, const char *name, size_t value)
{
    const fv_attr *attr = fv_attr_find(op, name);
    char *at = attr ? (char *)attrs + attr->offset : NULL;

    if (!attr)
        return false;
    switch (attr->type) {
    case FV_ATTR_INT:
    case FV_ATTR_CLASSES:
        memcpy(at, &value, sizeof value);
        return true;
    case FV_ATTR_SIZE:
        memcpy(at, (size_t[]){value, value}, 2 * sizeof value);
        return true;
    case FV_ATTR_FLAG:
        memcpy(at, &(bool){value != 0}, sizeof(bool));
        return true;
    case FV_ATTR_REAL:
    case FV_ATTR_PAD:
    case FV_ATTR_WORD:
        break;
    }
    return false;
}

/* An attribute of any type, read from where it lies. */
typedef union any {
    size_t whole, size[2];
    double real;
    bool flag;
    fv_pad pad;
    int word;
} any;

static any read_value(const fv_attr *attr, const void *attrs)
{
    const char *at = (const char *)attrs + attr->offset;
    any v;

    memset(&v, 0, sizeof v);
    switch (attr->type) {
    case FV_ATTR_INT:
    case FV_ATTR_CLASSES:
        memcpy(&v.whole, at, sizeof v.whole);
        break;
    case FV_ATTR_REAL:
        memcpy(&v.real, at, sizeof v.real);
        break;
    case FV_ATTR_FLAG:
        memcpy(&v.flag, at, sizeof v.flag);
        break;
    case FV_ATTR_SIZE:
        memcpy(v.size, at, sizeof v.size);
        break;
    case FV_ATTR_PAD:
        memcpy(&v.pad, at, sizeof v.pad);
        break;
    case FV_ATTR_WORD:
        memcpy(&v.word, at, sizeof v.word);
        break;
    }
    return v;
}

static bool same_pad(const fv_pad *a, const fv_pad *b)
{
    if (a->same || b->same)
        return a->same && b->same;
    return a->top == b->top && a->left == b->left && a->bottom == b->bottom && a->right == b->right;
}

static bool equal(const fv_attr *attr, const void *attrs, const void *base)
{
    const any a = read_value(attr, attrs), b = read_value(attr, base);

    switch (attr->type) {
    case FV_ATTR_INT:
    case FV_ATTR_CLASSES:
        return a.whole == b.whole;
    case FV_ATTR_REAL:
        return a.real == b.real;
    case FV_ATTR_FLAG:
        return a.flag == b.flag;
    case FV_ATTR_SIZE:
        return a.size[0] == b.size[0] && a.size[1] == b.size[1];
    case FV_ATTR_PAD:
        return same_pad(&a.pad, &b.pad);
    case FV_ATTR_WORD:
        return a.word == b.word;
    }
    return false;
}

/* Whole numbers as people write them: the shortest form of 20 is 2e+01. */
void fv_net_print_real(fv_text *text, double value)
{
    if (value > -1e6 && value < 1e6 && value == (double)(int)value)
        fv_text_print(text, "%d", (int)value);
    else
        fv_text_print_real(text, value);
}

static void print_pad(fv_text *text, const fv_pad *pad)
{
    if (pad->same)
        fv_text_print(text, "same");
    else if (pad->top != pad->bottom || pad->left != pad->right)
        fv_text_print(text, "%zu,%zu,%zu,%zu", pad->top, pad->left, pad->bottom, pad->right);
    else if (pad->top != pad->left)
        fv_text_print(text, "%zux%zu", pad->top, pad->left);
    else
        fv_text_print(text, "%zu", pad->top);
}

/* The value alone; kernels are written 3x3 as papers do, strides 2. A flag that is on has no value. */
static void print_value(fv_text *text, const fv_attr *attr, const void *attrs)
{
    const any v = read_value(attr, attrs);

    switch (attr->type) {
    case FV_ATTR_INT:
        fv_text_print(text, "%zu", v.whole);
        break;
    case FV_ATTR_CLASSES:
        if (v.whole)
            fv_text_print(text, "%zu", v.whole);
        else
            fv_text_print(text, "classes");
        break;
    case FV_ATTR_REAL:
        fv_net_print_real(text, v.real);
        break;
    case FV_ATTR_FLAG:
        fv_text_print(text, "%s", v.flag ? "on" : "off");
        break;
    case FV_ATTR_SIZE:
        if (attr->positional || v.size[0] != v.size[1])
            fv_text_print(text, "%zux%zu", v.size[0], v.size[1]);
        else
            fv_text_print(text, "%zu", v.size[0]);
        break;
    case FV_ATTR_PAD:
        print_pad(text, &v.pad);
        break;
    case FV_ATTR_WORD:
        fv_text_print(text, "%s", attr->words[v.word]);
        break;
    }
}

bool fv_attrs_equal(const fv_op *op, const void *a, const void *b)
{
    for (const fv_attr *attr = op->attrs; attr && attr->name; attr++)
        if (!equal(attr, a, b))
            return false;
    return true;
}

static void print_named(fv_text *text, const fv_attr *attr, const void *attrs)
{
    fv_text_print(text, " %s", attr->name);
    if (attr->type == FV_ATTR_FLAG && read_value(attr, attrs).flag)
        return;
    fv_text_print(text, " ");
    print_value(text, attr, attrs);
}

void fv_attrs_print(fv_text *text, const fv_op *op, const void *attrs, const void *base, bool spelled)
{
    const fv_attr *last = NULL; /* positional one that must be written, and so all before it */

    for (const fv_attr *attr = op->attrs; attr && attr->name && !spelled; attr++)
        if (attr->positional && (attr->fallback <= FV_REQUIRED || !equal(attr, attrs, base)))
            last = attr;
    for (const fv_attr *attr = op->attrs; attr && attr->name; attr++) {
        if (attr->positional && last && attr <= last) {
            fv_text_print(text, " ");
            print_value(text, attr, attrs);
        } else if (!equal(attr, attrs, base)) {
            print_named(text, attr, attrs);
        }
    }
}

void fv_op_print(fv_text *text, const fv_op *op, const void *attrs)
{
    _Alignas(16) char base[1024];

    fv_text_print(text, "%s", op->name);
    if (op->attrs && op->attr_bytes <= sizeof base) {
        fv_attrs_default(op, base);
        fv_attrs_print(text, op, attrs, base, false);
    }
}
