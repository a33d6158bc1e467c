#define _GNU_SOURCE /* scandir */
#include "cli/weights.h"
#include "base/file.h"
#include "cli/place.h"
#include "model/safetensors.h"
#include <ctype.h>
#include <dirent.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEM = 256, PREFIX = 8 /* digits of a hash in a name */ };

/* ---------------------------------------------------------------------------------------------- names */

/* What others call networks of the zoo. GoogLeNet of torchvision has batch norm; its file's name has a hash, ours has
 * none and is taken by the zoo's own name. */
static const char *const aliases[][2] = {
    {"vgg11", "vgg-a"},      {"vgg13", "vgg-b"},      {"vgg16", "vgg-d"},
    {"vgg19", "vgg-e"},      {"vgg11bn", "vgg-a-bn"}, {"vgg13bn", "vgg-b-bn"},
    {"vgg16bn", "vgg-d-bn"}, {"vgg19bn", "vgg-e-bn"}, {"googlenet", "googlenet-bn"},
};

static bool is_hex(const char *text, size_t length)
{
    return strspn(text, "0123456789abcdef") >= length;
}

/* A file's name cut into what it calls the network and the hash behind it ("" without). */
static void split_name(const char *file, char stem[STEM], const char **hash)
{
    const char *end = strrchr(file, '.'), *dash;

    snprintf(stem, STEM, "%.*s", (int)(end ? end - file : (ptrdiff_t)strlen(file)), file);
    dash = strrchr(stem, '-');
    *hash = "";
    if (dash && strlen(dash + 1) == PREFIX && is_hex(dash + 1, PREFIX)) {
        stem[dash - stem] = 0;
        *hash = dash + 1;
    }
}

/* Letters and digits alone: resnet-18, resnet18 and ResNet_18 are one. */
static const char *bare(const char *name, char out[STEM])
{
    size_t n = 0;

    for (; *name && n + 1 < STEM; name++)
        if (isalnum((unsigned char)*name))
            out[n++] = (char)tolower((unsigned char)*name);
    out[n] = 0;
    return out;
}

/* The zoo's network of that name; `foreign` names are those of other tools first. */
static const char *network(const char *name, bool foreign)
{
    char wanted[STEM], own[STEM];

    bare(name, wanted);
    for (size_t i = 0; foreign && i < FV_COUNT(aliases); i++)
        if (strcmp(wanted, aliases[i][0]) == 0)
            return aliases[i][1];
    for (size_t i = 0; i < fv_zoo_count(); i++)
        if (strcmp(wanted, bare(fv_zoo_name(i), own)) == 0)
            return fv_zoo_name(i);
    return foreign ? NULL : network(name, true);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* ---------------------------------------------------------------------------------------------- hashes */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The sum of the file that these safetensors were made of, as tools/convert_pth writes it. */
static bool made_of(const char *path, const char *hash)
{
    fv_safetensors st = {0};
    const char *source;
    bool same = false;

    if (fv_safetensors_open(NULL, path, &st, NULL))
        return false;
    source = fv_safetensors_meta(&st, "source_sha256");
    same = source && begins(source, hash);
    fv_safetensors_free(&st);
    return same;
}

/* Does the file have the SHA-256 that its name promises? Safetensors under the name of the PyTorch file that they were
 * made of have another one: that is said, and they are taken, for their reader sees what is cut short. */
static bool is_whole(const fv_cli *cli, const char *path, const char *hash)
{
    char sum[SHA256_DIGEST_STRING_LENGTH];
    const uint8_t *data;
    size_t size;
    fv_error err = {0};

    if (!*hash || (ends_with(path, ".safetensors") && made_of(path, hash)))
        return true;
    if (fv_file_map(path, &data, &size, &err)) {
        fv_cli_note(cli, "%s", err.message);
        return false;
    }
    SHA256Data(data, size, sum);
    fv_file_unmap(data, size);
    if (begins(sum, hash))
        return true;
    if (ends_with(path, ".safetensors") && strlen(hash) == PREFIX) {
        fv_cli_note(cli,
                    "%s: its SHA-256 begins with %.*s; %s in its name is taken for that of the file it was made of",
                    path, PREFIX, sum, hash);
        return true;
    }
    fv_cli_note(cli, "%s is damaged or was not downloaded to its end: its SHA-256 begins with %.*s, its name says %.*s",
                path, PREFIX, sum, PREFIX, hash);
    return false;
}

/* ---------------------------------------------------------------------------------------------- places */

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Calls `look` with each name of a folder, in order, until it returns true. */
typedef bool looker(const fv_cli *cli, const char *folder, const char *name, const char **net, char *path);

static bool search(const fv_cli *cli, const char *folder, looker *look, const char **net, char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, visible, alphasort);
    bool found = false;

    for (int i = 0; i < count; i++) {
        found = found || look(cli, folder, entries[i]->d_name, net, path);
        free(entries[i]);
    }
    free(entries);
    return found;
}

/* A folder of files. PyTorch's have to be converted: they may hold programs, and Fovea runs none. */
static bool look_at_file(const fv_cli *cli, const char *folder, const char *name, const char **net, char *path)
{
    const bool pickled = ends_with(name, ".pth") || ends_with(name, ".pt") || ends_with(name, ".th");
    const char *hash;
    char stem[STEM];

    if (!pickled && !ends_with(name, ".safetensors"))
        return false;
    split_name(name, stem, &hash);
    *net = network(stem, pickled || *hash);
    if (!*net || snprintf(path, FV_CLI_PATH, "%s/%s", folder, name) >= FV_CLI_PATH || !is_whole(cli, path, hash))
        return false;
    if (pickled)
        fv_cli_note(cli, "%s has weights for %s; 'tools/convert_pth %s' makes safetensors of them", path, *net, path);
    return !pickled;
}

/* The snapshot that refs/main names, "" without. */
static void main_snapshot(const char *folder, char commit[64])
{
    char path[FV_CLI_PATH];
    uint8_t *data = NULL;
    size_t size;

    commit[0] = 0;
    if (snprintf(path, sizeof path, "%s/refs/main", folder) < (int)sizeof path &&
        !fv_file_read(NULL, path, 63, &data, &size, NULL))
        snprintf(commit, 64, "%.*s", (int)strcspn((const char *)data, "\r\n"), (const char *)data);
    fv_release(NULL, data);
}

/* HUB/models--ORGANISATION--NETWORK.VARIANT/snapshots/COMMIT/model.safetensors, a link to ../../blobs/SHA-256. */
static bool look_at_hub(const fv_cli *cli, const char *folder, const char *name, const char **net, char *path)
{
    char model[FV_CLI_PATH], commit[64], stem[STEM], target[FV_CLI_PATH];
    const char *last = strstr(name, "models--") == name ? strstr(name + 8, "--") : NULL, *blob;
    ssize_t length;

    if (!last || snprintf(model, sizeof model, "%s/%s", folder, name) >= (int)sizeof model)
        return false;
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(last + 2, "."), last + 2);
    *net = network(stem, true);
    main_snapshot(model, commit);
    if (!*net || !*commit ||
        snprintf(path, FV_CLI_PATH, "%s/snapshots/%s/model.safetensors", model, commit) >= FV_CLI_PATH ||
        access(path, F_OK) != 0)
        return false;
    length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = 0;
    blob = strrchr(target, '/');
    return is_whole(cli, path,
                    blob && strlen(blob + 1) == SHA256_DIGEST_STRING_LENGTH - 1 &&
                            is_hex(blob + 1, SHA256_DIGEST_STRING_LENGTH - 1)
                        ? blob + 1
                        : "");
}

/* The first variable that is set says where, else it is below the home folder. */
static const struct location {
    struct {
        const char *variable, *behind;
    } set[3];
    const char *below;
    looker *look;
} locations[] = {
    {{{"FOVEA_HOME", ""}, {"XDG_DATA_HOME", "/fovea"}}, ".local/share/fovea", look_at_file},
    {{{"TORCH_HOME", "/hub/checkpoints"}, {"XDG_CACHE_HOME", "/torch/hub/checkpoints"}},
     ".cache/torch/hub/checkpoints",
     look_at_file},
    {{{"HF_HUB_CACHE", ""}, {"HF_HOME", "/hub"}, {"XDG_CACHE_HOME", "/huggingface/hub"}},
     ".cache/huggingface/hub",
     look_at_hub},
};

static bool folder_of(const struct location *l, char folder[FV_CLI_PATH])
{
    size_t k = 0;

    while (k + 1 < FV_COUNT(l->set) && l->set[k + 1].variable) {
        const char *value = getenv(l->set[k].variable);

        if (value && *value)
            break;
        k++;
    }
    return fv_cli_place(l->set[k].variable, l->set[k].behind, l->below, folder);
}

bool fv_cli_find_weights(const fv_cli *cli, const char **net, char *path)
{
    char folder[FV_CLI_PATH];

    for (size_t i = 0; i < FV_COUNT(locations); i++)
        if (folder_of(&locations[i], folder) && search(cli, folder, locations[i].look, net, path)) {
            fv_cli_note(cli, "backbone: %s with %s", *net, path);
            return true;
        }
    if (!folder_of(&locations[0], folder))
        snprintf(folder, sizeof folder, "$FOVEA_HOME");
    fv_cli_note(cli,
                "no trained backbone was found; one helps much where pictures are few. Any of these in %s would do: "
                "resnet18-f37072fd.safetensors, vgg16-397923af.safetensors, googlenet-1378be20.safetensors "
                "(PyTorch's files; tools/convert_pth makes safetensors of them), or name one with --from",
                folder);
    return false;
}
