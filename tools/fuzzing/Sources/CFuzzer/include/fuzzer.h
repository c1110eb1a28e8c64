#pragma once

#include <stddef.h>
#include <stdint.h>

/// libFuzzer's own loop (compiler-rt). Only a build with `-sanitize=fuzzer` has it.
int LLVMFuzzerRunDriver(
    int *_Nonnull argc, char *_Nullable *_Nonnull *_Nonnull argv,
    int (*_Nonnull take)(const uint8_t *_Nullable data, size_t size));
