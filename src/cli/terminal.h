/* What standard output and standard error are connected to, and what may be written there. */
#ifndef FV_CLI_TERMINAL_H
#define FV_CLI_TERMINAL_H
#include <stdbool.h>
#include <stddef.h>

typedef enum fv_cli_when { FV_CLI_AUTO, FV_CLI_ALWAYS, FV_CLI_NEVER } fv_cli_when;
typedef enum fv_cli_progress_mode {
    FV_CLI_PROGRESS_AUTO,
    FV_CLI_PROGRESS_PLAIN,
    FV_CLI_PROGRESS_NONE
} fv_cli_progress_mode;

typedef struct fv_cli_terminal {
    bool out_color, err_color; /* colours may be used there */
    bool live;                 /* standard error is a terminal where a line can be rewritten */
    bool utf8;                 /* the locale's characters are UTF-8 */
} fv_cli_terminal;

/* --color first, then NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, else colours on a terminal only. Needs
 * setlocale(LC_CTYPE, "") before. */
fv_cli_terminal fv_cli_terminal_look(fv_cli_when color);

/* Columns of the terminal at standard error, 80 if nobody knows. Asked anew each time: the user may pull the window. */
size_t fv_cli_terminal_width(void);

/* Columns that UTF-8 text takes; combining and wide characters are not told apart. */
size_t fv_cli_text_width(const char *text);

#endif
