/* SHA-256 (FIPS 180-4): what PyTorch and Hugging Face call their files by. */
#ifndef FV_BASE_SHA256_H
#define FV_BASE_SHA256_H
#include <stddef.h>
#include <stdint.h>

/* In hex, with a zero behind. */
enum { FV_SHA256_TEXT = 65 };
void fv_sha256(const uint8_t *data, size_t size, char text[FV_SHA256_TEXT]);

#endif
