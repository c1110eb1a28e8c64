import Bytes
import Linux
import Receive
import SendStream

/// One command of a hand-made stream; paths are bytes, so that they may be wrong in any way.
struct Step: Sendable {
  let carryOut: @Sendable (inout Receiver) throws(ReceiveError) -> Void

  static let uuid = makeUUID(0x11)

  static func makeUUID(_ byte: UInt8) -> SubvolumeUUID {
    let bytes = [UInt8](repeating: byte, count: 16)
    return SubvolumeUUID(bytes.rawSpan) ?? .none
  }

  /// A command with one path.
  private static func one(
    _ path: [UInt8],
    _ command:
      @escaping @Sendable (RawSpan, inout Receiver) throws(ReceiveError) -> Void
  ) -> Step {
    Step { (receiver) throws(ReceiveError) in try command(path.rawSpan, &receiver) }
  }

  /// A command with two.
  private static func two(
    _ path: [UInt8], _ other: [UInt8],
    _ command:
      @escaping @Sendable (RawSpan, RawSpan, inout Receiver) throws(ReceiveError) -> Void
  ) -> Step {
    Step { (receiver) throws(ReceiveError) in
      try command(path.rawSpan, other.rawSpan, &receiver)
    }
  }

  static func subvolume(_ path: String = "v1") -> Step {
    one(path.bytes) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.subvolume(path: path, uuid: uuid, ctransid: 7))
    }
  }

  static func snapshot() -> Step {
    one("v1".bytes) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(
        .snapshot(
          path: path, uuid: uuid, ctransid: 7, parentUUID: makeUUID(2), parentCtransid: 3))
    }
  }

  static func makeFile(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.makeFile(path: path, inode: 300))
    }
  }

  static func makeDirectory(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.makeDirectory(path: path, inode: 300))
    }
  }

  static func makeNode(_ path: [UInt8], mode: UInt64, device: UInt64 = 0x103) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.makeNode(path: path, inode: 300, device: device, mode: mode))
    }
  }

  static func makeFIFO(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.makeFIFO(path: path, inode: 300, device: 0, mode: 0o010600))
    }
  }

  static func makeSocket(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.makeSocket(path: path, inode: 300, device: 0, mode: 0o140600))
    }
  }

  static func symlink(_ path: [UInt8], to target: [UInt8]) -> Step {
    two(path, target) { (path, target, receiver) throws(ReceiveError) in
      try receiver.carryOut(.symlink(path: path, inode: 300, target: target))
    }
  }

  static func rename(_ path: [UInt8], to new: [UInt8]) -> Step {
    two(path, new) { (path, new, receiver) throws(ReceiveError) in
      try receiver.carryOut(.rename(path: path, to: new))
    }
  }

  static func link(_ path: [UInt8], to existing: [UInt8]) -> Step {
    two(path, existing) { (path, existing, receiver) throws(ReceiveError) in
      try receiver.carryOut(.link(path: path, existing: existing))
    }
  }

  static func unlink(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.unlink(path: path))
    }
  }

  static func removeDirectory(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.removeDirectory(path: path))
    }
  }

  static func setXattr(_ path: [UInt8], _ name: [UInt8], _ value: [UInt8] = [1]) -> Step {
    two(path, name) { (path, name, receiver) throws(ReceiveError) in
      try receiver.carryOut(.setXattr(path: path, name: name, value: value.rawSpan))
    }
  }

  static func removeXattr(_ path: [UInt8], _ name: [UInt8]) -> Step {
    two(path, name) { (path, name, receiver) throws(ReceiveError) in
      try receiver.carryOut(.removeXattr(path: path, name: name))
    }
  }

  static func write(_ path: [UInt8], _ data: [UInt8] = [1, 2, 3], at offset: UInt64 = 0) -> Step {
    two(path, data) { (path, data, receiver) throws(ReceiveError) in
      try receiver.carryOut(.write(path: path, offset: offset, data: data))
    }
  }

  static func clone(
    _ path: [UInt8], from source: [UInt8], of uuid: SubvolumeUUID = uuid, length: UInt64 = 4096,
    at sourceOffset: UInt64 = 0, to offset: UInt64 = 0
  ) -> Step {
    two(path, source) { (path, source, receiver) throws(ReceiveError) in
      try receiver.carryOut(
        .clone(
          path: path, offset: offset, length: length, sourceUUID: uuid, sourceCtransid: 99,
          sourcePath: source, sourceOffset: sourceOffset))
    }
  }

  static func truncate(_ path: [UInt8], to size: UInt64 = 0) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.truncate(path: path, size: size))
    }
  }

  static func changeMode(_ path: [UInt8], _ mode: UInt64 = 0o644) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.changeMode(path: path, mode: mode))
    }
  }

  static func changeOwner(_ path: [UInt8], _ uid: UInt64 = 5, _ gid: UInt64 = 6) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.changeOwner(path: path, uid: uid, gid: gid))
    }
  }

  static func setTimes(
    _ path: [UInt8], access: UInt32 = 1, modification: UInt32 = 2
  ) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      let time = Timespec(seconds: 1, nanoseconds: 0)
      try receiver.carryOut(
        .setTimes(
          path: path, access: Timespec(seconds: 1_000_000_000, nanoseconds: access),
          modification: Timespec(seconds: 1_000_000_000, nanoseconds: modification), change: time,
          creation: nil))
    }
  }

  static func allocate(
    _ path: [UInt8], mode: UInt32 = 3, at offset: UInt64 = 0, _ size: UInt64 = 4096
  ) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.allocate(path: path, mode: mode, offset: offset, size: size))
    }
  }

  static func setFileAttributes(_ path: [UInt8], _ flags: UInt64 = 0x40) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.setFileAttributes(path: path, flags: flags))
    }
  }

  static func updateExtent(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      try receiver.carryOut(.updateExtent(path: path, offset: 0, size: 4096))
    }
  }

  static func encodedWrite(_ path: [UInt8]) -> Step {
    one(path) { (path, receiver) throws(ReceiveError) in
      let encoding = DataEncoding(
        unencodedFileLength: 100_000, unencodedLength: 4096, unencodedOffset: 4000,
        compression: 2, encryption: nil)
      try receiver.carryOut(
        .encodedWrite(path: path, offset: 0, encoding: encoding, data: path))
    }
  }

  static func encodedWrite(
    _ path: [UInt8], _ data: [UInt8], _ encoding: DataEncoding, at offset: UInt64 = 0
  ) -> Step {
    two(path, data) { (path, data, receiver) throws(ReceiveError) in
      try receiver.carryOut(
        .encodedWrite(path: path, offset: offset, encoding: encoding, data: data))
    }
  }

  static func enableVerity(
    _ path: [UInt8], salt: [UInt8] = [], signature: [UInt8] = []
  ) -> Step {
    two(path, salt) { (path, salt, receiver) throws(ReceiveError) in
      try receiver.carryOut(
        .enableVerity(
          path: path, algorithm: 1, blockSize: 4096, salt: salt, signature: signature.rawSpan))
    }
  }

  static let end = Step { (receiver) throws(ReceiveError) in try receiver.carryOut(.end) }

  static let finish = Step { (receiver) throws(ReceiveError) in try receiver.finish() }
}

extension String {
  var bytes: [UInt8] { Array(utf8) }
}

extension [Step] {
  /// Carries out the steps from the first to the last.
  func carryOut(
    in root: consuming Descriptor, _ sources: CloneSources = CloneSources(),
    options: ReceiveOptions = ReceiveOptions()
  ) throws(ReceiveError) {
    var receiver = try Receiver(root: root, cloneSources: sources, options: options)
    for step in self { try step.carryOut(&receiver) }
  }

  /// What refuses the steps, which is to be the last of them.
  func refusal(
    in root: consuming Descriptor, _ sources: CloneSources = CloneSources(),
    options: ReceiveOptions = ReceiveOptions()
  ) throws -> ReceiveError.Reason? {
    var receiver = try Receiver(root: root, cloneSources: sources, options: options)
    for step in dropLast() { try step.carryOut(&receiver) }
    do throws(ReceiveError) {
      try last?.carryOut(&receiver)
    } catch {
      return error.reason
    }
    return nil
  }
}
