import Foundation

// fuzz run TARGET SEED SECONDS|xCOUNT STATE [FILE…]: inputs from SEED, SEED + 1, … until SECONDS are
// over or COUNT were run. STATE is a file that has the seed of the input being run: a crash leaves it.
// fuzz seeds TARGET DIRECTORY: writes what a guided search begins from.
// fuzz guided TARGET ARGUMENT…: with libFuzzer's arguments, in a build that has it.

/// Longer no input may take, whatever it is; then a signal ends the program.
let hangSeconds: UInt32 = 120
/// What the whole program may take.
let memoryLimit: rlim_t = 3 << 30
/// The peak that a run must stay under.
let peakLimit: UInt64 = 1 << 30

func run<T: Target>(_: T.Type, _ arguments: [String]) throws {
  guard arguments.count >= 4, let seed = UInt64(arguments[1]) else { throw Finding("usage") }
  let count = arguments[2].hasPrefix("x") ? Int(arguments[2].dropFirst()) : nil
  let end = ContinuousClock.now + .seconds(Double(arguments[2]) ?? 1e9)
  _ = FileManager.default.createFile(atPath: arguments[3], contents: nil)
  guard let state = FileHandle(forWritingAtPath: arguments[3]) else { throw Finding("no state") }
  var target = try T(Corpus(files: Array(arguments[4...])))
  var meter = Meter(nanosecondsPerByte: T.nanosecondsPerByte)
  var (inputs, taken) = (0, 0)
  PeakMemory.reset()
  while count.map({ inputs < $0 }) ?? (ContinuousClock.now < end) {
    let input = seed &+ UInt64(inputs)
    try state.seek(toOffset: 0)
    try state.write(contentsOf: Data("\(input)\n".utf8))
    alarm(hangSeconds)
    // Neighbouring seeds would give nearly the same numbers.
    var mixed = SeededGenerator(seed: input)
    var random = SeededGenerator(seed: mixed.next())
    if try target.run(&random, &meter) { taken += 1 }
    inputs += 1
  }
  let peak = PeakMemory.read().peak
  guard peak <= peakLimit else { throw Finding("\(peak) bytes of memory at the peak") }
  guard inputs < 100 || taken > 0 else { throw Finding("no input of \(inputs) was taken") }
  print(
    "\(T.name): \(inputs) inputs, \(taken) taken; at most \(Int(meter.worst)) ns a byte;",
    "\(peak >> 20) MiB at the peak")
}

/// Writes the seeds of a target, a file each.
func writeSeeds(_ type: any GuidedTarget.Type, into directory: String) throws {
  try FileManager.default.createDirectory(
    atPath: directory, withIntermediateDirectories: true)
  for (index, seed) in try type.init(Corpus(files: [])).seeds.enumerated() {
    try Data(seed).write(to: URL(filePath: "\(directory)/seed-\(index)"))
  }
}

let targets: [any Target.Type] = [
  ApplyTarget.self, ParserTarget.self, IdentityTarget.self, StreamTarget.self,
  ReceiveTarget.self, HeadTarget.self, MutationsTarget.self, RecompressTarget.self,
  ArchiveTarget.self,
]

let words = Array(CommandLine.arguments.dropFirst())
if words.count >= 3, ["seeds", "guided"].contains(words[0]) {
  do {
    let found = targets.first { $0.name == words[1] }
    guard let target = found as? any GuidedTarget.Type else {
      throw Finding("\(words[1]) is not for guided search")
    }
    if words[0] == "seeds" { try writeSeeds(target, into: words[2]) }
    if words[0] == "guided" { try runGuided(target, Array(words[1...])) }
    exit(0)
  } catch {
    print("\(words[1]): \(error)")
    exit(1)
  }
}

var limit = rlimit(rlim_cur: memoryLimit, rlim_max: memoryLimit)
unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
guard let target = targets.first(where: { $0.name == words.first }) else {
  print(targets.map { $0.name }.joined(separator: " "))
  exit(2)
}
do {
  try run(target, words)
} catch {
  print("\(target.name): \(error)")
  exit(1)
}
