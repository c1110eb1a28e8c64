internal import Bytes
internal import Linux
internal import SendStream

/// Reads the commands of a plan, from its start or from any command on.
struct PlanReader: ~Copyable {
  private let plan: Plan
  private var reader: StreamReader
  private var position: UInt64
  private let start: UInt64
  private let readLength: Int

  /// A reader from the place where a command inside the subvolume begins, or from the start.
  ///
  /// - Parameter wanted: how many bytes of file data are wanted, so that for a short run no more is
  ///   read than it has.
  init(_ plan: Plan, from start: UInt64 = 0, wanted: UInt64 = .max) {
    self.plan = plan
    self.start = start
    // A command has its header, attributes' heads and a path of 4 KiB at most beside the data.
    readLength = Int(Swift.min(UInt64(Plan.readLength), wanted.addingClamped(8192)))
    position = start
    reader =
      start == 0
      ? StreamReader(maximumBase: plan.base)
      : StreamReader(continuing: StreamVersion(base: plan.base), insideSubvolume: true)
  }

  /// Where in the plan the next command begins.
  var offset: UInt64 { start + reader.offset }

  /// The next command; `nil` behind END.
  @_lifetime(&self)
  mutating func next() throws(BuildError) -> Frame? {
    while true {
      do throws(StreamError) {
        switch try reader.next() {
        case .command(let frame)?: return frame
        case .header?: continue
        case nil: break
        }
      } catch { throw .kernelStream(error) }
      guard try read() else { return nil }
    }
  }

  private mutating func read() throws(BuildError) -> Bool {
    let chunk: [UInt8]
    do throws(SystemError) {
      chunk = try plan.file.bytes(at: position, count: readLength)
    } catch { throw .system(error) }
    position += UInt64(chunk.count)
    reader.append(chunk.rawSpan)
    return !chunk.isEmpty
  }
}

extension UInt64 {
  fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
