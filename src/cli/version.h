/* What this machine's processor is called. */
#ifndef FV_CLI_VERSION_H
#define FV_CLI_VERSION_H

enum { FV_CLI_PROCESSOR = 128 };

/* "AMD EPYC 9B14": its own name without blanks too many; "unknown" where nothing says it. */
void fv_cli_processor(char out[FV_CLI_PROCESSOR]);

#endif
