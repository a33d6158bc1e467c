/* JSON as it is written: calls in the order of the document, commas and indentation by themselves. Inside arrays `key`
 * is NULL. Two levels have a line for each member; what is deeper stands on one line. */
#ifndef FV_CLI_JSON_H
#define FV_CLI_JSON_H
#include "base/text.h"
#include <stdio.h>

typedef struct fv_cli_json {
    fv_text text;
    int depth, wide; /* levels open; how many of them have a line for each member */
    bool used[16];   /* this level has a member already */
    char closing[16];
} fv_cli_json;

/* `wide` levels have a line for each member; 0 puts the document on one line (JSON Lines). */
void fv_cli_json_begin(fv_cli_json *json, int wide);
void fv_cli_json_object(fv_cli_json *json, const char *key);
void fv_cli_json_array(fv_cli_json *json, const char *key);
void fv_cli_json_end(fv_cli_json *json); /* of the innermost object or array */

void fv_cli_json_text(fv_cli_json *json, const char *key,
                      const char *value); /* bytes that are not UTF-8 become U+FFFD */
void fv_cli_json_count(fv_cli_json *json, const char *key, uint64_t value);
void fv_cli_json_counts(fv_cli_json *json, const char *key, const uint64_t *values, size_t count); /* [28, 28, 1] */
void fv_cli_json_real(fv_cli_json *json, const char *key, double value); /* null if it is not finite */
void fv_cli_json_flag(fv_cli_json *json, const char *key, bool value);

/* Print the document with a line end and free it; false if memory ran out. */
bool fv_cli_json_print(fv_cli_json *json, FILE *out);

#endif
