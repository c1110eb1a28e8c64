internal import Bytes

/// An entry of a relocation table (`Elf64_Rela`).
package struct Relocation {
  package static let byteCount = 24

  package let offset: UInt64
  package let type: UInt32
  package let symbol: Int
  package let addend: UInt64

  /// - Parameter at: Where it is; with its 24 bytes inside.
  package init(_ bytes: RawSpan, at: Int) {
    offset = bytes.load64(at)
    type = bytes.load32(at &+ 8)
    symbol = Int(bytes.load32(at &+ 12))
    addend = bytes.load64(at &+ 16)
  }

  /// `R_X86_64_RELATIVE`, `R_AARCH64_RELATIVE`
  package func isRelative(on machine: ElfImage.Machine) -> Bool {
    type == (machine == .x86_64 ? 8 : 1027)
  }

  /// Whether the target is as far behind the addend as the instruction goes on after the field:
  /// `R_X86_64_PC32` and `R_X86_64_PLT32` in code.
  package func endsInstruction(on machine: ElfImage.Machine, in section: ElfSection) -> Bool {
    machine == .x86_64 && section.isExecutable && (type == 2 || type == 4)
  }
}
