/* libFuzzer: bytes as a list of pictures, CSV or lines. An answer or a message, no path without its text, nothing left
 * behind; up to a line "---" they are the file of labels that lies beside the list.
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc tests/fuzz/fuzz_list.c build/src/libfovea.a ... */
#define _GNU_SOURCE /* memmem */
#include "base/error.h"
#include "data/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a folder of its own below the working folder. */
static const char folder[] = "fuzz-list", labels[] = "fuzz-list/labels.txt", list[] = "fuzz-list/list";

static void write_labels(const uint8_t *data, size_t size)
{
    static bool written;
    FILE *f;

    if (!size && !written)
        return;
    if (!written)
        (void)mkdir(folder, 0755);
    written = true;
    f = fopen(labels, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "---\n";
    const uint8_t *cut = size ? memmem(data, size, mark, sizeof mark - 1) : NULL;
    const size_t before = cut ? (size_t)(cut - data) : 0, after = cut ? before + sizeof mark - 1 : 0;
    char *text = malloc(size - after + 1);
    fv_pictures pictures;
    fv_error err = {0};

    if (!text)
        return 0;
    write_labels(data, before);
    memcpy(text, data + after, size - after);
    text[size - after] = 0;
    fv_pictures_init(&pictures, NULL);
    if (fv_pictures_list_text(&pictures, list, text, size - after, &err) ? !err.message[0] : err.code != FV_OK)
        abort();
    for (size_t i = 0; i < pictures.count; i++)
        if (!*pictures.items[i].name || !*pictures.items[i].path)
            abort();
    fv_pictures_free(&pictures);
    free(text);
    return 0;
}
