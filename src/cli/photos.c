#define _POSIX_C_SOURCE 200809L
#include "cli/photos.h"
#include "base/file.h"
#include "base/text.h"
#include "data/data.h"
#include "net/net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN = 10 };

const char *const fv_cli_tta_words[] = {"flip", "ten", NULL};

size_t fv_cli_tta_views(int word)
{
    return word < 0 ? 1 : word == 0 ? 2 : 10;
}

static int write_file(const fv_cli *cli, const char *folder, const char *name, const fv_text *text)
{
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    const fv_piece piece = {text->data, text->length};
    fv_error err = {0};

    if (text->failed || length < 0 || (size_t)length >= sizeof path)
        return fv_cli_memory(cli);
    return fv_file_replace(path, &piece, 1, &err) ? fv_cli_fail(cli, &err) : FV_EXIT_OK;
}

/* One path a line of standard input. */
static fv_status take_list(fv_pictures *files, fv_error *err)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    fv_status status = FV_OK;

    while (!status && (length = getline(&line, &size, stdin)) >= 0) {
        while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            line[--length] = 0;
        if (length)
            status = fv_pictures_add(files, line, line, NULL, -1, err);
    }
    free(line);
    return status;
}

int fv_cli_take_pictures(const fv_cli *cli, size_t first, fv_pictures *files)
{
    fv_error err = {0};
    fv_status status = FV_OK;

    for (size_t i = first; !status && i < cli->count; i++) {
        const char *path = cli->operands[i];
        struct stat info;

        if (strcmp(path, "-") == 0)
            status = take_list(files, &err);
        else if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            status = fv_pictures_scan(files, path, true, &err);
        else
            status = fv_pictures_add(files, path, path, NULL, -1, &err);
    }
    if (status)
        return fv_cli_fail(cli, &err);
    for (size_t i = 0; i < files->bad_count; i++)
        fv_cli_note(cli, "left out: %s: %s", files->bad[i].path, files->bad[i].reason);
    if (files->count)
        return FV_EXIT_OK;
    fv_cli_say(cli, "there are no pictures");
    return FV_EXIT_FAILURE;
}

int fv_cli_tell_bad(const fv_cli *cli, const fv_data *data, const char *folder)
{
    const size_t count = fv_data_bad(data);
    fv_text text;
    int code = FV_EXIT_OK;

    if (!count)
        return FV_EXIT_OK;
    fv_text_init(&text, NULL);
    for (size_t i = 0; i < count; i++) {
        if (i < SHOWN)
            fv_cli_note(cli, "left out: %s: %s", fv_data_bad_path(data, i), fv_data_bad_reason(data, i));
        fv_text_print(&text, "%s\t%s\n", fv_data_bad_path(data, i), fv_data_bad_reason(data, i));
    }
    if (folder)
        code = write_file(cli, folder, "bad_files.txt", &text);
    fv_cli_note(cli, "%zu files or folders were left out%s%s%s", count, folder ? "; all are in " : "",
                folder ? folder : "", folder ? "/bad_files.txt" : "");
    fv_text_free(&text);
    return code ? code : FV_EXIT_PARTLY;
}

int fv_cli_fit_classes(const fv_cli *cli, const fv_data *data, fv_net **net)
{
    fv_net_size to = FV_NET_SIZE;
    fv_net *old = *net;
    fv_error err = {0};

    if (!data->in_files || fv_net_classes(old) == fv_data_classes(data))
        return FV_EXIT_OK;
    to.classes = fv_data_classes(data);
    if (fv_net_resize(&cli->host, old, &to, net, &err)) {
        *net = old;
        return fv_cli_fail(cli, &err);
    }
    fv_net_free(old);
    return FV_EXIT_OK;
}

int fv_cli_write_split(const fv_cli *cli, const fv_data *data, const char *folder)
{
    fv_text text;
    int code;

    if (!data->in_files)
        return FV_EXIT_OK;
    fv_text_init(&text, NULL);
    fv_data_print_splits(data, &text);
    code = write_file(cli, folder, "split.csv", &text);
    fv_text_free(&text);
    return code;
}

bool fv_cli_run_split(const char *model, char path[FV_CLI_PATH])
{
    const char *slash = strrchr(model, '/');
    int length = snprintf(path, FV_CLI_PATH, "%s/split.csv", model);

    if (length > 0 && length < FV_CLI_PATH && access(path, R_OK) == 0)
        return true;
    length = slash ? snprintf(path, FV_CLI_PATH, "%.*s/../split.csv", (int)(slash - model), model)
                   : snprintf(path, FV_CLI_PATH, "../split.csv");
    return length > 0 && length < FV_CLI_PATH && access(path, R_OK) == 0;
}

const char **fv_cli_class_names(const fv_model *model)
{
    const size_t count = fv_model_classes(model);
    const char **names = calloc(count + 1, sizeof *names);

    for (size_t i = 0; names && i < count; i++)
        names[i] = fv_model_class_name(model, i);
    return names;
}
