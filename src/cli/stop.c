#define _POSIX_C_SOURCE 200809L
#include "cli/stop.h"
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof signals / sizeof signals[0] };
static struct sigaction before[SIGNALS];
static volatile sig_atomic_t arrived;

static void remember(int signal)
{
    if (arrived)
        _exit(128 + signal); /* files stay whole: they are written beside and renamed */
    arrived = signal;
}

/* What was ignored stays ignored: nohup, and jobs that a shell without job control put into the background. */
void fv_cli_stop_begin(void)
{
    struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESTART};

    arrived = 0;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

void fv_cli_stop_end(void)
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

int fv_cli_stop_signal(void)
{
    return arrived;
}
