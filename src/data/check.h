/* What is wrong or odd about a set of pictures, before anything is trained on it. */
#ifndef FV_DATA_CHECK_H
#define FV_DATA_CHECK_H
#include "data/pictures.h"

/* X(name, word, is it an error?, what it means). Errors lose data or make figures wrong; the rest is worth a look. Words
 * are those of CleanVision where it has one. */
#define FV_FINDING_MAP(X)                                                                                              \
    X(UNREADABLE, "unreadable", true, "cannot be read: training leaves it out")                                        \
    X(TRUNCATED, "truncated", true, "the file is cut short: training leaves it out")                                   \
    X(EMPTY_CLASS, "empty_class", true, "a class without a picture")                                                   \
    X(UNKNOWN_CLASS, "unknown_class", true, "of a class that no training picture has: left out")                       \
    X(ONE_CLASS, "one_class", true, "there is one class: nothing to tell apart")                                       \
    X(CONFLICT, "conflict", true, "the same file in two classes: one label is wrong")                                  \
    X(LEAK, "leak", true, "the same file in two splits: what is measured on the second is too good")                   \
    X(NEAR_CONFLICT, "near_conflict", false, "looks like a picture of another class")                                  \
    X(NEAR_LEAK, "near_leak", false, "looks like a picture of another split")                                          \
    X(EXACT_DUPLICATES, "exact_duplicates", false, "the same file as another of its class")                            \
    X(NEAR_DUPLICATES, "near_duplicates", false, "looks like another of its class")                                    \
    X(MISSING_CLASS, "missing_class", false, "a class of the training pictures that a split does not have")            \
    X(DAMAGED, "damaged", false, "damaged in the middle: a part of it may be grey or out of place")                    \
    X(EXTENSION, "extension_mismatch", false, "its name promises another format than it has")                          \
    X(ROTATED, "exif_rotated", false, "stored turned or mirrored, upright by its EXIF orientation")                    \
    X(TINY, "odd_size", false, "tiny")                                                                                 \
    X(BLANK, "low_information", false, "blank: hardly any brightness apart from one")                                  \
    X(GREY, "grayscale", false, "grey, stored as colours")

typedef enum fv_finding_kind {
#define FV_FINDING_ENUM(name, word, error, help) FV_FINDING_##name,
    FV_FINDING_MAP(FV_FINDING_ENUM)
#undef FV_FINDING_ENUM
        FV_FINDINGS
} fv_finding_kind;

typedef struct fv_finding_text {
    const char *word, *help;
    bool error;
} fv_finding_text;
extern const fv_finding_text fv_finding_texts[FV_FINDINGS];

typedef struct fv_finding {
    fv_finding_kind kind;
    const char *path;
    const fv_picture *picture; /* at that path; NULL where there is none that can be read */
    const fv_picture *other;   /* the one that it is like, or NULL */
    const char *detail;        /* "JPEG named .png"; NULL = the kind says all */
} fv_finding;

typedef struct fv_check {
    fv_pictures pictures; /* those that can be used */
    fv_finding *items;    /* by kind, then in the order of the pictures */
    size_t count, size;
    size_t counts[FV_FINDINGS];
    size_t (*members)[4]; /* of each class: in train, val, test and in no split */
} fv_check;

typedef struct fv_check_options {
    size_t threads; /* 0 = as many as the affinity mask allows */
    size_t least;   /* pixels; a picture with a shorter side is tiny */
} fv_check_options;

/* Read and compare all pictures of a folder or a list. FV_E_IO if there are none at all. On failure *out is empty. */
fv_status fv_check_run(const fv_host *host, const char *path, const fv_check_options *options, fv_check *out,
                       fv_error *err);
void fv_check_free(fv_check *check);

size_t fv_check_errors(const fv_check *check);

/* How many pictures of the class are there to train on? How many times as many has the largest class as the smallest? */
size_t fv_check_members(const fv_check *check, size_t label);
double fv_check_imbalance(const fv_check *check);

/* ---- what check.c and check_twins.c have from each other */
bool fv_picture_blank(const fv_picture *picture);
fv_status fv_check_add(fv_check *check, fv_finding finding, fv_error *err);
fv_status fv_check_twins(fv_check *check, fv_error *err);

#endif
