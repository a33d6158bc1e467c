/* Fovea: the function of competitive similarity (FRiS, Zagoruiko and others).
 *
 *     S(u, x | x') = (rho(u, x') - rho(u, x)) / (rho(u, x') + rho(u, x))
 *
 * How much u is like x in competition with x': +1 = u is x, -1 = u is x', 0 = half way. Everything here works on plain
 * vectors (features of a network, measurements); doc/fris.md explains it.
 *
 * A set (fv_fris) holds vectors that were prepared once. Results are structs that the functions make: fv_fris_release
 * frees any of them. Labels are numbers of the caller's choosing; FV_FRIS_NONE stands for "no label", and in results for
 * "no such object". Objects are numbered as the vectors are.
 *
 * Ties go to the lowest number: distances within 1e-12 of each other (1e-6 for vectors of floats), relative, are equal.
 * Sums of S are whole numbers, so results do not depend on the number of threads. */
#ifndef FOVEA_FRIS_H
#define FOVEA_FRIS_H
#include "fovea/fovea.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FV_FRIS_NONE UINT32_MAX

/**
 * S of two distances >= 0, the function itself: (rival - own) / (rival + own).
 * Equal distances give 0, two zeros and two infinities too; an infinite rival gives 1, an infinite own -1. No term is
 * added to the denominator, so S(c a, c b) = S(a, b). NaN if a distance is negative or NaN.
 */
FV_API double fv_fris_similarity(double own, double rival);

/* -------------------------------------------------------------------------------------------------------- vectors */

typedef enum fv_fris_metric { FV_FRIS_EUCLIDEAN, FV_FRIS_SQUARED, FV_FRIS_COSINE, FV_FRIS_MANHATTAN } fv_fris_metric;
typedef enum fv_fris_norm { FV_FRIS_L2, FV_FRIS_AS_IS } fv_fris_norm;
typedef enum fv_fris_precision { FV_FRIS_AS_GIVEN, FV_FRIS_FLOAT, FV_FRIS_DOUBLE } fv_fris_precision;

/** Vectors of the caller, [count, dims] row-major: either floats or doubles, the other NULL. */
typedef struct fv_fris_vectors {
    const float *floats;
    const double *doubles;
    size_t count, dims;
} fv_fris_vectors;

typedef struct fv_fris_options {
    size_t size; /**< sizeof(fv_fris_options) */
    fv_fris_metric metric;
    fv_fris_norm norm;           /**< scale vectors to length 1, or leave them as they are; a zero vector stays zero */
    bool centre;                 /**< subtract the mean vector first, or `centre_at` */
    const double *centre_at;     /**< [dims], of the training vectors; NULL = the mean of these */
    fv_fris_precision precision; /**< of what is kept; distances in the end are always computed in double */
    size_t threads;              /**< 0 = as many as the affinity mask allows */
    const char *isa;             /**< as fv_session_options */
} fv_fris_options;
#define FV_FRIS_OPTIONS                                                                                                \
    {                                                                                                                  \
        sizeof(fv_fris_options), FV_FRIS_EUCLIDEAN, FV_FRIS_L2, false, NULL, FV_FRIS_AS_GIVEN, 0, NULL                 \
    }

typedef struct fv_fris fv_fris;

/**
 * Copy and prepare vectors: subtract the centre, then scale to length 1.
 * Threads: one call at a time a set.
 * Errors: FV_E_NAN names the first vector and column that is not finite; FV_E_RANGE without vectors or columns.
 */
FV_API fv_status fv_fris_create(const fv_host *host, const fv_fris_vectors *vectors, const fv_fris_options *options,
                                fv_fris **out, fv_error *err);
FV_API size_t fv_fris_count(const fv_fris *set);
FV_API size_t fv_fris_dims(const fv_fris *set);
/** Vectors of length 0, which have no direction: under L2 they stay zero. */
FV_API size_t fv_fris_zeros(const fv_fris *set);
/** [dims], or NULL if no centre was subtracted. */
FV_API const double *fv_fris_centre(const fv_fris *set);
/** Component `column` of vector i as it was prepared. */
FV_API double fv_fris_value(const fv_fris *set, size_t i, size_t column);
/** The distance between vector i of one set and vector j of another (or the same), in double. Both have equal dims. */
FV_API double fv_fris_distance(const fv_fris *a, size_t i, const fv_fris *b, size_t j);
FV_API void fv_fris_free(fv_fris *set);

/** Free a result of any function below; NULL is allowed. */
FV_API void fv_fris_release(void *result);

/* ----------------------------------------------------------------------------------------- objects, classes, pairs */

/** Mean S of classes. `macro` is the mean over classes, `micro` over objects. */
typedef struct fv_fris_compactness {
    size_t classes;
    const uint32_t *label; /**< [classes], ascending */
    const uint32_t *size;  /**< [classes] objects */
    const double *mean;    /**< [classes] */
    double micro, macro;
} fv_fris_compactness;

/** Local values, leave-one-out. Objects without a label have NaN and FV_FRIS_NONE. */
typedef struct fv_fris_objects {
    size_t count;
    const double *own;           /**< mean distance to the k nearest others of the own class; inf if alone */
    const double *rival;         /**< the least such mean over other classes, or r_star; inf if there is none */
    const double *s;             /**< S(own, rival) */
    const uint32_t *own_index;   /**< the nearest other object of the own class */
    const uint32_t *rival_index; /**< the nearest object of the rival class; none where r_star is nearer */
    const uint32_t *rival_class; /**< its label */
    fv_fris_compactness compactness;
    const double
        *pairs;        /**< [classes, classes]: mean over class a of S(nearest other of a, nearest of b); 0 if a = b */
    size_t positive;   /**< objects with s > 0: leave-one-out 1-NN is right (k = 1) */
    size_t singletons; /**< objects that are alone in their class */
    size_t conflicts;  /**< objects at distance 0 of an object of another class */
} fv_fris_objects;

/**
 * Local values of every labelled object. k = 1 is the published function; larger k bears wrong labels. A class with
 * fewer objects than k counts with those it has. r_star: a virtual rival at this distance, 0 = none.
 * Errors: FV_E_SHAPE if there are not as many labels as vectors; FV_E_RANGE if k is 0 or no object has a label.
 */
FV_API fv_status fv_fris_measure(const fv_fris *set, const uint32_t *labels, size_t n_labels, uint32_t k, double r_star,
                                 fv_fris_objects **out, fv_error *err);

/* ---------------------------------------------------------------------------------------------------- FRiS-Stolp */

typedef struct fv_fris_stolp_options {
    size_t size;          /**< sizeof(fv_fris_stolp_options) */
    double lambda;        /**< share of defence in the efficiency; the rest is tolerance */
    double f_star;        /**< an object is covered where S >= f_star */
    uint32_t rounds;      /**< rivals are all foreign objects in the first, foreign stolps in later rounds */
    uint32_t min_cluster; /**< a stolp that covers fewer objects is dropped (the largest stays) */
    uint32_t max_stolps;  /**< of a class, 0 = no limit */
    double r_star;        /**< a virtual rival at this distance, 0 = none */
} fv_fris_stolp_options;
#define FV_FRIS_STOLP_OPTIONS                                                                                          \
    {                                                                                                                  \
        sizeof(fv_fris_stolp_options), 0.8, 0.05, 2, 1, 0, 0                                                           \
    }

/** Prototypes, by class and then as they were found. */
typedef struct fv_fris_stolps {
    size_t count;
    const uint32_t *stolp;     /**< [count] objects */
    const uint32_t *label;     /**< [count] their classes */
    const uint32_t *covers;    /**< [count] objects each covered when it was chosen */
    const double *efficiency;  /**< [count] */
    const uint32_t *uncovered; /**< objects that no kept stolp covers, ascending */
    size_t n_uncovered;
    uint32_t rounds;           /**< done; fewer than asked where the lists did not change */
    size_t objects;            /**< of the set; the arrays below have as many elements */
    const uint32_t *own_stolp; /**< the nearest stolp of the own class */
    const uint32_t *rival_stolp;
    const double *s;       /**< S between them */
    fv_fris_compactness f; /**< of s */
} fv_fris_stolps;

/** Choose stolps (Zagoruiko, Borisova, Dyubanov, Kutnenko 2008; doc/fris.md says where we differ). NULL = defaults. */
FV_API fv_status fv_fris_choose(const fv_fris *set, const uint32_t *labels, size_t n_labels,
                                const fv_fris_stolp_options *options, fv_fris_stolps **out, fv_error *err);

#ifdef __cplusplus
}
#endif
#endif
