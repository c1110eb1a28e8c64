internal import Bytes
internal import Linux

/// What a machine says about how it was booted.
struct BootMachine: Hashable, Sendable {
  /// The kernel's command line.
  var commandLinePath = "/proc/cmdline"
  /// Where the firmware's variables are (`efivarfs`).
  var variables = "/sys/firmware/efi/efivars"

  /// The vendor of systemd-boot's variables (`EFI_LOADER_VARIABLE`).
  private static let loaderVendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

  /// The command line of what runs.
  func commandLine() throws(BootError) -> String {
    let bytes = try attemptBoot { () throws(SystemError) in
      try Descriptor.open(commandLinePath).readToEnd(limit: 1 << 16)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The id of the subvolume that the command line names; `nil` also if that cannot be read.
  func rootSubvolumeID() -> UInt64? {
    do throws(BootError) { return KernelCommandLine.subvolumeID(in: try commandLine()) } catch {
      return nil
    }
  }

  /// The system whose subvolume the command line names; `nil` also if that cannot be read.
  func systemOnCommandLine(_ disk: borrowing BootDisk) -> BootSystem? {
    rootSubvolumeID().flatMap { disk.system(id: $0) }
  }

  /// The text in one of systemd-boot's variables; `nil` if there is none.
  func loaderVariable(_ name: String) -> String? {
    do throws(SystemError) {
      let path = "\(variables)/\(name)-\(Self.loaderVendor)"
      return Self.text(ofVariable: try Descriptor.open(path).readToEnd(limit: 4096))
    } catch { return nil }
  }

  /// Four bytes of attributes, then UTF-16 that ends with a NUL.
  static func text(ofVariable bytes: [UInt8]) -> String? {
    guard bytes.count > 4, bytes.count % 2 == 0 else { return nil }
    var units: [UInt16] = []
    var cursor = ByteCursor(bytes.rawSpan)
    guard cursor.read(UInt32.self) != nil else { return nil }
    while let unit = cursor.read(UInt16.self), unit != 0 { units.append(unit) }
    return units.isEmpty ? nil : String(decoding: units, as: UTF16.self)
  }
}
