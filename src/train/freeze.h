/* Fine-tuning: which of a net's numbers a step changes. */
#ifndef FV_TRAIN_FREEZE_H
#define FV_TRAIN_FREEZE_H
#include "graph/graph.h"
#include "train/options.h"

/* Parameters of the graph that the settings leave alone become states, which have no gradient: everything in front of
 * the last `unfreeze` layers with weights, and batch normalisation unless it trains, which then uses its running averages
 * and keeps them. Returns the first parameter of the last layer with weights: those in front of it are the backbone's. */
fv_value fv_freeze(fv_graph *graph, const fv_settings *settings);

#endif
