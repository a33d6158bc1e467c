/* JSON strings: RFC 8259, section 7. */
#include "base/json.h"

#include <string.h>

/* The two-character escapes: code, letter, code, letter... */
static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

static void print_escaped(fv_text *out, char c)
{
    for (size_t i = 0; i + 1 < sizeof escapes; i += 2)
        if (escapes[i] == c) {
            fv_text_append(out, (const char[]){'\\', escapes[i + 1]}, 2);
            return;
        }
    fv_text_print(out, "\\u%04x", (unsigned)(unsigned char)c);
}

void fv_json_string(fv_text *out, const char *text)
{
    const char *plain = text; /* what is printed as it stands begins here */

    fv_text_append(out, "\"", 1);
    for (const char *end = text + strlen(text); text < end;) {
        const size_t n = fv_text_utf8(text, (size_t)(end - text));

        if (n > 1 || (n == 1 && (unsigned char)*text >= 0x20 && *text != '"' && *text != '\\' && *text != 0x7F)) {
            text += n;
            continue;
        }
        fv_text_append(out, plain, (size_t)(text - plain));
        if (n == 1)
            print_escaped(out, *text);
        else
            fv_text_append(out, "\xEF\xBF\xBD", 3);
        plain = ++text;
    }
    fv_text_append(out, plain, (size_t)(text - plain));
    fv_text_append(out, "\"", 1);
}
