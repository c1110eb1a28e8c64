import Bytes
import Foundation
import TestSupport
import Testing

@testable import BinaryPatch

@Suite("Lengths of x86-64 instructions")
struct X86InstructionTests {
  private func instruction(_ bytes: [UInt8]) -> X86Instruction {
    let table = X86OpcodeTable.oneByte
    return X86Instruction(bytes.rawSpan, at: 0, to: bytes.count, table.span)
  }

  @Test(
    "Instructions of each form",
    arguments: [
      [0x90], [0xc3], [0x48, 0x89, 0xe5], [0x55], [0x83, 0xec, 0x10],
      [0x48, 0x81, 0xec, 1, 2, 3, 4],
      [0x66, 0xc7, 0x04, 0x24, 1, 2], [0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8], [0xb8, 1, 2, 3, 4],
      [0xc8, 1, 2, 3], [0xc2, 1, 2], [0xa1, 1, 2, 3, 4, 5, 6, 7, 8], [0xf6, 0x05, 1, 2, 3, 4, 5],
      [0xf7, 0xd8], [0xf7, 0x04, 0x24, 1, 2, 3, 4], [0x8b, 0x44, 0x24, 8],
      [0x8b, 0x04, 0xc5, 1, 2, 3, 4],
      [0x8b, 0x84, 0x24, 1, 2, 3, 4], [0x0f, 0x1f, 0x44, 0, 0], [0x0f, 0xaf, 0xc1], [0x0f, 0xa2],
      [0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8], [0x66, 0x0f, 0x38, 0, 0xc1], [0xc5, 0xf8, 0x77],
      [0xc5, 0xf9, 0x6f, 0x05, 1, 2, 3, 4], [0xc4, 0xe2, 0x7d, 0x58, 0xc0],
      [0xc4, 0xe3, 0x7d, 0x39, 0xc1, 1], [0x62, 0xf1, 0x7c, 0x48, 0x28, 0xc1],
      [0xf3, 0x0f, 0x1e, 0xfa],
      [0xf0, 0x48, 0x0f, 0xb1, 0x0d, 1, 2, 3, 4], [0xe8, 1, 2, 3, 4], [0x0f, 0x8f, 1, 2, 3, 4],
      [0x70, 1],
    ] as [[UInt8]])
  func lengths(bytes: [UInt8]) {
    #expect(instruction(bytes).length == bytes.count)
    let followed = instruction(bytes + [0xff, 0xff]).length
    #expect(followed == bytes.count)
    // Cut off, it is none.
    for count in 1..<bytes.count {
      let cut = instruction(Array(bytes[..<count])).length
      #expect(cut == 0, "\(count) bytes of \(bytes)")
    }
  }

  @Test(
    "Bytes that are no instruction",
    arguments: [
      [0x06], [0x82, 0, 0], [0x9a], [0xd4, 1], [0xea], [0x0f, 0x04, 0],
      [0xc4, 0xe0, 0x7d, 0x58, 0xc0],
      [UInt8](repeating: 0x66, count: 16),
    ] as [[UInt8]])
  func none(bytes: [UInt8]) {
    #expect(instruction(bytes).length == 0)
  }

  @Test("Those of a real program are where objdump sees them")
  func objdump() throws {
    let path = "/bin/bash"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["objdump", "-d", "-w", "--section=.text", "--no-show-raw-insn", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    var theirs: Set<UInt64> = []
    for line in output.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: " ") {
      let text = String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
      if let address = UInt64(text.drop { $0 == " " }, radix: 16) { theirs.insert(address) }
    }
    try #require(theirs.count > 10_000)

    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let image = try image(of: bytes)
    let text = image.sections[try #require(image.section(named: ".text"))]
    let table = X86OpcodeTable.oneByte
    var at = text.range.lowerBound
    var same = 0
    var count = 0
    while at < text.range.upperBound {
      let length = X86Instruction(
        bytes.rawSpan, at: at, to: text.range.upperBound, table.span
      ).length
      if theirs.contains(text.address(ofOffset: at)) { same += 1 }
      count += 1
      at += max(length, 1)
    }
    #expect(same * 1000 > theirs.count * 999)
    #expect(count * 999 < theirs.count * 1000)
  }
}
