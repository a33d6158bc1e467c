#include "cli/class_weights.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The number of the class called name[0..length-1], or the number of classes. */
static size_t class_called(const fv_data *data, const char *name, size_t length)
{
    size_t c = 0;

    while (c < fv_data_classes(data) &&
           (strlen(fv_data_class_name(data, c)) != length || memcmp(fv_data_class_name(data, c), name, length) != 0))
        c++;
    return c;
}

/* One line, without its end: the last word is the number, the name may have blanks in it. */
static int read_line(const fv_cli *cli, const fv_data *data, const char *path, size_t number, char *line,
                     double *weights)
{
    size_t length = strlen(line), at, c;
    double value;

    while (length && strchr(" \t\r", line[length - 1]))
        line[--length] = 0;
    for (at = length; at && !strchr(", \t", line[at - 1]);)
        at--;
    if (!length || line[0] == '#' || (number == 1 && strcmp(line, "class,weight") == 0))
        return FV_EXIT_OK;
    if (!at || !fv_text_real(line + at, &value) || !(value >= 0))
        return fv_cli_usage(cli, "%s:%zu: wanted a class and its weight, such as 'cat 2.5', has '%.80s'", path, number,
                            line);
    while (at && strchr(", \t", line[at - 1]))
        at--;
    c = class_called(data, line, at);
    if (c == fv_data_classes(data))
        return fv_cli_usage(cli, "%s:%zu: the data has no class '%.*s'", path, number, (int)at, line);
    if (!isnan(weights[c]))
        return fv_cli_usage(cli, "%s:%zu: class '%.*s' has a weight already", path, number, (int)at, line);
    weights[c] = value;
    return FV_EXIT_OK;
}

static int read_lines(const fv_cli *cli, const fv_data *data, const char *path, char *text, double *weights)
{
    int code = FV_EXIT_OK;
    size_t number = 1;

    for (char *line = text, *end; !code && *line; line = end, number++) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = 0;
        code = read_line(cli, data, path, number, line, weights);
    }
    for (size_t c = 0; !code && c < fv_data_classes(data); c++)
        if (isnan(weights[c]))
            code = fv_cli_usage(cli, "%s: class '%s' has no weight", path, fv_data_class_name(data, c));
    return code;
}

int fv_cli_class_weights(const fv_cli *cli, const fv_data *data, const char *path, double **out)
{
    const fv_host host = fv_host_or_default(&cli->host);
    const size_t classes = fv_data_classes(data);
    uint8_t *text = NULL;
    size_t size;
    fv_error err = {0};
    int code;

    *out = NULL;
    if (fv_file_read(&host, path, 1 << 20, &text, &size, &err))
        return fv_cli_fail(cli, &err);
    *out = fv_alloc(&host, classes, sizeof **out);
    for (size_t c = 0; *out && c < classes; c++)
        (*out)[c] = NAN;
    code = *out ? read_lines(cli, data, path, (char *)text, *out) : fv_cli_memory(cli);
    fv_release(&host, text);
    if (code && *out) {
        fv_release(&host, *out);
        *out = NULL;
    }
    return code;
}
