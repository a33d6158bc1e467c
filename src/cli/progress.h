/* Progress of a training run on standard error: on a terminal one line that is rewritten at most ten times a second,
 * elsewhere plain lines, one an epoch and at most one every ten seconds. */
#ifndef FV_CLI_PROGRESS_H
#define FV_CLI_PROGRESS_H
#include "cli/terminal.h"
#include "fovea/fovea.h"

typedef struct fv_cli_progress {
    bool silent, live, utf8, color;
    double began_s, drawn_s; /* clock at the first report of this process, and at the last line */
    uint64_t began_step;     /* steps of the run before that */
    bool begun, line_open;   /* a live line stands there without its end */
} fv_cli_progress;

/* `quiet` means --quiet: then nothing is printed. */
fv_cli_progress fv_cli_progress_begin(const fv_cli_terminal *terminal, fv_cli_progress_mode mode, bool quiet);
void fv_cli_progress_show(fv_cli_progress *progress, const fv_progress *now);
/* End an open line, before anything else is printed. */
void fv_cli_progress_end(fv_cli_progress *progress);

#endif
