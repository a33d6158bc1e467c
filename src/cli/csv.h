/* Fields of comma-separated values, quoted as RFC 4180 says: where a comma, a quote or a line end is inside. */
#ifndef FV_CLI_CSV_H
#define FV_CLI_CSV_H
#include <stdio.h>
#include <string.h>

static inline void fv_cli_csv_field(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

#endif
