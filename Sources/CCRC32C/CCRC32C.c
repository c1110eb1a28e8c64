#include "CCRC32C.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* CRC-32C with the processor's own instruction; ccrc32c_available says whether there is one. */
#if defined(__x86_64__)
#include <nmmintrin.h>
#define TARGET __attribute__((target("sse4.2")))
#define NEXT_WORD(crc, word) _mm_crc32_u64((crc), (word))
#define NEXT_BYTE(crc, byte) _mm_crc32_u8((crc), (byte))
int ccrc32c_available(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#define TARGET __attribute__((target("+crc")))
#define NEXT_WORD(crc, word) __crc32cd((uint32_t)(crc), (word))
#define NEXT_BYTE(crc, byte) __crc32cb((crc), (byte))
int ccrc32c_available(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

#ifdef TARGET

/* The instruction takes three cycles, and another can begin in each: so three parts of this length
   are summed at the same time, and their sums combined. */
enum { PART = 2048 };

/* What a checksum is after PART bytes of zeros, by its four bytes. */
static uint32_t shifted[4][256];

/* A linear function of a checksum, by what it makes of each bit. */
static uint32_t apply(const uint32_t function[32], uint32_t crc) {
  uint32_t result = 0;
  for (int bit = 0; crc != 0; bit++, crc >>= 1) {
    if (crc & 1) result ^= function[bit];
  }
  return result;
}

__attribute__((constructor)) static void make_table(void) {
  uint32_t zeros[32], twice[32];
  /* One bit of zeros, and then twice as many, until there are enough. */
  for (int bit = 0; bit < 32; bit++) zeros[bit] = bit == 0 ? 0x82F63B78u : 1u << (bit - 1);
  for (int length = 1; length < PART * 8; length *= 2) {
    for (int bit = 0; bit < 32; bit++) twice[bit] = apply(zeros, zeros[bit]);
    memcpy(zeros, twice, sizeof zeros);
  }
  for (int byte = 0; byte < 4; byte++) {
    for (uint32_t value = 0; value < 256; value++) {
      shifted[byte][value] = apply(zeros, value << (8 * byte));
    }
  }
}

static uint32_t shift(uint32_t crc) {
  return shifted[0][crc & 255] ^ shifted[1][crc >> 8 & 255] ^ shifted[2][crc >> 16 & 255] ^
         shifted[3][crc >> 24];
}

static uint64_t load(const unsigned char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, 8);
  return word;
}

TARGET uint32_t ccrc32c_update(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *p = (const unsigned char *)bytes;
  for (; count >= 3 * PART; count -= 3 * PART, p += 3 * PART) {
    uint64_t a = crc, b = 0, c = 0;
    for (size_t at = 0; at < PART; at += 8) {
      a = NEXT_WORD(a, load(p + at));
      b = NEXT_WORD(b, load(p + PART + at));
      c = NEXT_WORD(c, load(p + 2 * PART + at));
    }
    crc = shift(shift((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
  }
  uint64_t rest = crc;
  for (; count >= 8; count -= 8, p += 8) rest = NEXT_WORD(rest, load(p));
  crc = (uint32_t)rest;
  for (; count > 0; count--, p++) crc = NEXT_BYTE(crc, *p);
  return crc;
}

#else
int ccrc32c_available(void) { return 0; }
uint32_t ccrc32c_update(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes;
  (void)count;
  return crc;
}
#endif
