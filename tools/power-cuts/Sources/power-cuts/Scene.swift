import Linux

/// An operation, with what it starts from and what it leads to.
struct Scene: Sendable {
  let operation: Operation
  let workshop: Workshop
  let image: Image
  let before: DeviceState
  let after: DeviceState
  /// How long it takes; the moments of cuts are spread over a little more.
  var duration: Duration

  var host: Host { workshop.host }
  var programs: Programs { workshop.programs }

  /// Does it once without an interruption.
  init(_ operation: Operation, _ workshop: Workshop, _ image: Image) throws {
    self.operation = operation
    self.workshop = workshop
    self.image = image
    let copy = try image.copy(to: workshop.host.fresh("whole.img"))
    (before, after, duration) = try workshop.host.with(copy) { device in
      let before = try Self.state(of: device, operation, workshop)
      let begin = Machine.monotonicTime()
      try workshop.programs.need(
        "btrfs-update", workshop.arguments(operation.arguments, device, backend: operation.backend))
      let duration = Machine.monotonicTime() - begin
      return (before, try Self.state(of: device, operation, workshop), duration)
    }
    try copy.remove()
    guard before != after, after.unfinished.isEmpty, before.unfinished.isEmpty else {
      throw Failure("\(operation.name) does nothing, or not all:\n\(before)\n\(after)")
    }
    for state in [before, after] {
      guard state.versions.allSatisfy({ workshop.versions[$0.key] == $0.value }) else {
        throw Failure("\(operation.name): a version is not what was built: \(state)")
      }
    }
  }

  private static func state(
    of device: Mounted, _ operation: Operation, _ workshop: Workshop
  ) throws -> DeviceState {
    try DeviceState(of: device, workshop.programs, operation)
  }

  func state(of device: Mounted) throws -> DeviceState {
    try Self.state(of: device, operation, workshop)
  }

  func arguments(_ words: [String], _ device: Mounted) -> [String] {
    workshop.arguments(words, device, backend: operation.backend)
  }
}

/// What a power cut left, to be looked at.
struct Cut: Sendable {
  let image: Image
  /// How to cut there again.
  let moment: String
  /// For what is decided while it is looked at.
  let seed: UInt64
}

// Cutting.
extension Scene {
  /// Lets the operation run, and cuts at random moments of it. In half of the cases something else
  /// on the device syncs now and then, so that the disk has what the operation itself has not put
  /// there yet.
  mutating func cut(times count: Int, _ random: inout SplitMix) throws -> [Cut] {
    let copy = try image.copy(to: host.fresh("run.img"))
    let moments = self.moments(count, &random)
    let isSyncing = Bool.random(using: &random)
    let syncs = isSyncing ? self.moments(6, &random).map { ($0, false) } : []
    let events = (moments.map { ($0, true) } + syncs).sorted { $0.0 < $1.0 }
    let (cuts, run) = try host.with(copy) { device in
      let run = Run(programs, arguments(operation.arguments, device))
      var cuts: [Cut] = []
      do {
        for (moment, isCut) in events where run.lasts(until: moment) {
          guard isCut else {
            try device.sync()
            continue
          }
          let image = try copy.copy(to: host.fresh("cut.img"))
          let what = "after \(moment.microseconds) µs\(isSyncing ? ", syncing" : "")"
          cuts.append(Cut(image: image, moment: what, seed: random.next()))
        }
      } catch {
        run.wait()
        throw error
      }
      run.wait()
      return (cuts, run)
    }
    try copy.remove()
    let outcome = try run.outcome()
    guard outcome.end.isSuccess else { throw Failure("\(outcome.end): \(outcome.text)") }
    // The machine is not always as busy as it was.
    duration = (duration * 2 + run.duration) / 3
    return cuts
  }

  /// Moments from where the program is loaded to a little after its end.
  private func moments(_ count: Int, _ random: inout SplitMix) -> [Duration] {
    (0..<count).map { _ in duration * Double.random(in: 0.15...1.1, using: &random) }
  }

  /// Kills the operation right after a system call that changes something, and cuts there.
  ///
  /// - Parameter isSyncing: whether all that was done is on disk before the cut; else only what the
  ///   operation has put there.
  /// - Returns: the cut; `nil` if the operation makes fewer calls.
  func cut(after call: Int, isSyncing: Bool, seed: UInt64) throws -> Cut? {
    let copy = try image.copy(to: host.fresh("run.img"))
    let cut: Cut? = try host.with(copy) { device in
      let outcome = try programs.run(
        "btrfs-update", arguments(operation.arguments, device), fault: "kill-after:\(call)")
      guard outcome.wasKilled else {
        if outcome.end.isSuccess { return nil }
        throw Failure("call \(call): \(outcome.end): \(outcome.text)")
      }
      if isSyncing { try device.sync() }
      return Cut(
        image: try copy.copy(to: host.fresh("cut.img")),
        moment: "after call \(call)\(isSyncing ? ", synced" : "")", seed: seed)
    }
    try copy.remove()
    return cut
  }
}
