internal import Bytes
internal import Glibc
internal import Linux

/// Who is changing a device.
public struct LockHolder: Hashable, Sendable {
  /// The process's number.
  public var process: Int
  /// What it is doing.
  public var command: String
}

extension LockHolder: CustomStringConvertible {
  /// For example `apply (process 4711)`.
  public var description: String { "\(command) (process \(process))" }

  /// Reads `4711 apply`, as the lock's file holds it.
  init?(parsing bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let line = text.split(separator: "\n").first else { return nil }
    let words = line.split(separator: " ", maxSplits: 1)
    guard words.count == 2, let process = Int(words[0]),
      words[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { return nil }
    self.init(process: process, command: String(words[1]))
  }
}

/// The right to change a device, which one process has at a time and gives back when it ends, in
/// whatever way.
struct DeviceLock: ~Copyable {
  private let file: Descriptor

  private static let maximumLength = 4096

  /// How long until it is asked again whether the other has ended.
  private static let interval = Duration.milliseconds(200)

  /// Takes it, or throws ``InstallError/busy(holder:)`` when the time is over.
  init(
    in state: borrowing StateDirectory, for command: String, patience: Duration = .zero
  ) throws(InstallError) {
    let file = try attempt { () throws(SystemError) in
      try state.directory.open(beneath: DeviceNames.lock, [.readWrite, .create, .noFollow])
    }
    let end = ContinuousClock.now + patience
    while try !attempt({ () throws(SystemError) in try file.lock(waits: false) }) {
      guard ContinuousClock.now < end else { throw .busy(holder: Self.holder(in: file)) }
      Machine.sleep(Self.interval)
    }
    // Only for people: the lock itself does not depend on what the file holds.
    let text = Array("\(getpid()) \(command)\n".utf8)
    // A full disk must not keep anybody from rolling back.
    do throws(SystemError) {
      try file.truncate(to: 0)
      try file.write(text.rawSpan, at: 0)
    } catch {}
    self.file = file
  }

  // Closing alone would leave it to a child process that is between fork and exec at the moment.
  deinit { _ = flock(file.rawValue, LOCK_UN) }

  private static func holder(in file: borrowing Descriptor) -> LockHolder? {
    do throws(SystemError) {
      return LockHolder(parsing: try file.bytes(at: 0, count: maximumLength))
    } catch {
      return nil
    }
  }
}
