import Linux

/// Cuts, judges, and counts.
struct Harness {
  let options: Options
  let host: Host
  var scenes: [Scene] = []
  var statistics = Statistics()
  private var random: SplitMix
  /// The number of calls that each operation makes, as far as that is known.
  private var calls: [String: Int] = [:]
  /// Whether the program can be killed at a call: a debug build.
  private var canKill = false

  private static let judges = 6
  private static let cutsOfARun = 6

  init(_ options: Options) throws {
    self.options = options
    random = SplitMix(seed: options.seed)
    host = Host(programs: Programs(directory: options.programs), path: options.host)
    let workshop = try Workshop(host)
    let images = try workshop.stages()
    for operation in Operation.all
    where options.only.isEmpty || options.only.contains(operation.name) {
      guard let image = images[operation.stage] else { throw Failure("no such stage") }
      scenes.append(try Scene(operation, workshop, image))
    }
    guard let scene = scenes.first else { throw Failure(Options.usage) }
    if let cut = try scene.cut(after: 1, isSyncing: false, seed: 0) {
      canKill = true
      try cut.image.remove()
    }
  }

  mutating func run() async throws {
    let begin = Machine.monotonicTime()
    switch options.extent {
    case .seconds(let seconds):
      try await runRounds { _ in Machine.monotonicTime() - begin < .seconds(seconds) }
    case .cuts(let count):
      try await runRounds { $0 < count }
    case .everyCall:
      guard canKill else { throw Failure("--every-call needs a debug build of btrfs-update") }
      for scene in scenes { try await runEveryCall(of: scene) }
    }
    let seconds = (Machine.monotonicTime() - begin).components.seconds
    say(statistics.table)
    say("seed 0x\(String(options.seed, radix: 16)), \(seconds) s")
  }

  /// All operations in turn, in another order each time.
  private mutating func runRounds(while goesOn: (Int) -> Bool) async throws {
    while true {
      for index in scenes.indices.shuffled(using: &random) {
        guard goesOn(statistics.cuts) else { return }
        try await judge(cuts(of: index), of: scenes[index])
      }
    }
  }

  private mutating func cuts(of index: Int) throws -> [Cut] {
    do {
      guard canKill, Bool.random(using: &random) else {
        return try scenes[index].cut(times: Self.cutsOfARun, &random)
      }
      return try [cut(of: scenes[index])].compactMap(\.self)
    } catch let failure as Failure {
      // The operation itself failed, although nobody interrupted it.
      report(failure, "without a cut", of: scenes[index], nil)
      return []
    }
  }

  private mutating func cut(of scene: Scene) throws -> Cut? {
    let name = scene.operation.name
    let call = Int.random(in: 1...calls[name, default: 100], using: &random)
    let isSyncing = Bool.random(using: &random)
    let cut = try scene.cut(after: call, isSyncing: isSyncing, seed: random.next())
    if cut == nil { calls[name] = max(1, call - 1) }
    return cut
  }

  private mutating func runEveryCall(of scene: Scene) async throws {
    for call in 1... {
      var cuts: [Cut] = []
      for isSyncing in [false, true] {
        let cut = try scene.cut(after: call, isSyncing: isSyncing, seed: random.next())
        if let cut { cuts.append(cut) }
      }
      if cuts.isEmpty { return }
      try await judge(cuts, of: scene)
    }
  }

  /// Judges some cuts at a time.
  private mutating func judge(_ cuts: [Cut], of scene: Scene) async throws {
    var waiting = cuts[...]
    while !waiting.isEmpty {
      let now = waiting.prefix(Self.judges)
      waiting = waiting.dropFirst(Self.judges)
      let verdicts = await withTaskGroup { group in
        for cut in now {
          group.addTask { (cut, Result { try scene.judge(cut) }) }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      for (cut, result) in verdicts {
        switch result {
        case .success(let verdict): statistics.add(verdict, of: scene.operation.name)
        case .failure(let error): report(error, cut.moment, of: scene, cut)
        }
        try cut.image.remove()
        let count = statistics.cuts
        if count.isMultiple(of: 100) { say("\(count) cuts, \(statistics.failures) failed") }
      }
    }
  }

  private mutating func report(_ error: any Error, _ moment: String, of scene: Scene, _ cut: Cut?) {
    let name = scene.operation.name
    statistics.add(nil, of: name)
    say("FAILED \(name), cut \(moment), seed 0x\(String(options.seed, radix: 16)): \(error)")
    guard let cut, !options.failures.isEmpty else { return }
    let kept = "\(options.failures)/powercut-\(name)-\(statistics.failures).img"
    let outcome = Result {
      try host.programs.need("cp", ["--sparse=always", cut.image.path, kept])
    }
    say((try? outcome.get()) == nil ? "its image could not be kept" : "its image is \(kept)")
  }
}
