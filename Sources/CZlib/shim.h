#pragma once
#include <zlib.h>
/* inflateInit is a macro that passes the header's version and size on. */
static inline int czlib_inflate_init(z_stream *stream) { return inflateInit(stream); }
/* inflateInit2 for a gzip member with any window. */
static inline int czlib_inflate_init_gzip(z_stream *stream) {
  return inflateInit2(stream, 15 + 16);
}
