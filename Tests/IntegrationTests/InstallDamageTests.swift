import Btrfs
import Bytes
import Crypto
import Linux
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("Damaged updates and interrupted installs", .btrfs)
struct InstallInterruptedUpdateTests {
  let bench: InstallBench
  let update: [UInt8]
  let headLength: Int

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    try bench.apply(bench.update(from: nil, to: 1))
    update = try bench.update(from: 1, to: 2) {
      $0.keyChanges = KeyChanges(revoked: [SHA256.hash([1].rawSpan)])
    }
    var reader = HeadReader()
    while reader.wanted > 0 {
      let part = Array(update[reader.length..<(reader.length + reader.wanted)])
      try reader.append(part.rawSpan)
    }
    headLength = reader.length
  }

  @Test("Every flipped bit of the head is refused, and random ones of the rest")
  func flippedBits() throws {
    let state = try bench.state()
    var random = SeededGenerator.ofTest("flipped bits")
    // The head's bits are all tried by the container's own tests; here the way to it.
    var bits = Array(stride(from: 0, to: headLength * 8, by: 13))
    bits += (0..<60).map { _ in
      Int.random(in: (headLength * 8)..<(update.count * 8), using: &random)
    }
    for bit in bits {
      var damaged = update
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(try bench.refusal(of: damaged) != nil, "bit \(bit)")
    }
    #expect(try bench.state() == state)
  }

  @Test("A cut anywhere is refused, and so is anything behind the end")
  func cuts() throws {
    let state = try bench.state()
    var random = SeededGenerator.ofTest("cuts")
    var lengths = [0, 1, headLength - 1, headLength, headLength + 1, update.count - 1]
    lengths += (0..<60).map { _ in Int.random(in: 0..<update.count, using: &random) }
    for length in lengths {
      let refusal = try bench.refusal(of: Array(update.prefix(length)))
      let message =
        length < 24
        ? "this is not an update file" : "the update is cut off: the file ends too early"
      #expect(refusal == message, "\(length)")
    }
    let trailing = "the update is damaged: something follows its end"
    #expect(try bench.refusal(of: update + [0]) == trailing)
    #expect(try bench.refusal(of: update + [0, 0, 0, 0]) == trailing)
    #expect(try bench.refusal(of: update + update) == trailing)
    #expect(try bench.state() == state)
  }

  @Test("A kill in place of any call leaves nothing but what the next call removes")
  func killed() throws {
    let state = try bench.state()
    var leftovers = 0
    for call in 1... {
      let source = try bench.file(of: update)
      let isDone = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
        do throws(InstallError) {
          _ = try bench.device().apply(source, bench.options)
          return true
        } catch {
          return false
        }
      }
      if isDone { break }
      let isInstalled = try bench.device().subvolume("sys_root_v2") != nil
      leftovers += try bench.device().recover().count
      #expect(try bench.device().recover() == [], "call \(call)")
      if isInstalled {
        // All but the last commit was done: it is whole.
        #expect(try bench.device().keys().pendingRevocations.count == 1, "call \(call)")
        try bench.device().verify(SystemVersion(2))
        let top = try Descriptor.open(bench.disk, .directory)
        try Subvolume.delete("sys_root_v2", in: top)
      }
      try bench.device().recover()
      #expect(try bench.state() == state, "call \(call)")
    }
    #expect(leftovers > 20)
    try bench.device().verify(SystemVersion(2))
  }

  @Test("Any one failing call leaves the device as it was, or the version installed and whole")
  func failing() throws {
    let state = try bench.state()
    var failures = 0
    // Every call that changes something, and every seventeenth of all.
    for (counting, step) in [(FaultInjection.Counting.changes, 1), (.all, 17)] {
      for call in sequence(first: 1, next: { $0 + step }) {
        var wasReached = true
        let source = try bench.file(of: update)
        let error = FaultInjection.with(.fail(at: call, .inputOutput), counting: counting) {
          injection in
          defer { wasReached = injection.count >= call }
          do throws(InstallError) {
            _ = try bench.device().apply(source, bench.options)
            return nil as InstallError?
          } catch {
            return error
          }
        }
        if error != nil {
          failures += 1
          #expect(try bench.device().recover().count <= 1)
        } else {
          try bench.device().verify(SystemVersion(2))
          let top = try Descriptor.open(bench.disk, .directory)
          try Subvolume.delete("sys_root_v2", in: top)
          try bench.device().recover()
        }
        #expect(try bench.state() == state, "call \(call)")
        if !wasReached { break }
      }
    }
    #expect(failures > 40)
  }

  @Test("A full disk is an error of its own, and the space comes back")
  func diskFull() throws {
    try bench.release(9, "yes | head -c 12000000 >big")
    let big = try bench.update(from: 1, to: 9)
    let top = try bench.mount.open()
    let free = try FileSystem.space(in: top).availableData
    try run("fallocate", "-l", "\(free - 6_000_000)", "\(bench.mount.path)/filler")
    let state = try bench.state()
    let refusal = try bench.refusal(of: big)
    #expect(refusal?.hasPrefix("the file system is full: ") == true, "\(refusal ?? "installed")")
    #expect(try bench.state() == state)
  }
}
