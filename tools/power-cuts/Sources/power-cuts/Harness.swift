import Linux

/// Cuts, has the cuts judged, and counts.
struct Harness {
  let options: Options
  let host: Host
  let court: Court
  var scenes: [Scene] = []
  private var random: SplitMix
  /// How many calls each operation makes: doubled until it makes fewer.
  private var calls: [String: (limit: Int, isKnown: Bool)] = [:]
  /// Whether the program can be killed at a call: a debug build.
  private var canKill = false

  private static let cutsOfARun = 6

  init(_ options: Options) throws {
    self.options = options
    random = SplitMix(seed: options.seed)
    host = Host(programs: Programs(directory: options.programs), path: options.host)
    court = Court(host, options)
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

  mutating func run() throws {
    let begin = Machine.monotonicTime()
    switch options.extent {
    case .seconds(let seconds):
      try runRounds { _ in Machine.monotonicTime() - begin < .seconds(seconds) }
    case .cuts(let count):
      try runRounds { $0 < count }
    case .everyCall:
      guard canKill else { throw Failure("--every-call needs a debug build of btrfs-update") }
      for scene in scenes { try runEveryCall(of: scene) }
    }
    let statistics = court.close()
    let seconds = (Machine.monotonicTime() - begin).components.seconds
    say(statistics.table)
    say("seed 0x\(String(options.seed, radix: 16)), \(seconds) s")
  }

  /// All operations in turn, in another order each time.
  private mutating func runRounds(while goesOn: (Int) -> Bool) throws {
    while true {
      for index in scenes.indices.shuffled(using: &random) {
        guard goesOn(court.cuts) else { return }
        for cut in try cuts(of: index) { court.judge(cut, of: scenes[index]) }
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
      court.report(failure, "without a cut", of: scenes[index].operation.name, nil)
      return []
    }
  }

  private mutating func cut(of scene: Scene) throws -> Cut? {
    let name = scene.operation.name
    var known = calls[name, default: (50, false)]
    let call = Int.random(in: 1...known.limit, using: &random)
    let isSyncing = Bool.random(using: &random)
    let cut = try scene.cut(after: call, isSyncing: isSyncing, seed: random.next())
    if cut == nil {
      known = (max(1, call - 1), true)
    } else if !known.isKnown, call > known.limit / 2 {
      known.limit *= 2
    }
    calls[name] = known
    return cut
  }

  private mutating func runEveryCall(of scene: Scene) throws {
    for call in 1... {
      var cuts: [Cut] = []
      for isSyncing in [false, true] {
        let cut = try scene.cut(after: call, isSyncing: isSyncing, seed: random.next())
        if let cut { cuts.append(cut) }
      }
      if cuts.isEmpty { return }
      for cut in cuts { court.judge(cut, of: scene) }
    }
  }
}
