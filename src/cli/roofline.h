/* The roofline picture: each step of a run between the limits of arithmetic and of memory (Williams, Waterman, Patterson
 * 2009, "Roofline: an insightful visual performance model"). */
#ifndef FV_CLI_ROOFLINE_H
#define FV_CLI_ROOFLINE_H
#include "cli/layers.h"
#include "cli/limits.h"

/* Steps as circles whose area is their share of the time, at operations a byte and operations a second; `title` stands
 * above. Written to `path`. */
fv_status fv_cli_roofline_write(const fv_cli_layers *layers, const fv_cli_limits *limits, const char *title,
                                const char *path, fv_error *err);

#endif
