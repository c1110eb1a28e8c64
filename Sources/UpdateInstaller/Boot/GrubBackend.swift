/// GRUB with a script that goes by variables in its environment block: see `device/grub`.
///
/// GRUB reads btrfs, but by names, and those are exchanged while the variables are not yet written.
/// So it gets copies of kernels on the boot partition, and `rootflags=subvolid=`, as other loaders do:
/// then kernel and root belong together at every moment. The block must be off btrfs anyway.
public struct GrubBackend: VariableLoader {
  let files: BootFiles
  let machine: BootMachine
  private let environment: String

  /// The backend for a boot partition, and an environment block.
  public init(_ files: BootFiles, environment: String) {
    self.init(files, environment: environment, BootMachine())
  }

  init(_ files: BootFiles, environment: String, _ machine: BootMachine) {
    (self.files, self.environment, self.machine) = (files, environment, machine)
  }

  /// `grub`
  public var name: String { "grub" }

  var suffix: String { "cfg" }

  func choice() throws(BootError) -> BootChoice { try GrubEnvironmentFile(environment).choice }

  func write(_ choice: BootChoice) throws(BootError) {
    try GrubEnvironmentFile(environment).write(choice)
  }

  /// Three assignments, for GRUB's `source`.
  func text(_ description: BootDescription) -> String? {
    guard description.hasPlainOptions else { return nil }
    let values = [
      ("linux", description.kernel), ("initrd", description.initrd ?? ""),
      ("options", description.options), ("title", description.title),
    ]
    return values.map { "set \(BootChoice.prefix)\($0)=\(Self.quoted($1))\n" }.joined()
  }

  /// In single quotes, which GRUB takes as they are.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}
