/* GIF through giflib: the first picture of the file, on a white canvas of the file's size. */
#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"

#include <gif_lib.h>
#include <string.h>

static int read_bytes(GifFileType *gif, GifByteType *to, int n)
{
    fv_cursor *c = gif->UserData;
    const size_t left = fv_cursor_left(c), bytes = (size_t)n < left ? (size_t)n : left;

    memcpy(to, c->data + c->at, bytes);
    c->at += bytes;
    return (int)bytes;
}

static fv_status fail(const GifFileType *gif, const char *name, int code, fv_error *err)
{
    const char *text = GifErrorString(gif ? gif->Error : code);

    if ((gif ? gif->Error : code) == D_GIF_ERR_NOT_ENOUGH_MEM)
        return fv_fail(err, FV_E_MEMORY, "%s: no memory to decode the GIF", name);
    return fv_fail(err, FV_E_FORMAT, "%s: GIF is damaged or cut short (%s)", name, text ? text : "no picture in it");
}

/* On to the first picture; *transparent is the colour that is none, or NO_TRANSPARENT_COLOR. */
static bool find_picture(GifFileType *gif, int *transparent)
{
    GifRecordType type;

    *transparent = NO_TRANSPARENT_COLOR;
    while (DGifGetRecordType(gif, &type) == GIF_OK && type != TERMINATE_RECORD_TYPE) {
        GifByteType *block;
        int code;

        if (type == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(gif) == GIF_OK;
        if (type != EXTENSION_RECORD_TYPE || DGifGetExtension(gif, &code, &block) != GIF_OK)
            return false;
        if (block && code == GRAPHICS_EXT_FUNC_CODE && block[0] >= 4) {
            GraphicsControlBlock control;

            if (DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
                *transparent = control.TransparentColor;
        }
        while (block)
            if (DGifGetExtensionNext(gif, &block) != GIF_OK)
                return false;
    }
    return false;
}

/* A row of the picture onto the canvas; what lies outside is dropped. */
static void put_row(const GifFileType *gif, const ColorMapObject *colors, int transparent, const GifPixelType *line,
                    size_t y, const fv_image *canvas)
{
    const size_t left = (size_t)gif->Image.Left, width = (size_t)gif->Image.Width;

    for (size_t x = 0; y < canvas->height && x < width && left + x < canvas->width; x++) {
        uint8_t *pixel = canvas->pixels + (y * canvas->width + left + x) * 3;

        if (line[x] == transparent)
            continue;
        memset(pixel, 0, 3);
        if (line[x] < colors->ColorCount) {
            const GifColorType color = colors->Colors[line[x]];

            memcpy(pixel, (uint8_t[3]){color.Red, color.Green, color.Blue}, 3);
        }
    }
}

/* Rows come from top to bottom, or every eighth, then those between, four times. */
static fv_status read_rows(GifFileType *gif, const fv_host *host, const char *name, int transparent,
                           const fv_image *canvas, fv_error *err)
{
    static const struct {
        size_t first, step;
    } passes[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}, {0, 1}};
    const size_t top = (size_t)gif->Image.Top, height = (size_t)gif->Image.Height, width = (size_t)gif->Image.Width;
    const size_t begin = gif->Image.Interlace ? 0 : 4, end = gif->Image.Interlace ? 4 : 5;
    const ColorMapObject *colors = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;
    GifPixelType *line;
    fv_status status = FV_OK;

    if (!colors || !height || !width)
        return fv_fail(err, FV_E_FORMAT, "%s: GIF picture of %zux%zu pixels, %s colours", name, height, width,
                       colors ? "with" : "without");
    line = fv_alloc(host, width, sizeof *line);
    if (!line)
        return fv_fail_memory(err, width * sizeof *line, name);
    for (size_t p = begin; p < end; p++)
        for (size_t y = passes[p].first; !status && y < height; y += passes[p].step) {
            if (DGifGetLine(gif, line, (int)width) != GIF_OK)
                status = fail(gif, name, 0, err);
            else
                put_row(gif, colors, transparent, line, top + y, canvas);
        }
    fv_release(host, line);
    return status;
}

fv_status fv_gif_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                        fv_error *err)
{
    fv_cursor cursor = {.data = data, .size = size};
    int code = 0, transparent;
    GifFileType *gif = DGifOpen(&cursor, read_bytes, &code);
    fv_status status;

    *out = (fv_image){0};
    if (!gif)
        return fail(NULL, name, code, err);
    if (!find_picture(gif, &transparent)) {
        status = fail(gif, name, 0, err);
        goto done;
    }
    status = fv_image_create(host, name, (size_t)gif->SHeight, (size_t)gif->SWidth, 3, out, err);
    if (status)
        goto done;
    memset(out->pixels, 255, out->height * out->width * 3);
    status = read_rows(gif, host, name, transparent, out, err);
    if (status)
        fv_image_free(host, out);
done:
    DGifCloseFile(gif, &code);
    return status;
}
