internal import Bytes
internal import CommandSupport
internal import Configuration
internal import Crypto
internal import Linux

/// The keys that a device trusts.
enum TrustedKeys {
  /// No key file is longer than this, in bytes.
  private static let limit = 64 << 10

  /// The keys of all `*.pem` in the directory that the configuration names.
  ///
  /// Who could write there could have anything installed: each file, and what leads to it, has to
  /// be root's alone. One that cannot be read is an error, and not left out: who trusts two keys
  /// would not notice.
  static func configured(_ directory: String, _ files: TrustedFiles) throws -> [VerificationKey] {
    guard let paths = try files.files(in: directory, suffix: ".pem") else {
      throw CommandFailure(.badKey, "there is no directory of trusted keys, \"\(directory)\"")
    }
    return try keys(paths.map { Array($0.utf8) }, of: directory)
  }

  /// The same of a directory that was named on the command line. Whoever names it, as root, vouches
  /// for it: it may be on a stick, or belong to somebody else.
  static func named(_ directory: String) throws -> [VerificationKey] {
    let names = try entries(of: directory)
      .filter { $0.count > 4 && $0.suffix(4).elementsEqual(".pem".utf8) }
      .sorted { $0.lexicographicallyPrecedes($1) }
    return try keys(names.map { Array("\(directory)/".utf8) + $0 }, of: directory)
  }

  private static func keys(_ paths: [[UInt8]], of directory: String) throws -> [VerificationKey] {
    guard !paths.isEmpty else {
      throw CommandFailure(
        .badKey, "\"\(directory)\" holds no *.pem: put the trusted public keys there")
    }
    return try paths.map(key)
  }

  private static func entries(of path: String) throws -> [[UInt8]] {
    do throws(SystemError) {
      return try Descriptor.open(path, [.readOnly, .directory]).entries().map(\.name)
    } catch { throw CommandFailure(.badKey, "the keys cannot be read: \(error)") }
  }

  private static func key(at path: [UInt8]) throws -> VerificationKey {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Descriptor.open(path).readToEnd(limit: limit)
    } catch { throw CommandFailure(.badKey, "the key cannot be read: \(error)") }
    do throws(KeyError) { return try VerificationKey(pem: bytes.rawSpan) } catch {
      let name = String(decoding: path, as: UTF8.self)
      throw CommandFailure(.badKey, "\"\(name)\" is not a public key to trust: \(error)")
    }
  }
}
