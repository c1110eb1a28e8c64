/// How commands are carried out, where there is a choice.
public struct ReceiveOptions: Hashable, Sendable {
  /// Compressed data is always decompressed and written plainly, also where the kernel would store it
  /// as it is.
  public var forceDecompress: Bool

  /// UPDATE_EXTENT, which stands for data that a stream was made without (`btrfs send --no-data`),
  /// does nothing, as in `btrfs receive`. Otherwise it is refused: what is received is not what was
  /// sent.
  public var allowsMissingData: Bool

  /// ENCODED_WRITE is carried out; otherwise it is refused, as in an update, which never has it.
  public var allowsEncodedWrites: Bool

  /// After so many bytes of data, the file system is told to write them to disk while receiving goes
  /// on, so that not all is left for the end; `nil` for never.
  public var syncInterval: UInt64?

  /// 128 MiB: each time costs a transaction.
  public static let standardSyncInterval: UInt64 = 128 << 20

  /// The kernel's way wherever it has one, and nothing missing, unless told otherwise.
  public init(
    forceDecompress: Bool = false, allowsMissingData: Bool = false,
    allowsEncodedWrites: Bool = true, syncInterval: UInt64? = standardSyncInterval
  ) {
    self.forceDecompress = forceDecompress
    self.allowsMissingData = allowsMissingData
    self.allowsEncodedWrites = allowsEncodedWrites
    self.syncInterval = syncInterval
  }
}
