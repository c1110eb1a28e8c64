internal import Configuration
internal import Linux

/// What the running system says that the device is.
enum ProductFile {
  static let path = "/etc/btrfs-update/compatible"

  /// The file's first line; `nil` if there is no file, or nothing in it.
  ///
  /// - Throws: also where somebody else than root could have written it.
  static func product(_ files: TrustedFiles) throws -> String? {
    guard let found = try files.file(path) else { return nil }
    let bytes = try Descriptor.open(found).readToEnd(limit: 4096)
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
    let product = line.drop { $0 == " " || $0 == "\t" }
    let end = product.lastIndex { $0 != " " && $0 != "\t" && $0 != "\r" }
    guard let end else { return nil }
    return String(product[...end])
  }
}
