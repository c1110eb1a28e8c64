#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* CRC-32C with the processor's own instruction. */

/* Whether there is one. */
int ccrc32c_available(void);

/* The checksum of `count` more bytes after `crc`; not inverted, neither before nor after. */
uint32_t ccrc32c_update(uint32_t crc, const void *bytes, size_t count);
