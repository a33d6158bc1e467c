/* libFuzzer on the notation: no text may crash, hang or leak; what is read is printed so that it reads back the same.
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc tests/fuzz/fuzz_net.c build/src/libfovea.a ...
 * The files of nets/ are good seeds. */
#include "net/net.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    fv_net *net = NULL, *again = NULL;
    fv_net_info info;
    fv_error err;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (fv_net_parse(NULL, text, "fuzz.net", &net, &err) == FV_OK) {
        if (fv_net_parse(NULL, fv_net_text(net), "fuzz.net", &again, &err) != FV_OK ||
            strcmp(fv_net_text(net), fv_net_text(again)) != 0)
            abort();
        if (fv_net_describe(net, &info, &err) != FV_OK)
            abort();
    }
    fv_net_free(again);
    fv_net_free(net);
    free(text);
    return 0;
}
