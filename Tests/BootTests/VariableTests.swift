import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Variables of loaders")
struct VariableTests {
  private let one = LoaderBench.system(1, "a").uuid
  private let two = LoaderBench.system(2, "b").uuid

  private func variables(_ choice: BootChoice) -> [String: String] {
    Dictionary(uniqueKeysWithValues: choice.variables.map { ($0.name, $0.value) })
  }

  @Test("A choice comes back from its variables; what a loader spoils has no tries")
  func roundTrip() {
    for left in [nil, 0, 1, 9] {
      for second in [nil, two] {
        var choice = BootChoice()
        choice.first = one
        choice.left = left
        choice.second = second
        #expect(BootChoice(variables(choice)) == choice)
      }
    }
    #expect(BootChoice([:]) == BootChoice())
    #expect(BootChoice(["btrfs_update_first": ""]) == BootChoice())
    for left in ["", "10", "-1", "x", "ffffffff", "Good"] {
      let choice = BootChoice(["btrfs_update_first": "\(one)", "btrfs_update_left": left])
      #expect(choice.first == one && choice.left == 0, "\(left)")
    }
    #expect(BootChoice(["btrfs_update_first": "\(one)"]).left == 0)
  }

  @Test("More tries than one digit holds are as many as it does")
  func manyTries() {
    var choice = BootChoice()
    choice.setFirst(one, tries: 99)
    #expect(choice.left == 9)
  }

  private let others = "saved_entry=Linux\nmenu=a\\\nbtrfs_update_first=trap\\\\\nprev=\n"

  private func block(_ text: String, size: Int = 1024) -> [UInt8] {
    let bytes = Array("# GRUB Environment Block\n\(text)".utf8)
    return bytes + [UInt8](repeating: UInt8(ascii: "#"), count: max(size - bytes.count, 0))
  }

  @Test("A block keeps what others wrote, byte for byte, and where it was")
  func golden() throws {
    let fresh = try GrubEnvironmentBlock(block(others))
    var choice = BootChoice()
    choice.setFirst(one, tries: nil)
    choice.setFirst(two, tries: 3)
    let bytes = try fresh.bytes(choice.variables)
    let ours = """
      # GRUB Environment Block
      btrfs_update_first=02020202-0202-0202-0202-020202020202
      btrfs_update_left=3
      btrfs_update_second=01010101-0101-0101-0101-010101010101
      # btrfs-update 
      """
    let padded = ours + String(repeating: ".", count: 255 - ours.utf8.count) + "\n"
    #expect(firstDifference(bytes, block(String(padded.dropFirst(25)) + others)) == nil)
    let again = try GrubEnvironmentBlock(bytes)
    #expect(BootChoice(again.variables) == choice)
    #expect(try again.bytes(choice.variables) == bytes)
    // From now on, nothing but the first 256 bytes changes.
    for left in [nil, 0, 9] {
      choice.left = left
      choice.second = left == 0 ? nil : choice.second
      let changed = try again.bytes(choice.variables)
      #expect(changed[256...] == bytes[256...])
      #expect(BootChoice(try GrubEnvironmentBlock(changed).variables) == choice)
    }
  }

  @Test("A write of which a power cut leaves either sector only has the old choice or the new one")
  func torn() throws {
    let long = String(repeating: "variable=value\n", count: 45)
    for text in ["", others, long] {
      let empty = block(text)
      var choice = BootChoice()
      choice.setFirst(one, tries: nil)
      let old = try GrubEnvironmentBlock(empty).bytes(choice.variables)
      var next = choice
      next.setFirst(two, tries: 3)
      let new = try GrubEnvironmentBlock(old).bytes(next.variables)
      for (before, after, choices) in [
        (empty, old, [BootChoice(), choice]), (old, new, [choice, next]),
      ] {
        for torn in [before[..<512] + after[512...], after[..<512] + before[512...]] {
          let read = BootChoice(try GrubEnvironmentBlock([UInt8](torn)).variables)
          #expect(choices.contains(read))
        }
      }
    }
  }

  @Test("What is not a block is refused")
  func refused() throws {
    let good = try GrubEnvironmentBlock(block(others)).bytes(BootChoice().variables)
    for count in 0..<good.count {
      do throws(GrubEnvironmentBlock.Flaw) {
        let read = try GrubEnvironmentBlock([UInt8](good[..<count]))
        // GRUB takes any size; what was cut off is only padding.
        #expect(count >= 512 && read.size == count)
      } catch { #expect(count < 512 && error == .size) }
    }
    for at in 0..<25 {
      var bytes = good
      bytes[at] ^= 1
      #expect(throws: GrubEnvironmentBlock.Flaw.noHeader) { try GrubEnvironmentBlock(bytes) }
    }
    #expect(throws: GrubEnvironmentBlock.Flaw.noEnd) {
      try GrubEnvironmentBlock(block("no_end"))
    }
    #expect(throws: GrubEnvironmentBlock.Flaw.size) {
      try GrubEnvironmentBlock(block("", size: (64 << 10) + 1))
    }
    let filled = try GrubEnvironmentBlock(block(String(repeating: "a=b\n", count: 240)))
    #expect(throws: GrubEnvironmentBlock.Flaw.full) {
      try filled.bytes(BootChoice().variables)
    }
  }

  @Test("GRUB's block is written in place; one on btrfs, or none, is refused")
  func places() throws {
    let bench = try LoaderBench(.grub)
    func inode() throws -> UInt64 { try Descriptor.open(bench.environment).status().inode }
    let before = try inode()
    try bench.activate()
    #expect(try inode() == before)
    #expect(try bench.read("environment").utf8.count == 1024)
    #expect(try bench.read("environment").contains("\nsaved_entry=0\n"))
    try FileManager.default.removeItem(atPath: bench.environment)
    #expect(throws: BootError.self) { try bench.activate() }
  }

  @Test("A command line that a loader's language would change is refused")
  func specialOptions() throws {
    for kind in [LoaderBench.Kind.grub, .uboot] {
      let bench = try LoaderBench(kind)
      let before = try bench.read("environment")
      for line in ["a=\"b c\"", "a='b'", "a=$b", "a;b", "a\\b"] {
        bench.files.commandLine = line
        let error = #expect(throws: BootError.self) { try bench.activate() }
        guard case .malformed = error else {
          Issue.record("\(String(describing: error))")
          return
        }
      }
      #expect(try bench.names("btrfs-update").isEmpty)
      #expect(try bench.read("environment") == before)
    }
  }

  @Test("U-Boot's other variables stay, and boards that count are told what to count")
  func uboot() throws {
    let bench = try LoaderBench(.uboot)
    try bench.activate()
    #expect(try bench.read("environment").contains("upgrade_available=1\nbootcount=0\n"))
    try bench.markGood()
    let text = try bench.read("environment")
    #expect(text.contains("upgrade_available=0\n") && text.contains("bootcmd=run x=y\n"))
    let tool = "\(bench.temporary.path)/tools/fw_setenv"
    try writeScript("echo no flash\nexit 7", at: tool)
    #expect(
      throws: BootError.programFailed(path: tool, .exited(7), output: "no flash")
    ) { try bench.rollBack() }
    try FileManager.default.removeItem(atPath: "\(bench.temporary.path)/tools/fw_printenv")
    #expect(throws: BootError.self) { try bench.rollBack() }
  }
}
