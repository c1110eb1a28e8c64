internal import Bytes

/// An entry of a symbol table (`Elf64_Sym`).
package struct Symbol {
  package static let byteCount = 24

  package let name: UInt32
  /// `STT_`
  package let type: UInt8
  package let section: Int
  package let value: UInt64
  package let size: UInt64

  /// - Parameter at: Where it is; with its 24 bytes inside.
  package init(_ bytes: RawSpan, at: Int) {
    name = bytes.load32(at)
    type = bytes[at &+ 4] & 15
    section = Int(bytes.load16(at &+ 6))
    value = bytes.load64(at &+ 8)
    size = bytes.load64(at &+ 16)
  }

  /// Whether it is defined in a section of its own (`st_shndx` below `SHN_LORESERVE`).
  package var isDefined: Bool { section > 0 && section < 0xff00 }
  /// `STT_FUNC`
  package var isFunction: Bool { type == 2 }
  /// `STT_SECTION`
  package var isSection: Bool { type == 3 }
  /// `STT_TLS`
  package var isThreadLocal: Bool { type == 6 }
}
