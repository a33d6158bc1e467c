/* The input line: what a picture becomes.
 *
 *     input 28x28x1
 *     input 32x32x1 from 28x28 pad 2 range -0.1 1.175
 *     input 224x224x3 shorter 256 mean .485 .456 .406 std .229 .224 .225
 *     input (224 x 224 RGB image)                                   as the lecture's tables have it */
#include "base/error.h"
#include "net/parser.h"

#include <string.h>

enum { CHANNELS_MAX = 4 };

static bool is_cross(char c)
{
    return c == 'x' || c == 'X';
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One number at *s of the token in hand. */
static bool parse_number(fv_parser *p, const char **s, size_t *out)
{
    size_t value = 0;

    if (!is_digit(**s))
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "input: a number must stand at %s", fv_parse_shown(p));
    for (; is_digit(**s); ++*s)
        value = value > FV_NET_SIDE_MAX ? value : value * 10 + (size_t)(**s - '0');
    if (value < 1 || value > FV_NET_SIDE_MAX)
        return fv_parse_fail(p, p->token.place, FV_E_RANGE, "input: sizes are 1 to %d, not %s", FV_NET_SIDE_MAX,
                             fv_parse_shown(p));
    *out = value;
    return true;
}

/* Numbers with an x between them, however they are spaced (32x32x1, 224 x 224), at most `most`. */
static bool parse_sides(fv_parser *p, size_t *n, int *count, int most)
{
    bool cross = false; /* an x must come next, else a number */

    *count = 0;
    while (!p->status) {
        const char *s = p->token.text;

        if (cross && (p->token.kind != FV_TOKEN_WORD || !is_cross(*s)))
            return true;
        if (!cross && p->token.kind != FV_TOKEN_WORD)
            s = "";
        do {
            if (cross && !is_cross(*s))
                return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "input: %s is no size; write %s",
                                     fv_parse_shown(p), most == 3 ? "height x width x channels" : "height x width");
            if (cross) {
                s++;
            } else {
                if (*count == most)
                    return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "input: more than %d sizes in %s", most,
                                         fv_parse_shown(p));
                if (!parse_number(p, &s, &n[*count]))
                    return false;
                ++*count;
            }
            cross = !cross;
        } while (*s);
        fv_parse_next(p);
    }
    return false;
}

/* Words that name a number of channels; 0 for others. */
static size_t channels_of(const fv_parser *p)
{
    static const struct {
        const char *word;
        size_t channels;
    } names[] = {{"RGB", 3}, {"rgb", 3}, {"grey", 1}, {"gray", 1}, {"greyscale", 1}, {"grayscale", 1}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (fv_parse_is(p, names[i].word))
            return names[i].channels;
    return 0;
}

/* Height, width, channels, with or without brackets and the word image. */
static bool parse_shape(fv_parser *p, fv_preprocess *in)
{
    const bool bracket = fv_parse_take(p, "(");
    const fv_place place = p->token.place;
    size_t n[3] = {0};
    int count = 0;

    if (!parse_sides(p, n, &count, 3))
        return false;
    if (count < 3 && channels_of(p)) {
        n[2] = channels_of(p);
        fv_parse_next(p);
        count += count == 2;
    }
    if (count != 3)
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX,
                             "input: channels are missing before %s; write 28x28x1, or (224 x 224 RGB image)",
                             fv_parse_shown(p));
    if (n[2] > CHANNELS_MAX)
        return fv_parse_fail(p, place, FV_E_RANGE, "input: pictures have 1 to %d channels, not %zu", CHANNELS_MAX,
                             n[2]);
    fv_parse_take(p, "image");
    if (bracket && !fv_parse_take(p, ")"))
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "input: ')' is missing before %s", fv_parse_shown(p));
    *in = fv_preprocess_default(n[0], n[1], n[2]);
    return !p->status;
}

/* One number for all channels or one each. */
static bool parse_channels(fv_parser *p, const char *what, double least, size_t channels, double *out, size_t *count)
{
    size_t n = 0;

    do {
        if (n == channels)
            return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s: more than one number a channel (%zu)", what,
                                 channels);
        if (!fv_parse_real(p, what, least, 1e6, &out[n]))
            return false;
        n++;
    } while (fv_parse_looks_number(p));
    if (n != 1 && n != channels)
        return fv_parse_fail(p, p->token.place, FV_E_SYNTAX, "%s: %zu numbers for %zu channels; write one, or one each",
                             what, n, channels);
    *count = n;
    return true;
}

static bool parse_range(fv_parser *p, fv_input_line *line)
{
    line->ranged = true;
    return fv_parse_real(p, "input: range", -1e6, 1e6, &line->low) &&
           fv_parse_real(p, "input: range", -1e6, 1e6, &line->high);
}

static bool parse_options(fv_parser *p, fv_preprocess *in, fv_input_line *line)
{
    size_t from[2] = {0};
    int count = 1;

    for (;;) {
        if (p->status) {
            return false;
        } else if (fv_parse_is(p, "from") && is_digit(fv_parse_peek(p).text[0])) { /* not the statement */
            fv_parse_next(p);
            if (!parse_sides(p, from, &count, 2))
                return false;
            in->from_height = from[0];
            in->from_width = from[count - 1];
        } else if (fv_parse_take(p, "shorter")) {
            if (!fv_parse_whole(p, "input: shorter", 1, FV_NET_SIDE_MAX, &in->shorter))
                return false;
            in->floor = fv_parse_take(p, "floor");
        } else if (fv_parse_take(p, "pad")) {
            if (!fv_parse_whole(p, "input: pad", 0, FV_NET_SIDE_MAX, &in->pad))
                return false;
        } else if (fv_parse_take(p, "range")) {
            if (!parse_range(p, line))
                return false;
        } else if (fv_parse_take(p, "mean")) {
            if (!parse_channels(p, "input: mean", -1e6, in->channels, line->mean, &line->n_mean))
                return false;
        } else if (fv_parse_take(p, "std")) {
            if (!parse_channels(p, "input: std", 1e-6, in->channels, line->std, &line->n_std))
                return false;
        } else {
            return true;
        }
    }
}

/* pixel * scale + shift, from low + pixel / 255 (high - low), less mean, divided by std. */
static void scale(fv_preprocess *in, const fv_input_line *line)
{
    const double low = line->ranged ? line->low : 0, high = line->ranged ? line->high : 1;

    for (size_t c = 0; c < in->channels; c++) {
        const double mean = line->n_mean ? line->mean[c < line->n_mean ? c : 0] : 0;
        const double std = line->n_std ? line->std[c < line->n_std ? c : 0] : 1;

        in->scale[c] = (float)((high - low) / 255 / std);
        in->shift[c] = (float)((low - mean) / std);
    }
}

bool fv_parse_input(fv_parser *p, fv_place place)
{
    static const char *const words[] = {"from", "shorter", "pad", "range", "mean", "std"};
    fv_input_line line = {.place = place};
    fv_preprocess in = {0};

    if (p->net->input.height)
        return fv_parse_fail(p, place, FV_E_SYNTAX, "input: the input stands in line %d already",
                             p->net->input_line.place.line);
    if (!parse_shape(p, &in) || !parse_options(p, &in, &line))
        return false;
    if (2 * in.pad >= in.height || 2 * in.pad >= in.width)
        return fv_parse_fail(p, place, FV_E_RANGE, "input: %zux%zu has no room for a picture within pad %zu", in.height,
                             in.width, in.pad);
    if (in.from_height && (in.from_height + 2 * in.pad != in.height || in.from_width + 2 * in.pad != in.width))
        return fv_parse_fail(p, place, FV_E_RANGE,
                             "input: from %zux%zu with pad %zu is %zux%zu, but the input is %zux%zu", in.from_height,
                             in.from_width, in.pad, in.from_height + 2 * in.pad, in.from_width + 2 * in.pad, in.height,
                             in.width);
    if (in.shorter && (in.shorter < fv_preprocess_from_height(&in) || in.shorter < fv_preprocess_from_width(&in)))
        return fv_parse_fail(p, place, FV_E_RANGE,
                             "input: a picture whose shorter side is %zu has no room for a cut of %zux%zu", in.shorter,
                             fv_preprocess_from_height(&in), fv_preprocess_from_width(&in));
    scale(&in, &line);
    fv_parse_behind(p, NULL, "input", words, FV_COUNT(words));
    p->net->input = in;
    p->net->input_line = line;
    return true;
}
