#include "image/letters.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

/* Two hex digits a row, the leftmost of FV_LETTER_WIDTH pixels the highest bit; by rising code points. */
static const struct letter {
    uint32_t code;
    char rows[2 * FV_LETTER_HEIGHT + 1];
} letters[] = {
#define LETTER(code, rows) {code, rows},
#include "image/letters.def"
#undef LETTER
};

enum { ELLIPSIS = 0x2026, UNKNOWN = 0xFFFD };

static const struct letter *find(uint32_t code)
{
    size_t begin = 0, end = FV_COUNT(letters);

    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;

        if (letters[middle].code == code)
            return &letters[middle];
        if (letters[middle].code < code)
            begin = middle + 1;
        else
            end = middle;
    }
    return code == UNKNOWN ? letters : find(UNKNOWN);
}

/* The code point at *text, which moves behind it. */
static uint32_t next(const char **text)
{
    static const uint8_t first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *s = (const unsigned char *)*text;
    const size_t n = fv_text_utf8(*text, strlen(*text));
    uint32_t code = n ? s[0] & first[n] : UNKNOWN;

    for (size_t i = 1; i < n; i++)
        code = code << 6 | (s[i] & 0x3F);
    *text += n ? n : 1;
    return code;
}

size_t fv_letters_count(const char *text)
{
    size_t count = 0;

    for (; *text; count++)
        next(&text);
    return count;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static bool is_ink(const struct letter *letter, size_t row, size_t column)
{
    const int bits = digit(letter->rows[2 * row]) << 4 | digit(letter->rows[2 * row + 1]);

    return bits >> (FV_LETTER_WIDTH - 1 - column) & 1;
}

static void draw(const fv_image *image, const struct letter *letter, size_t x, size_t y, bool upwards)
{
    for (size_t row = 0; row < FV_LETTER_HEIGHT; row++)
        for (size_t column = 0; column < FV_LETTER_WIDTH; column++) {
            const size_t to_x = upwards ? x + row : x + column, to_y = upwards ? y - column : y + row;

            if (is_ink(letter, row, column) && to_x < image->width && to_y < image->height)
                memset(image->pixels + (to_y * image->width + to_x) * image->channels, 0, image->channels);
        }
}

void fv_letters_draw(const fv_image *image, const char *text, size_t most, size_t x, size_t y, bool upwards)
{
    const size_t count = fv_letters_count(text);

    for (size_t i = 0; i < count && i < most; i++) {
        const uint32_t code = next(&text);
        const size_t along = i * FV_LETTER_WIDTH;

        draw(image, find(i + 1 == most && count > most ? ELLIPSIS : code), upwards ? x : x + along,
             upwards ? y - along : y, upwards);
    }
}
