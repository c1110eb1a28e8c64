#!/usr/bin/env python3
"""Prints what zlib, gzip and xz make of the sample of RecipeSample.swift: the table in
ZlibSumsTests.swift and the fingerprints in RecipeSelfTest.swift."""
import struct
import subprocess
import zlib

M = (1 << 64) - 1


class Generator:
    state = 0x627472667364656C

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & M
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
        return z ^ (z >> 31)

    def number(self, limit):
        return self.next() % max(limit, 1)

    def byte(self):
        return self.next() & 0xFF

    def word(self):
        return bytes(0x61 + self.number(26) for _ in range(2 + self.number(9)))


def make(count):
    random = Generator()
    words = [random.word() for _ in range(400)]
    out = bytearray()
    while len(out) < count:
        case = random.number(8)
        if case == 0:
            out += bytes(random.byte() for _ in range(random.number(3000)))
        elif case == 1:
            byte = random.byte()
            out += bytes([byte]) * random.number(2000)
        elif case == 2:
            first = random.next()
            for index in range(60):
                out += struct.pack("<I", (first + index * 24) & 0xFFFFFFFF)
                out += struct.pack("<I", random.next() & 0xFF)
                out += struct.pack("<Q", index)
        else:
            for _ in range(200):
                out += words[random.number(1 + random.number(len(words)))]
                out.append(0x0A if random.number(12) == 0 else 0x20)
    return bytes(out[:count])


def deflate(data, level, memory, strategy):
    encoder = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    return encoder.compress(data) + encoder.flush()


sample = make(192 << 10)
print(f"// sample: {len(sample)}, 0x{zlib.crc32(sample):08x}; zlib {zlib.ZLIB_RUNTIME_VERSION}")
for level, memory, strategy in (
    [(level, 8, 0) for level in range(1, 10)]
    + [(level, memory, 0) for level in (1, 6, 9) for memory in (1, 3, 9)]
    + [(level, 8, 1) for level in (3, 6, 9)]
):
    made = deflate(sample, level, memory, strategy)
    name = [".standard", ".filtered"][strategy]
    print(f"  ({level}, {memory}, {name}, {len(made)}, 0x{zlib.crc32(made):08x}),")

def printed(name, made):
    print(f"{name}: 0x{len(made):08x}_{zlib.crc32(made):08x}")


def run(*command):
    return subprocess.run(command, input=sample, stdout=subprocess.PIPE, check=True).stdout


# The fingerprints of RecipeSelfTest.swift, by the programs themselves.
for level in (1, 6, 9):
    printed(f"gzip -{level}", run("gzip", "-n", f"-{level}", "-c")[10:])
settings = "--lzma2=preset=6,dict=1MiB"
printed("xz, Blocks", run("xz", "-T2", "--check=crc32", settings, "-c"))
printed("xz, x86", run("xz", "--check=crc32", "--x86", settings, "-c"))
