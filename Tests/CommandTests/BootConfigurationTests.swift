import Configuration
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
}
