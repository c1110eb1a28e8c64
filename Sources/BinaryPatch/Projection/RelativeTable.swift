/// How the records of a table of the kernel are laid out: which of their words say how far something
/// is from the word itself.
struct RelativeTable: Sendable {
  /// How many bytes a record has.
  let stride: Int
  /// Where in a record such words are.
  let places: [Int]

  /// The layout of a section by its name; `nil`: it is none of these.
  static func layout(of section: ElfSection) -> RelativeTable? {
    guard section.isAllocated, section.type == ElfSection.Kind.programBits else { return nil }
    if words.contains(where: { section.isNamed($0) }) {
      return RelativeTable(stride: 4, places: [0])
    }
    // struct kernel_symbol: value, name, namespace.
    if section.isNamed("__ksymtab") || section.isNamed("__ksymtab_gpl") {
      return RelativeTable(stride: 12, places: [0, 4, 8])
    }
    // struct exception_table_entry, struct bug_entry: of two places, and something else.
    if section.isNamed("__ex_table") || section.isNamed("__bug_table") {
      return RelativeTable(stride: 12, places: [0, 4])
    }
    // struct alt_instr: instruction and replacement; flags have two bytes, later four.
    if section.isNamed(".altinstructions") {
      guard let stride = [12, 14].first(where: { section.range.count.isMultiple(of: $0) }) else {
        return nil
      }
      return RelativeTable(stride: stride, places: [0, 4])
    }
    // struct pci_fixup: the hook.
    if section.isNamed(".pci_fixup") { return RelativeTable(stride: 16, places: [12]) }
    return nil
  }

  /// Sections of nothing but such words.
  private static let words: [StaticString] = [
    ".orc_unwind_ip", ".retpoline_sites", ".return_sites", ".smp_locks", ".static_call_sites",
    ".ibt_endbr_seal", ".call_sites",
  ]
}
