public import SendStream

extension StreamVersion {
  /// The revision of the delta stream that this library reads and writes.
  public static let deltaRevision: UInt16 = 1
}

extension CommandKind {
  /// The update file's manifest; the first command.
  public static let manifest = CommandKind(rawValue: 0x8000)
  /// A signature over the manifest; behind it.
  public static let signature = CommandKind(rawValue: 0x8001)
  /// A run of WRITEs, and of CLONEs between them, as a binary patch against other files, see
  /// ``PatchCommand``; behind SNAPSHOT or SUBVOL.
  public static let patch = CommandKind(rawValue: 0x8002)
}

extension AttributeKind {
  /// PATCH: a range of an old file, see ``PatchSource``.
  public static let patchSource = AttributeKind(rawValue: 0x8070)
  /// PATCH: the parts that are shared with the first source's file, see ``PatchCloneReader``.
  public static let patchClones = AttributeKind(rawValue: 0x8071)
  /// PATCH: the patch; the last attribute, without a length field.
  public static let patchData = AttributeKind(rawValue: 0xC003)
  /// PATCH, in the place of the patch: a patch of opened files, see ``OpenedPatch``; without a
  /// length field.
  public static let patchOpenedData = AttributeKind(rawValue: 0xC004)
}
