/// What the bytes of an update file are spent on, file by file: the answer to "why is it large?".
///
/// The sizes are measured, not estimated: how much compressed input the decoder had taken when a
/// command was whole. They are exact to a few bytes, and add up to the payload's length.
public struct UpdateExplanation: Sendable {
  /// How the bytes of a file travel, the more laborious first.
  public enum Form: String, Hashable, Sendable, CaseIterable {
    /// Opened: as a patch of what is inside compressed data.
    case opened
    /// As a patch against predicted old bytes.
    case projected = "predicted"
    /// As a patch against old bytes as they are.
    case patched
    /// As they are.
    case whole
    /// As a reference to what the parent has.
    case cloned
    /// There are none: the command changes names, owners, times and the like.
    case metadata
  }

  /// Commands, and what they take.
  public struct Sum: Hashable, Sendable {
    /// How many commands.
    public var commandCount = 0
    /// How many bytes of files they write.
    public var writtenLength: UInt64 = 0
    /// How many bytes they take in the delta stream.
    public var deltaLength: UInt64 = 0
    /// How many bytes they take in the update file, compressed.
    public var compressedLength: Double = 0
  }

  /// What one file takes.
  public struct File: Hashable, Sendable {
    /// Its path in the new tree; the last one it had if it has none in the end.
    public var path: [UInt8] = []
    /// The most laborious form that any of its bytes have.
    public var form = Form.cloned
    /// The paths of the old files that patches of it copy from, in order of first use.
    public var sources: [[UInt8]] = []
    /// All commands that write to it.
    public var sum = Sum()
    /// Bytes of patches that say what to insert and to copy, before compression.
    public var controlLength: UInt64 = 0
    /// Bytes of patches that correct what was copied, before compression.
    public var valuesLength: UInt64 = 0
    /// Bytes of patches that are inserted, before compression.
    public var extraLength: UInt64 = 0
    /// Bytes of patches that predicting fields takes, before compression.
    public var projectionLength: UInt64 = 0
    /// Bytes that travel as they are, before compression.
    public var plainLength: UInt64 = 0
  }

  /// The files that are written to, the largest contributors first.
  public var files: [File] = []
  /// What the commands of each form take.
  public var forms: [Form: Sum] = [:]
  /// What everything takes.
  public var total = Sum()
}

extension UpdateExplanation.Sum {
  mutating func add(written: UInt64, delta: UInt64, compressed: Double) {
    commandCount += 1
    writtenLength += written
    deltaLength += delta
    compressedLength += compressed
  }
}

extension UpdateExplanation.File {
  /// Takes the form of one more command, if it is the more laborious one.
  mutating func meet(_ other: UpdateExplanation.Form) {
    form = UpdateExplanation.Form.allCases.first { $0 == form || $0 == other } ?? form
  }
}
