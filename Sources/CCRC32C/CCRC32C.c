#include "CCRC32C.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* CRC-32C with the processor's own instruction; ccrc32c_available says whether there is one. */
#if defined(__x86_64__)
#include <nmmintrin.h>
int ccrc32c_available(void) { return __builtin_cpu_supports("sse4.2"); }

__attribute__((target("sse4.2")))
uint32_t ccrc32c_update(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *p = (const unsigned char *)bytes;
  uint64_t c = crc;
  for (; count >= 8; count -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    c = _mm_crc32_u64(c, word);
  }
  uint32_t r = (uint32_t)c;
  for (; count > 0; count--, p++) r = _mm_crc32_u8(r, *p);
  return r;
}
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
int ccrc32c_available(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

__attribute__((target("+crc")))
uint32_t ccrc32c_update(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *p = (const unsigned char *)bytes;
  for (; count >= 8; count -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = __crc32cd(crc, word);
  }
  for (; count > 0; count--, p++) crc = __crc32cb(crc, *p);
  return crc;
}
#else
int ccrc32c_available(void) { return 0; }
uint32_t ccrc32c_update(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes; (void)count;
  return crc;
}
#endif
