/* SIGINT, SIGTERM and SIGHUP end a run in order: the first one is remembered, the second one ends at once. */
#ifndef FV_CLI_STOP_H
#define FV_CLI_STOP_H

void fv_cli_stop_begin(void);
void fv_cli_stop_end(void);
int fv_cli_stop_signal(void); /* the signal that came since fv_cli_stop_begin, or 0 */

#endif
