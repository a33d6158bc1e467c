#include "cli/terminal.h"
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

static bool colorful(fv_cli_when color, int file)
{
    if (color != FV_CLI_AUTO)
        return color == FV_CLI_ALWAYS;
    if (set("NO_COLOR"))
        return false;
    if (set("CLICOLOR_FORCE") || set("FORCE_COLOR"))
        return true;
    const char *term = getenv("TERM");
    return isatty(file) && !(term && strcmp(term, "dumb") == 0);
}

fv_cli_terminal fv_cli_terminal_look(fv_cli_when color)
{
    const char *term = getenv("TERM");

    return (fv_cli_terminal){
        .out_color = colorful(color, STDOUT_FILENO),
        .err_color = colorful(color, STDERR_FILENO),
        .live = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0,
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}

size_t fv_cli_terminal_width(void)
{
    struct winsize size = {0};

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

size_t fv_cli_text_width(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80; /* every byte that does not continue a character */
    return width;
}
