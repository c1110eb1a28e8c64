#pragma once
#include <divsufsort.h>
#include <divsufsort64.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

// Asks for large pages in the whole ones of some memory: sorting suffixes and looking for words reads
// and writes all over it. A hint: whether it is heard makes no difference but time.
static inline void advise_large_pages(const void *start, size_t length, int isFilled) {
  const uintptr_t size = 2u << 20;
  const uintptr_t first = ((uintptr_t)start + size - 1) & ~(size - 1);
  const uintptr_t end = ((uintptr_t)start + length) & ~(size - 1);
  if (first >= end) return;
#ifdef MADV_COLLAPSE
  if (isFilled) {
    (void)madvise((void *)first, end - first, MADV_COLLAPSE);
    return;
  }
#endif
  (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
}
