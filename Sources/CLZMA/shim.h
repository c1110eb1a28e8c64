#pragma once
#include <lzma.h>
/* LZMA_STREAM_INIT is an initializer macro, which Swift cannot import. */
static inline lzma_stream clzma_stream_init(void) { lzma_stream s = LZMA_STREAM_INIT; return s; }
