import BinaryPatch
import Bytes

/// Applies a patch, in pieces; gives up, without an error, behind `longest` bytes.
func apply(
  _ patch: [UInt8], to old: [UInt8], _ knowledge: inout ProjectionKnowledge, step: Int = 1 << 16,
  longest: Int = .max
) throws -> [UInt8] {
  var applier = try PatchApplier(
    patch: patch, old: MemoryBytes(old), knowledge: knowledge)
  var made: [UInt8] = []
  while !applier.isFinished, made.count < longest {
    let before = made.count
    try made.append(upTo: step) { output in try applier.read(into: &output) }
    guard made.count > before else { throw Finding("the applier stands still") }
  }
  guard made.count < longest else { return made }
  guard UInt64(made.count) == applier.newLength else {
    throw Finding("\(made.count) bytes, announced \(applier.newLength)")
  }
  try applier.finish()
  knowledge = applier.takeKnowledge()
  return made
}

/// Runs what may refuse its input: `nil` then. A finding goes on.
func refusable<Result>(_ body: () throws -> Result) throws -> Result? {
  do { return try body() } catch let finding as Finding { throw finding } catch { return nil }
}
