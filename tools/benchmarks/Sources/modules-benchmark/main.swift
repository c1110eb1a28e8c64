// modules-benchmark OLD NEW OUTPUT [STEP [PHASE]] <LIST
//
// Makes patches of the files that LIST names in both directories, in its order: every STEP-th. They
// are written one after the other, each behind its length. Appended signatures of kernel modules
// are cut off on both sides. All is applied again, and compared. Prints sums, and which sections
// the patches are spent on.
//
// modules-benchmark cut FILE OUTPUT
//
// Writes a module without its signature.
import BenchmarkFiles
import BinaryDiff
import BinaryPatch
import Bytes
import Glibc
import Linux

/// A module without the signature that is appended to it (`struct module_signature`).
func unsigned(_ bytes: [UInt8]) -> [UInt8] {
  let magic = Array("~Module signature appended~\n".utf8)
  let trailer = 12 + magic.count
  guard bytes.count > trailer, Array(bytes.suffix(magic.count)) == magic else { return bytes }
  // The length of the signature is big-endian, at the end of the structure.
  let length = bytes.dropLast(magic.count).suffix(4).reduce(0) { $0 << 8 | Int($1) }
  return Array(bytes.dropLast(min(trailer + length, bytes.count)))
}

func apply(
  _ patch: [UInt8], _ old: [UInt8], _ knowledge: inout ProjectionKnowledge
) throws -> [UInt8] {
  var made: [UInt8] = []
  var applier = try PatchApplier(patch: patch, old: MemoryBytes(old), knowledge: knowledge)
  made.reserveCapacity(Int(applier.newLength))
  while !applier.isFinished {
    try made.append(upTo: 1 << 20) { output in try applier.read(into: &output) }
  }
  knowledge = applier.takeKnowledge()
  return made
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
  let time = try ContinuousClock().measure(body)
  return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
}

MemoryAllocator.returnLargeBlocks()
let arguments = CommandLine.arguments
guard arguments.count >= 4 else {
  throw Failure(what: "usage: modules-benchmark OLD NEW OUTPUT [STEP [PHASE]] <LIST")
}
if arguments[1] == "cut" {
  try write(unsigned(try read(arguments[2])), to: arguments[3])
  exit(0)
}
let step = arguments.count > 4 ? Int(arguments[4]) ?? 1 : 1
let phase = arguments.count > 5 ? Int(arguments[5]) ?? 0 : 0
var names: [String] = []
while let line = readLine() { names.append(line) }
names = names.enumerated().filter { $0.offset % step == phase }.map(\.element)

var output: [UInt8] = []
var residue = Residue()
var total = 0
var applying = 0.0
var finishing = 0.0
var taught = ProjectionKnowledge()
var learned = ProjectionKnowledge()
let batch = 64
for start in stride(from: 0, to: names.count, by: batch) {
  let part = names[start..<min(start + batch, names.count)]
  let (oldRoot, newRoot) = (arguments[1], arguments[2])
  let made = try await withThrowingTaskGroup(of: (Int, PreparedPatch).self) { group in
    for (index, name) in part.enumerated() {
      group.addTask {
        let old = unsigned(try read("\(oldRoot)/\(name)"))
        let new = unsigned(try read("\(newRoot)/\(name)"))
        let source = try SourceIndex(sources: [old])
        return (index, try source.prepare(to: new.rawSpan, isWholeFile: true))
      }
    }
    var made: [Int: PreparedPatch] = [:]
    for try await (index, patch) in group { made[index] = patch }
    return made
  }
  for (index, name) in part.enumerated() {
    guard let prepared = made[index] else { throw Failure(what: name) }
    var patch: [UInt8] = []
    finishing += seconds { patch = prepared.finish(&taught) }
    let old = unsigned(try read("\(oldRoot)/\(name)"))
    let new = unsigned(try read("\(newRoot)/\(name)"))
    try applying += seconds {
      guard try apply(patch, old, &learned) == new else { throw Failure(what: "\(name) differs") }
    }
    output.append(varint: UInt64(patch.count))
    output += patch
    residue.add(patch, new: new)
    total += new.count
  }
}
try write(output, to: arguments[3])
print(
  "files \(names.count), bytes of new \(total), patches \(output.count), finished in \(finishing) s, applied in \(applying) s"
)
print("knowledge \(taught.encoded.count) bytes, same: \(taught == learned)")
for (name, sum) in residue.sums.sorted(by: { $0.value.weight > $1.value.weight }).prefix(30) {
  print("\(name): copies \(sum.copies), inserted \(sum.inserted), differences \(sum.differences)")
}
