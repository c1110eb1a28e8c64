import Linux

/// What a cut turned out to have left.
struct Verdict: Sendable {
  enum End: Sendable { case old, new, between }
  var end: End
  /// Whether there was something to finish or to undo.
  var neededRecovery: Bool
  /// Whether recovery was cut, too.
  var wasCutAgain = false
}

extension Scene {
  /// Mounts what a cut left, recovers, and checks all that must hold.
  ///
  /// - Throws: ``Failure`` with what does not hold. The cut's image stays as it was.
  func judge(_ cut: Cut) throws -> Verdict {
    var random = SplitMix(seed: cut.seed)
    var image = try cut.image.copy(to: host.fresh("judged.img"))
    defer { try? image.remove() }
    var again = false
    if Int.random(in: 0..<3, using: &random) == 0,
      let second = try cutRecovery(of: image, &random)
    {
      try image.remove()
      image = second
      again = true
    }
    var verdict = try host.with(image) { device in try check(device, &random) }
    verdict.wasCutAgain = again
    return verdict
  }

  /// Kills recovery somewhere, and cuts there; `nil` if it is not killed.
  private func cutRecovery(of image: Image, _ random: inout SplitMix) throws -> Image? {
    let call = Int.random(in: 1...24, using: &random)
    return try host.with(image) { device in
      let outcome = try programs.run(
        "btrfs-update", arguments(["recover"], device), fault: "kill-after:\(call)")
      guard outcome.wasKilled else { return nil }
      if Bool.random(using: &random) { try device.sync() }
      return try image.copy(to: host.fresh("again.img"))
    }
  }

  private func check(_ device: Mounted, _ random: inout SplitMix) throws -> Verdict {
    // What boots when nothing recovers before it.
    let found = try state(of: device)
    try checkWhole(found)
    try programs.need("btrfs-update", arguments(["recover"], device))
    let recovered = try state(of: device)
    try checkWhole(recovered)
    guard recovered.unfinished.isEmpty else { throw Failure("recover leaves \(recovered)") }
    if random.next().isMultiple(of: 4) {
      let second = try programs.need("btrfs-update", arguments(["recover"], device))
      guard try state(of: device) == recovered else {
        throw Failure("recovering twice is not as once: \(second.text)")
      }
    }
    let end = try end(recovered)
    try repeatOperation(on: device, end)
    return Verdict(end: end, neededRecovery: found != recovered)
  }

  /// There is a system, it is the old one or the new one, and versions are what was signed.
  private func checkWhole(_ state: DeviceState) throws {
    guard state.current == before.current || state.current == after.current else {
      throw Failure(
        "current is neither the old one nor the new one: \(state)\nnot \(before)\nnor \(after)")
    }
    for (name, digest) in state.versions where workshop.versions[name] != digest {
      throw Failure("\(name) is not what was signed: \(state)")
    }
    guard state.writable.isEmpty else { throw Failure("versions can be written to: \(state)") }
    guard operation.backend == "names" || Self.bootable.contains(state.defaultSubvolume) else {
      throw Failure("the default subvolume is no system: \(state)")
    }
  }

  private static let bootable = ["sys_root_current", "sys_root_last", ".sys_root_current.next"]

  private func end(_ state: DeviceState) throws -> Verdict.End {
    var state = state
    // Only the apply that was cut can go on from one.
    let isHalfDone = operation.arguments.first == "apply" && state.versions == before.versions
    if isHalfDone, state.checkpoints.count == 1 { state.checkpoints = [] }
    if state == before { return .old }
    if state == after { return .new }
    guard operation.hasBetween, isBetween(state) else {
      throw Failure("neither the old state nor the new one: \(state)\nnot \(before)\nnor \(after)")
    }
    return .between
  }

  /// Nothing differs from the old state but which versions there are.
  private func isBetween(_ state: DeviceState) -> Bool {
    let names = [before, after].map { Set($0.versions.keys) }
    let present = Set(state.versions.keys)
    return state.current == before.current && state.last == before.last
      && state.home == before.home && state.defaultSubvolume == before.defaultSubvolume
      && present.isSuperset(of: names[0].intersection(names[1]))
      && present.isSubset(of: names[0].union(names[1]))
  }

  private func repeatOperation(on device: Mounted, _ end: Verdict.End) throws {
    if end == .new, !operation.isRepeatable { return }
    var outcome = try programs.run("btrfs-update", arguments(operation.arguments, device))
    if outcome.status == 32, end != .old, operation.arguments.first == "apply" {
      guard end == .between else { return }
      outcome = try programs.run("btrfs-update", arguments(operation.rest, device))
    }
    guard outcome.end.isSuccess else {
      throw Failure("it cannot be repeated: \(outcome.end): \(outcome.text)")
    }
    let repeated = try state(of: device)
    guard repeated == after else {
      throw Failure("repeated, it is another state: \(repeated)\nthan \(after)")
    }
  }
}
