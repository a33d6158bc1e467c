/* Pictures: 8 bits a channel, grey or RGB. Read from JPEG, PNG, BMP and PNM files, and from WebP, GIF and TIFF where the
 * library was built with them; written as PNG, PGM and PPM; resized as Pillow does it. */
#ifndef FOVEA_IMAGE_H
#define FOVEA_IMAGE_H

#include "fovea/fovea.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A picture. Pixels are row-major, channels interleaved; fv_image_free releases them. */
typedef struct fv_image {
    size_t height, width, channels; /**< channels: 1 = grey, 3 = RGB */
    uint8_t *pixels;                /**< [height, width, channels] */
} fv_image;

/** The largest picture: no side above FV_SIDE_MAX pixels, and FV_PIXELS_MAX in all. */
enum { FV_SIDE_MAX = 16384, FV_PIXELS_MAX = 178000000 };

/** How a picture is read; may be combined. */
enum {
    FV_IMAGE_AS_STORED = 1 /**< leave the pixels as they are in the file, whatever its EXIF orientation says */
};

/**
 * Read a picture file. Its first bytes tell what it is, not its name. Transparent pixels are laid over white, CMYK becomes
 * RGB, 16-bit samples of a PNG keep their upper 8 bits, other depths are spread over 0..255; of an animated GIF the first
 * picture is read. A picture with an EXIF orientation is turned upright. On failure *out is empty.
 * Errors: FV_E_FORMAT if the file is damaged, cut short or no picture, FV_E_RANGE if it is too large, FV_E_UNSUPPORTED if it
 * is of a kind that is not read (JPEG of 12 bits), FV_E_IO, FV_E_MEMORY.
 */
FV_API fv_status fv_image_open(const fv_host *host, const char *path, fv_image *out, fv_error *err);

/** The same from memory; `name` is what messages call it. */
FV_API fv_status fv_image_decode(const fv_host *host, const char *name, const uint8_t *data, size_t size, fv_image *out,
                                 fv_error *err);

/** Both with `how`, FV_IMAGE_AS_STORED or 0. */
FV_API fv_status fv_image_open_as(const fv_host *host, const char *path, unsigned how, fv_image *out, fv_error *err);
FV_API fv_status fv_image_decode_as(const fv_host *host, const char *name, const uint8_t *data, size_t size,
                                    unsigned how, fv_image *out, fv_error *err);

/** The formats that this library reads: "JPEG, PNG, BMP, PNM, WebP, GIF, TIFF". */
FV_API const char *fv_image_formats(void);

/** The picture as a PNG, or as a PGM (grey) or PPM (RGB), in memory: release it as the host does, with free by default. */
FV_API fv_status fv_image_encode_png(const fv_host *host, const fv_image *image, uint8_t **data, size_t *size,
                                     fv_error *err);
FV_API fv_status fv_image_encode_pnm(const fv_host *host, const fv_image *image, uint8_t **data, size_t *size,
                                     fv_error *err);

/** How a picture is resized; each is Pillow's filter of that name, with antialiasing. */
typedef enum fv_resample { FV_BILINEAR = 0, FV_BICUBIC = 1, FV_BOX = 2, FV_LANCZOS = 3 } fv_resample;

/**
 * Make *out of the given size: the bytes that Pillow's Image.resize gives (of version 9.4, horizontally first). *out must not
 * be *image.
 */
FV_API fv_status fv_image_resize(const fv_host *host, const fv_image *image, size_t height, size_t width,
                                 fv_resample how, fv_image *out, fv_error *err);

/** What a convolution reads outside a picture. */
typedef enum fv_padding {
    FV_PADDING_EDGE = 0,    /**< the nearest pixel */
    FV_PADDING_ZERO = 1,    /**< black, as the layers of a network do */
    FV_PADDING_REFLECT = 2, /**< the picture mirrored; its outer pixels are not repeated */
    FV_PADDING_NONE = 3     /**< nothing: the result is smaller */
} fv_padding;

typedef struct fv_filter_options {
    size_t size;        /**< sizeof(fv_filter_options) */
    size_t stride;      /**< step of the window in pixels; 0 = 1 */
    fv_padding padding; /**< what lies outside */
    double divisor;     /**< of the sums; 0 = the kernel's own, which is 1 for one given as numbers */
    double offset;      /**< added behind the division */
    size_t threads;     /**< 0 = as many as the affinity mask allows */
    const char *isa;    /**< as fv_session_options */
} fv_filter_options;
#define FV_FILTER_OPTIONS                                                                                              \
    {                                                                                                                  \
        sizeof(fv_filter_options), 1, FV_PADDING_EDGE, 0.0, 0.0, 0, NULL                                               \
    }

/**
 * Filter a picture with a convolution matrix, channel by channel:
 *     out[y,x,c] = sum over r, s of kernel[r,s] in[y stride + r - rows/2, x stride + s - columns/2, c] / divisor + offset
 * rounded half up, limited to 0..255; kernels are not flipped. It runs on the convolution kernels of the networks.
 *
 * kernel  a name (blur, blur-5, gaussian, gaussian-5, motion-blur, sharpen, unsharp, emboss, laplacian, edge, sobel, sobel-x,
 *         sobel-y, prewitt-x, ..., gray for the luma), or rows of numbers: "0 -1 0; -1 5 -1; 0 -1 0", of odd sides up to 99.
 * Errors: FV_E_UNKNOWN, FV_E_SYNTAX or FV_E_SHAPE for the kernel, FV_E_SHAPE if it does not fit into the picture without
 * padding, FV_E_ARGUMENT for options that cannot be, FV_E_MEMORY. NULL options are the defaults. *out must not be *image.
 */
FV_API fv_status fv_image_filter(const fv_host *host, const fv_image *image, const char *kernel,
                                 const fv_filter_options *options, fv_image *out, fv_error *err);

/** Release the pixels and empty the picture. */
FV_API void fv_image_free(const fv_host *host, fv_image *image);

#ifdef __cplusplus
}
#endif
#endif
