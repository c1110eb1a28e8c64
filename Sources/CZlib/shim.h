#pragma once
#include <zlib.h>
/* inflateInit is a macro that passes the header's version and size on. */
static inline int czlib_inflate_init(z_stream *stream) { return inflateInit(stream); }
