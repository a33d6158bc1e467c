/* Where users' files lie (the XDG base directories). */
#ifndef FV_CLI_PLACE_H
#define FV_CLI_PLACE_H
#include <stdbool.h>

enum { FV_CLI_PATH = 4096 };

/* $VARIABLE followed by `behind`, else $HOME/below; false if neither is known. */
bool fv_cli_place(const char *variable, const char *behind, const char *below, char out[FV_CLI_PATH]);

/* Where this command keeps what can be made again; false if no variable says where. */
bool fv_cli_cache_place(char out[FV_CLI_PATH]);

/* Can a run be written there: is there nothing, or an empty folder? */
bool fv_cli_folder_is_free(const char *path);

/* runs/train, runs/train2, ...: the first that is not there yet. */
enum { FV_CLI_RUN_FOLDER = 64 };
const char *fv_cli_folder_for_run(char out[FV_CLI_RUN_FOLDER]);

#endif
