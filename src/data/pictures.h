/* Pictures in files: their list, what is known of each one, and those that cannot be used, with the reason. Found in a
 * folder (scan.c) or a list (list.c), read once (probe.c), cut into splits (portions.c), decoded as they are needed
 * (loader.h). Nothing is ever written into the user's data. */
#ifndef FV_DATA_PICTURES_H
#define FV_DATA_PICTURES_H
#include "base/memory.h"
#include "fovea/fovea.h"

/* A difference hash: bit (y, x) tells whether a picture of 17x16 grey pixels gets darker from x to x + 1. */
enum { FV_LOOK_WORDS = 4 };

typedef struct fv_picture {
    const char *path;       /* as it is opened */
    const char *name;       /* below the folder of the data: does not change when the folder moves */
    const char *class_name; /* as written; NULL where nobody says */
    uint32_t label;         /* in classes */
    int split;              /* fv_split, -1 = nobody says */
    uint32_t height, width; /* as decoded; 0 = was not read */
    uint8_t channels, grey; /* grey: three channels, all alike */
    uint8_t low, high;      /* brightness that 1 % and 99 % of its pixels do not exceed */
    int16_t cast[2];        /* mean of red - green and of blue - green; 0 of grey ones */
    uint8_t orientation;    /* EXIF, 1 to 8; 1 = stored upright */
    const char *format;     /* by its content, "JPEG" */
    const char *damage;     /* of a JPEG that gives pixels all the same: what its decoder said; NULL = it is whole */
    uint64_t content[2];    /* XXH3-128 of the file's bytes, low half first */
    uint64_t look[FV_LOOK_WORDS];
} fv_picture;

typedef enum fv_bad { FV_BAD_UNREADABLE, FV_BAD_TRUNCATED, FV_BAD_EMPTY_CLASS, FV_BAD_UNKNOWN_CLASS } fv_bad;

typedef struct fv_bad_file {
    const char *path, *reason;
    fv_bad kind;
} fv_bad_file;

typedef struct fv_pictures {
    fv_arena arena; /* of all texts */
    fv_host host;
    fv_picture *items;
    size_t count, size;
    fv_bad_file *bad;
    size_t bad_count, bad_size;
    const char **classes; /* sorted by name, or as the caller fixed them */
    size_t n_classes;
} fv_pictures;

void fv_pictures_init(fv_pictures *pictures, const fv_host *host);
void fv_pictures_free(fv_pictures *pictures);

/* Append; texts are copied into the arena. */
fv_status fv_pictures_add(fv_pictures *pictures, const char *path, const char *name, const char *class_name, int split,
                          fv_error *err);
fv_status fv_pictures_add_bad(fv_pictures *pictures, fv_bad kind, const char *path, const char *reason, fv_error *err);

/* Does the name end as pictures do (jpg, jpeg, png, ..., any case)? And as those of this format ("JPEG") do? */
bool fv_picture_named(const char *name);
bool fv_picture_named_as(const char *name, const char *format);

/* ---- scan.c: `path` is a folder with train/, val/ (valid/, validation/), test/, or one folder; a folder a class in
 * each, with pictures at any depth. `flat`: no classes, every picture below `path`. */
fv_status fv_pictures_scan(fv_pictures *pictures, const char *path, bool flat, fv_error *err);
/* Is there a folder train/ in it, or a folder with something that is called like a picture? */
bool fv_pictures_found(const char *path);

/* ---- list.c: a file that names pictures and their classes: CSV with a header (path, class or label, split), or lines
 * "path<TAB>class", "path class" (Caffe), or bare paths beside a file of labels that occur in them (darknet). */
fv_status fv_pictures_list(fv_pictures *pictures, const char *path, fv_error *err);
/* The same for its text of `size` bytes with a zero behind, which is changed. */
fv_status fv_pictures_list_text(fv_pictures *pictures, const char *path, char *text, size_t size, fv_error *err);

/* Either, whatever lies at `path`. */
fv_status fv_pictures_open(fv_pictures *pictures, const char *path, fv_error *err);

/* ---- classes.c: give each picture its label. `fixed` (n of them; NULL = those of the training pictures) are the
 * model's; pictures of other classes are listed as bad. */
fv_status fv_pictures_label(fv_pictures *pictures, const char *const *fixed, size_t n, const char *place,
                            fv_error *err);

/* ---- probe.c: read every picture once on `threads` threads: hash, size, look. What cannot be decoded is listed as bad
 * and leaves the list. `decode` false: hashes of files only. */
fv_status fv_pictures_probe(fv_pictures *pictures, size_t threads, bool decode, fv_error *err);
/* The same for one file in memory; its error is the reason. What is damaged though it could be decoded is err->message, with the
 * code FV_OK. Threads: any, with different pictures. */
fv_status fv_picture_look(fv_picture *picture, const uint8_t *data, size_t size, fv_error *err);

/* ---- alike.c: pictures that look alike (at most FV_ALIKE of 256 bits differ), by union of pairs: group[i] is the
 * smallest number of i's group. */
enum { FV_ALIKE = 15 };
unsigned fv_look_distance(const fv_picture *a, const fv_picture *b);
fv_status fv_pictures_alike(const fv_pictures *pictures, uint32_t *group, fv_error *err);

/* ---- portions.c: give every picture a split. Shares of each class go to val and test, chosen by a hash of seed and
 * content, so that adding pictures moves few; pictures that look alike stay together. Splits that are there already are
 * kept: val and test are cut from what belongs to none, or from train where there is no val. */
fv_status fv_pictures_portion(fv_pictures *pictures, double val, double test, uint64_t seed, fv_error *err);

#endif
