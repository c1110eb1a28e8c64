#pragma once
#include <lzma.h>
/* LZMA_STREAM_INIT is an initializer macro, which Swift cannot import. */
static inline lzma_stream clzma_stream_init(void) { lzma_stream s = LZMA_STREAM_INIT; return s; }
/* Nor can it import constants made by UINT32_C and the like. */
static const uint32_t clzma_concatenated = LZMA_CONCATENATED;
static const uint32_t clzma_tell_unsupported_check = LZMA_TELL_UNSUPPORTED_CHECK;
static const uint32_t clzma_preset_extreme = LZMA_PRESET_EXTREME;
static const lzma_vli clzma_filter_lzma2 = LZMA_FILTER_LZMA2;
static const lzma_vli clzma_vli_unknown = LZMA_VLI_UNKNOWN;
