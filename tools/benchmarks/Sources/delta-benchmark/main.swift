// delta-benchmark OLD NEW PATCH [PLAIN]
// delta-benchmark worst
//
// Makes a patch as the builder does, and one of kind plain; writes them; applies both, and checks
// the results. Prints one line: kind, bytes, CPU seconds to make it, MB/s of applying it, memory that
// applying needs, peak of this process in KiB, counts of the patch; of the plain one bytes, seconds
// and MB/s. With worst: times what is hard to make patches of; fails when any takes too long.
//
// delta-benchmark --apply OLD PATCH
//
// Only applies, reads old from the file, and prints the memory that the patch says applying takes, and
// the peak of this process before and after, in KiB.
//
// delta-benchmark --apply-often OLD PATCH COUNT
//
// Applies from memory to memory again and again, and prints the best MB/s: what to give to a profiler.
import BenchmarkFiles
import BinaryDiff
import BinaryPatch
import Bytes
import Glibc
import Linux

/// Of the CPU, by all threads.
func cpuSeconds(_ body: () throws -> Void) rethrows -> Double {
  var start = timespec()
  var end = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start)
  try body()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end)
  return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9
}

/// The best of some runs, in MB/s of CPU time.
func apply(
  _ patch: [UInt8], _ old: [UInt8], _ new: [UInt8]?, runs: Int = 3
) throws -> Double {
  let newLength = Int(try PatchStatistics(patch: patch.rawSpan).newLength)
  var best = Double.infinity
  var made: [UInt8] = []
  made.reserveCapacity(newLength)
  for _ in 0..<runs {
    made.removeAll(keepingCapacity: true)
    let time = try cpuSeconds {
      var applier = try PatchApplier(patch: patch, old: MemoryBytes(old))
      while !applier.isFinished {
        try made.append(upTo: 1 << 20) { output in try applier.read(into: &output) }
      }
    }
    guard new == nil || made == new else { throw Failure(what: "applying gives other bytes") }
    best = min(best, time)
  }
  return Double(newLength) / best / 1e6
}

func peak() -> Int {
  var usage = rusage()
  // RUSAGE_SELF
  unsafe getrusage(0, &usage)
  return usage.ru_maxrss
}

func text(_ value: Double) -> String {
  let hundredths = Int(value * 1000)
  let fraction = String(hundredths % 1000)
  return "\(hundredths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
}

/// A file as old bytes.
struct FileBytes: OldBytes {
  let descriptor: Int32
  let byteCount: UInt64

  mutating func read(at offset: UInt64, into output: inout OutputRawSpan) throws(Never) {
    unsafe output.withUnsafeMutableBytes { bytes, count in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
      count += max(unsafe pread(descriptor, room.baseAddress, room.count, Int(offset)), 0)
    }
  }
}

func measureMemory(_ old: String, _ patch: String) throws {
  let patch = try read(patch)
  let descriptor = unsafe open(old, O_RDONLY)
  let length = UInt64(lseek(descriptor, 0, SEEK_END))
  let needed = try PatchStatistics(patch: patch.rawSpan).applyMemory
  var part: [UInt8] = []
  part.reserveCapacity(128 << 10)
  let before = peak()
  var applier = try PatchApplier(
    patch: patch, old: FileBytes(descriptor: descriptor, byteCount: length))
  while !applier.isFinished {
    part.removeAll(keepingCapacity: true)
    try part.append(upTo: 128 << 10) { output in try applier.read(into: &output) }
  }
  print("\(needed / 1024)\t\(before)\t\(peak())")
}

let arguments = CommandLine.arguments
if arguments.count == 2, arguments[1] == "worst" {
  MemoryAllocator.returnLargeBlocks()
  exit(try WorstCases.run() ? 0 : 1)
}
if arguments.count == 4, arguments[1] == "--apply" {
  try measureMemory(arguments[2], arguments[3])
  exit(0)
}
if arguments.count == 5, arguments[1] == "--apply-often" {
  let runs = Int(arguments[4]) ?? 1
  print(Int(try apply(read(arguments[3]), read(arguments[2]), nil, runs: runs)))
  exit(0)
}
// As btrfs-delta does; where patches are applied, nobody does.
MemoryAllocator.returnLargeBlocks()
guard arguments.count >= 4 else {
  throw Failure(what: "usage: delta-benchmark OLD NEW PATCH [PLAIN]")
}
let old = try read(arguments[1])
let new = try read(arguments[2])

var patch: [UInt8] = []
let making = try cpuSeconds {
  patch = try SourceIndex(sources: [old]).patch(to: new.rawSpan, isWholeFile: true)
}
let makingPeak = peak()
try write(patch, to: arguments[3])
let applying = try apply(patch, old, new)
let statistics = try PatchStatistics(patch: patch.rawSpan)
var fields = [
  "\(statistics.kind)", "\(patch.count)", text(making), "\(Int(applying))",
  "\(statistics.applyMemory)", "\(makingPeak)", "\(statistics.copyCount)",
  "\(statistics.controlByteCount)", "\(statistics.valuesByteCount)",
  "\(statistics.extraByteCount)", "\(statistics.projectionByteCount)",
]
if arguments.count > 4 {
  var plain: [UInt8] = []
  let making = try cpuSeconds { plain = try SourceIndex(sources: [old]).patch(to: new.rawSpan) }
  try write(plain, to: arguments[4])
  let applying = try apply(plain, old, new)
  fields += ["\(plain.count)", text(making), "\(Int(applying))"]
}
print(fields.joined(separator: "\t"))
