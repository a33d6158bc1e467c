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

/**
 * Stolps of one more class, the old ones staying as they are: `stolps` are those of the other classes (their labels are
 * in `labels`), `label` is the class whose objects get stolps. In the result are the new ones only; s, own_stolp,
 * rival_stolp and f are empty.
 */
FV_API fv_status fv_fris_extend(const fv_fris *set, const uint32_t *labels, size_t n_labels, const uint32_t *stolps,
                                size_t n_stolps, uint32_t label, const fv_fris_stolp_options *options,
                                fv_fris_stolps **out, fv_error *err);

/* ----------------------------------------------------------------------------------------------------- decisions */

/** Other vectors, prepared as those of `set` were. Errors: FV_E_SHAPE if they have another number of columns. */
FV_API fv_status fv_fris_create_like(const fv_fris *set, const fv_fris_vectors *vectors, fv_fris **out, fv_error *err);

/** The vectors rows[0], rows[1], ... of a set as a set of their own. */
FV_API fv_status fv_fris_subset(const fv_fris *set, const uint32_t *rows, size_t n, fv_fris **out, fv_error *err);

/** The vectors of a set, and behind them those of another that was prepared alike. */
FV_API fv_status fv_fris_concat(const fv_fris *a, const fv_fris *b, fv_fris **out, fv_error *err);

typedef enum fv_fris_verdict {
    FV_FRIS_ACCEPTED,
    FV_FRIS_FAR,    /**< clearer than theta between two classes, but farther away than r_star allows */
    FV_FRIS_BETWEEN /**< about as near to a second class */
} fv_fris_verdict;

/** What prototypes say about vectors. Prototypes are numbered as in their set. */
typedef struct fv_fris_decisions {
    size_t count;
    const uint32_t *label;       /**< class of the nearest prototype, accepted or not */
    const uint32_t *rival;       /**< the second nearest class, or none */
    const uint32_t *own_stolp;   /**< the nearest prototype */
    const uint32_t *rival_stolp; /**< the nearest of the second class */
    const double *own, *other;   /**< distances to them; inf if there is no second class */
    const double *s;             /**< S(own, other): the margin, 0 to 1 */
    const double *s_star;        /**< S(own, min(other, r_star)): margin and distance, -1 to 1 */
    const uint8_t *verdict;      /**< fv_fris_verdict: not accepted where s_star < theta */
} fv_fris_decisions;

/** Classify vectors. r_star 0 = none; theta -1 accepts everything. */
FV_API fv_status fv_fris_decide(const fv_fris *prototypes, const uint32_t *labels, size_t n_labels,
                                const fv_fris *vectors, double r_star, double theta, fv_fris_decisions **out,
                                fv_error *err);

/**
 * r_star and theta from held-out vectors of known classes: r_star = r_scale times the median of `other` (the lower of
 * two), theta so that at least the share `accept` of them is accepted. Some fifty vectors or more make sense.
 * Errors: FV_E_RANGE without vectors, or where there is no second class.
 */
FV_API fv_status fv_fris_calibrate(const double *own, const double *other, size_t n, double accept, double r_scale,
                                   double *r_star, double *theta, fv_error *err);

/* ---------------------------------------------------------------------------------------- a classifier in a file */

/** One prototype: its class, how many objects it stands for, and what it is called. */
typedef struct fv_fris_prototype {
    uint32_t label, covers;
    const char *name; /**< may be NULL */
} fv_fris_prototype;

/** Where "none of these" begins, and the share of known objects that was to be accepted when it was drawn. */
typedef struct fv_fris_line {
    double r_star, theta, accept;
} fv_fris_line;

typedef struct fv_fris_classifier fv_fris_classifier;

/** Labels of prototypes are places in `class_names`. Everything is copied. */
FV_API fv_status fv_fris_classifier_create(const fv_fris *prototypes, const fv_fris_prototype *each, size_t count,
                                           const char *const *class_names, size_t classes, const fv_fris_line *line,
                                           fv_fris_classifier **out, fv_error *err);
/** Of the options, threads and isa count. */
FV_API fv_status fv_fris_classifier_open(const fv_host *host, const char *path, const fv_fris_options *options,
                                         fv_fris_classifier **out, fv_error *err);
/** Write a safetensors file; an existing file is replaced atomically. */
FV_API fv_status fv_fris_classifier_save(const fv_fris_classifier *classifier, const char *path, fv_error *err);
/**
 * The same into a model file: the network of `model` and beside it the classifier, whose vectors are what `layer` of the
 * network makes of a picture (fv_session_create_to), averaged over its map. `fovea predict` reads it, and so do
 * fv_model_open and fv_fris_classifier_open.
 */
FV_API fv_status fv_fris_classifier_save_in(const fv_fris_classifier *classifier, const fv_model *model,
                                            const char *layer, const char *path, fv_error *err);
/** The layer that fv_fris_classifier_save_in named; NULL for a classifier without a network. */
FV_API const char *fv_fris_classifier_layer(const fv_fris_classifier *classifier);
/** Decide about vectors made with fv_fris_create_like(fv_fris_classifier_prototypes(classifier), ...). */
FV_API fv_status fv_fris_classifier_run(const fv_fris_classifier *classifier, const fv_fris *vectors,
                                        fv_fris_decisions **out, fv_error *err);
FV_API const fv_fris *fv_fris_classifier_prototypes(const fv_fris_classifier *classifier);
FV_API const uint32_t *fv_fris_classifier_labels(const fv_fris_classifier *classifier);
FV_API fv_fris_prototype fv_fris_classifier_prototype(const fv_fris_classifier *classifier, size_t i);
FV_API size_t fv_fris_classifier_classes(const fv_fris_classifier *classifier);
FV_API const char *fv_fris_classifier_class(const fv_fris_classifier *classifier, size_t i);
FV_API fv_fris_line fv_fris_classifier_line(const fv_fris_classifier *classifier);
FV_API void fv_fris_classifier_free(fv_fris_classifier *classifier);

/* ----------------------------------------------------------------------------------------------- doubtful labels */

typedef struct fv_fris_doubt {
    uint32_t index, label;
    uint32_t suggested;              /**< label of the rival class */
    uint32_t own_index, rival_index; /**< evidence: the nearest of the own class, and the one that says otherwise */
    double s;
    bool singleton; /**< alone in its class: nothing speaks for or against its label */
} fv_fris_doubt;

typedef struct fv_fris_doubts {
    size_t count;
    const fv_fris_doubt *doubt; /**< [count] worst first */
} fv_fris_doubts;

/** All labelled objects, the most doubtful first, singletons at the end. k = 3 to 5 bears wrong labels best. */
FV_API fv_status fv_fris_queue(const fv_fris *set, const uint32_t *labels, size_t n_labels, uint32_t k,
                               fv_fris_doubts **out, fv_error *err);

/**
 * Take away the worst object, renew the values of the rest, and so on while there is one with s < theta; at most the
 * share `most` of all, and never the last two of a class. In the order in which they were taken.
 */
FV_API fv_status fv_fris_censor(const fv_fris *set, const uint32_t *labels, size_t n_labels, uint32_t k, double theta,
                                double most, fv_fris_doubts **out, fv_error *err);

/* ------------------------------------------------------------------------------------------------------ clusters */

typedef struct fv_fris_cluster_options {
    size_t size;           /**< sizeof(fv_fris_cluster_options) */
    uint32_t k_min, k_max; /**< numbers of clusters to try */
    double r_star;         /**< the virtual rival; 0 = half the mean distance */
    bool join;             /**< FRiS-Class: join clusters whose border is as dense as their inside */
    double f_star, alpha;  /**< of joining: how near the border counts, how alike densities must be */
    uint32_t most;         /**< objects to cluster; of more, every m-th is used and the others follow; 0 = 20000 */
} fv_fris_cluster_options;
#define FV_FRIS_CLUSTER_OPTIONS                                                                                        \
    {                                                                                                                  \
        sizeof(fv_fris_cluster_options), 2, 10, 0, false, 0.2, 1.5, 0                                                  \
    }

typedef struct fv_fris_clusters {
    size_t count;
    double r_star;
    const uint32_t *chain; /**< stolps in the order in which they were added, before they moved */
    size_t n_chain;
    uint32_t k;             /**< the number of clusters with the largest quality */
    double q;               /**< mean S of the nearest stolp against the second nearest */
    const uint32_t *stolps; /**< [k] */
    const uint32_t *label;  /**< [count] number of the nearest stolp */
    uint32_t first_k;       /**< the smallest number tried; q_of_k[i] belongs to first_k + i */
    const double *q_of_k;
    size_t n_q;
    const uint32_t *maxima; /**< numbers of clusters better than their neighbours */
    size_t n_maxima;
    const uint32_t *joined; /**< [count] class after joining, numbered by first appearance; NULL unless asked for */
    uint32_t classes;       /**< after joining */
} fv_fris_clusters;

/**
 * Group vectors without labels (FRiS-Tax: Borisova 2007).
 * Errors: FV_E_RANGE if there are fewer than two vectors, or k_min > k_max, or k_max < 2.
 */
FV_API fv_status fv_fris_cluster(const fv_fris *set, const fv_fris_cluster_options *options, fv_fris_clusters **out,
                                 fv_error *err);

/* ------------------------------------------------------------------------------------- some labelled, most not */

typedef struct fv_fris_spread_options {
    size_t size;         /**< sizeof(fv_fris_spread_options) */
    double r_star;       /**< the virtual rival; 0 = half the mean distance */
    double gain;         /**< stop when a stolp adds less to the mean S */
    uint32_t max_stolps; /**< 0 = no limit */
} fv_fris_spread_options;
#define FV_FRIS_SPREAD_OPTIONS                                                                                         \
    {                                                                                                                  \
        sizeof(fv_fris_spread_options), 0, 0.02, 0                                                                     \
    }

typedef struct fv_fris_spread {
    size_t count, n_stolps;
    double r_star;
    const uint32_t *stolp, *stolp_label; /**< [n_stolps] in the order in which they were chosen */
    const double *history;               /**< [n_stolps] mean S after each */
    const uint32_t *label;               /**< [count] class of the nearest stolp */
    const double *s_star;                /**< [count] S against the next class or r_star */
} fv_fris_spread;

/** FRiS-TDR: stolps among labelled and unlabelled objects, so that labels spread. Time grows with stolps n^2. */
FV_API fv_status fv_fris_spread_labels(const fv_fris *set, const uint32_t *labels, size_t n_labels,
                                       const fv_fris_spread_options *options, fv_fris_spread **out, fv_error *err);

/* ------------------------------------------------------------------------------------------------ feature groups */

typedef struct fv_fris_groups {
    size_t count;
    const uint32_t *group; /**< the best set met, ascending */
    double macro;          /**< its compactness */
    size_t n_path;
    const uint32_t *path;   /**< every set visited, one after another */
    const size_t *path_end; /**< [n_path] where each ends in path */
    const double *path_macro;
} fv_fris_groups;

/**
 * Choose groups of columns by macro compactness: add `add` groups one by one, drop `drop`, until `most` (0 = all) are
 * in. group_of[column] < groups. Euclidean distances whatever the set's metric. Confirm the choice on held-out data.
 */
FV_API fv_status fv_fris_select(const fv_fris *set, const uint32_t *labels, size_t n_labels, const uint32_t *group_of,
                                size_t groups, size_t most, size_t add, size_t drop, fv_fris_groups **out,
                                fv_error *err);

#ifdef __cplusplus
}
#endif
#endif
