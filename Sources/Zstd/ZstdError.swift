/// Why libzstd refused.
public struct ZstdError: Error, Hashable, Sendable {
  /// What it says (`ZSTD_getErrorName`).
  public let reason: String
  /// `ZSTD_ErrorCode`.
  public let code: UInt32
}

extension ZstdError: CustomStringConvertible {
  /// One line for a terminal.
  public var description: String { reason }
}
