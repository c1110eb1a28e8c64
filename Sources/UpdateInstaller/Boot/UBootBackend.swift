internal import Bytes
internal import Linux

/// U-Boot with a script that goes by variables in its environment: see `device/u-boot`.
///
/// The environment is read and written by U-Boot's own tools, `fw_printenv` and `fw_setenv`, all
/// variables in one write; that this is whole or not at all is the redundant environment's doing
/// (`CONFIG_SYS_REDUNDAND_ENVIRONMENT`).
public struct UBootBackend: VariableLoader {
  let files: BootFiles
  let machine: BootMachine
  private let configuration: String
  private let tools: [String]

  private static let timeLimit = Duration.seconds(60)
  /// Where the tools are.
  public static let toolDirectories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]

  /// The backend for a boot partition.
  ///
  /// - Parameters:
  ///   - configuration: the tools' configuration.
  ///   - tools: the directories in which they are looked for.
  public init(
    _ files: BootFiles, configuration: String = "/etc/fw_env.config",
    tools: [String] = toolDirectories
  ) {
    self.init(files, configuration: configuration, tools: tools, BootMachine())
  }

  init(_ files: BootFiles, configuration: String, tools: [String], _ machine: BootMachine) {
    (self.files, self.machine) = (files, machine)
    (self.configuration, self.tools) = (configuration, tools)
  }

  /// `uboot`
  public var name: String { "uboot" }

  var suffix: String { "env" }

  private func run(_ tool: String, _ arguments: [String]) throws(BootError) -> [String] {
    let path = try BootProgram.path(of: tool, in: tools)
    return try BootProgram(path: path, timeLimit: Self.timeLimit)
      .run(["-c", configuration] + arguments)
  }

  func choice() throws(BootError) -> BootChoice {
    var variables: [String: String] = [:]
    for line in try run("fw_printenv", []) where line.hasPrefix(BootChoice.prefix) {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
    }
    return BootChoice(variables)
  }

  /// Also tells boards that count by themselves whether there is something to count: `bootcount`
  /// from 0 on, while `upgrade_available` is 1.
  func write(_ choice: BootChoice) throws(BootError) {
    if try self.choice() == choice { return }
    let trial = choice.left.map { $0 > 0 } ?? false
    let variables =
      choice.variables + [("upgrade_available", trial ? "1" : "0"), ("bootcount", "0")]
    let script = variables.map { "\($0.name)=\($0.value)\n" }.joined()
    let store = try BootFileStore(files, suffix: suffix)
    let name = BootFileStore.scriptName + BootFileStore.temporarySuffix
    try store.noticingFull(needed: UInt64(script.utf8.count)) { () throws(SystemError) in
      let file = try store.directory.open(
        beneath: name, [.writeOnly, .create, .truncate, .noFollow])
      let bytes = Array(script.utf8)
      try file.write(bytes.rawSpan)
    }
    _ = try run("fw_setenv", ["-s", "\(files.directory)/\(files.token)/\(name)"])
    try attemptBoot { () throws(SystemError) in try store.directory.unlink(name) }
  }

  /// Three variables, for U-Boot's `env import -t`.
  func text(_ description: BootDescription) -> String? {
    guard description.hasPlainOptions else { return nil }
    let values = [
      ("linux", description.kernel), ("initrd", description.initrd ?? ""),
      ("options", description.options),
    ]
    return values.map { "\(BootChoice.prefix)\($0)=\($1)\n" }.joined()
  }
}
