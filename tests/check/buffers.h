/* Memory that ends at a page nobody may touch, filled from a seed. */
#ifndef CHECK_BUFFERS_H
#define CHECK_BUFFERS_H
#include "check.h"

typedef struct guarded {
    void *base, *data; /* data + bytes is the guard page, or slack before it */
    size_t bytes, mapped;
} guarded;

/* With slack the guard page is not right behind the data: masked loads whose hidden lanes lie in it are slow (some 100 ns),
 * which a benchmark must not see. */
guarded guarded_new(size_t bytes, bool slack);
void guarded_read_only(const guarded *g);
bool guarded_front_whole(const guarded *g);
void guarded_free(guarded *g);

size_t buffer_width(job_kind kind, size_t real_bytes);
bool buffer_written(job_kind kind);
void buffer_fill(const job_buffer *b, void *data, size_t real_bytes, uint64_t seed);

void put_real(void *data, size_t real_bytes, size_t i, double x);
double get_real(const void *data, size_t real_bytes, size_t i);
bool is_pattern(double x);

#endif
