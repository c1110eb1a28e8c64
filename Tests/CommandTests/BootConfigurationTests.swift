import Configuration
import Foundation
import TestSupport
import Testing
import UpdateInstaller

@Suite("The boot loader as the configuration has it")
struct BootConfigurationTests {
  private func configuration(_ text: String) throws -> BootConfiguration {
    var loaded = LoadedConfiguration()
    try loaded.add(ConfigurationFile(parsing: Array("[Boot]\n\(text)".utf8), path: "file"))
    return try BootConfiguration(loaded.configuration.boot)
  }

  @Test("Without a word, names are exchanged and no more")
  func standard() throws {
    #expect(try configuration("") == .names)
    #expect(try configuration("Backend=default-subvolume") == .defaultSubvolume)
  }

  @Test("A program of the device's maker: whether its loader counts, and how long it may take")
  func custom() throws {
    #expect(
      try configuration("Backend=custom\nScript=/s")
        == .custom(script: "/s", timeLimit: .seconds(60), countsTries: true))
    #expect(
      try configuration("Backend=custom\nScript=/s\nScriptCounts=no\nScriptTimeLimit=2h")
        == .custom(script: "/s", timeLimit: .seconds(7200), countsTries: false))
    #expect(throws: BootConfigurationError.missingOption("script", backend: "custom")) {
      try configuration("Backend=custom")
    }
  }

  @Test("Loaders with a boot partition get what the section says")
  func files() throws {
    var files = BootFiles(directory: "/efi", token: "kiosk", title: "Kiosk")
    files.kernel = "boot/k"
    files.usesInitrd = false
    files.commandLine = "quiet"
    let text = """
      Directory=/efi
      EntryToken=kiosk
      Title=Kiosk
      Kernel=/boot/k
      Initrd=none
      CommandLine=quiet

      """
    #expect(try configuration("Backend=bls\n" + text) == .bls(files))
    #expect(
      try configuration("Backend=grub\nGrubEnvironment=/efi/env\n" + text)
        == .grub(files, environment: "/efi/env"))
  }

  @Test(
    "What a loader does not take is wrong in the file that says it, whatever is asked for",
    arguments: [
      ("Backend=bls\nEntryToken=Kiosk", 3), ("EntryToken=-a", 2), ("Backend=custom", 2),
      ("Title=" + String(repeating: "x", count: 65), 2),
    ])
  func wrongFile(_ text: String, _ line: Int) throws {
    let program = try BuiltProgram.path("btrfs-update")
    let system = try TemporaryDirectory()
    try run(
      "sh", "-ec", "umask 022; chmod 755 \(system.path); mkdir -p \(system.path)/etc/btrfs-update")
    let file = "\(system.path)/etc/btrfs-update/btrfs-update.conf"
    try Data("[Boot]\n\(text)\n".utf8).write(to: URL(filePath: file))
    for command in [["config"], ["status", "--root", system.path]] {
      let result = try runProgram([program] + command + ["--config-root", system.path])
      #expect(result.status == 60, "\(command)")
      #expect(result.errors.contains("\(file):\(line): "), "\(result.errors)")
    }
  }
}
