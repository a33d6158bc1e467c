/* JSON as text. Reading is jansson's work; printing needs no tree. */
#ifndef FV_BASE_JSON_H
#define FV_BASE_JSON_H
#include "base/text.h"

/* Print `text` as a JSON string with its quotes. Bytes that are no UTF-8 (a path may hold them) become U+FFFD. */
void fv_json_string(fv_text *out, const char *text);

#endif
