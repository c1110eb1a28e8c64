/// Where an operation begins.
enum Stage: Int, CaseIterable, Sendable {
  /// A new file system.
  case empty
  /// Version 1 came in an image: it is current, and nothing is known of it.
  case factory
  /// Versions 1 and 2 are installed; 2 is current, good, and somebody worked with it; 1 is last.
  case typical
  /// Version 3 is installed, too.
  case ready
  /// The same, and the boot loader goes by the default subvolume.
  case readyByDefault
  /// Version 3 is current, on trial.
  case trial
  /// The tries of version 3 are used up.
  case tried
  /// Versions 1 to 4 are installed; 4 is current, and good.
  case four
}

/// Something that the power may be cut in.
struct Operation: Sendable {
  let name: String
  let stage: Stage
  /// What `btrfs-update` is to do; FILE stands for the update to version 3, SECOND
  /// for that to version 2, FULL for a full version 1.
  let arguments: [String]
  var backend = "names"
  /// Whether doing it again, when it was done, does nothing more.
  var isRepeatable = true
  /// What does the rest where the version is installed (32), and nothing more was done.
  var rest: [String] = []
  /// Whether a state between the old and the new one is as good: versions more or less, and nothing
  /// else.
  var hasBetween = false
  /// Whether it writes into the system that becomes current: then modification times of directories
  /// are those of the moment.
  var writesInside = false

  static let all = [
    Operation(
      name: "first", stage: .empty, arguments: ["apply", "FULL", "--activate"],
      rest: ["activate", "1"], hasBetween: true),
    Operation(
      name: "adopt", stage: .factory, arguments: ["adopt", "--update", "SECOND"],
      hasBetween: true),
    Operation(name: "apply", stage: .typical, arguments: ["apply", "FILE"]),
    // It makes a checkpoint wherever it can.
    Operation(
      name: "apply-resumed", stage: .typical,
      arguments: ["apply", "FILE", "--checkpoint-size", "\(Workshop.sectionLength)"]),
    Operation(
      name: "apply-activate", stage: .typical, arguments: ["apply", "FILE", "--activate"],
      rest: ["activate", "3"], hasBetween: true),
    Operation(name: "activate", stage: .ready, arguments: ["activate", "3"]),
    Operation(
      name: "activate-default", stage: .readyByDefault, arguments: ["activate", "3"],
      backend: "default-subvolume"),
    Operation(
      name: "activate-persist", stage: .ready,
      arguments: ["activate", "3", "--persist", "etc/hostname", "--persist", "var/lib/data"],
      writesInside: true),
    Operation(name: "activate-on-trial", stage: .trial, arguments: ["activate", "1"]),
    Operation(name: "rollback", stage: .ready, arguments: ["rollback"], isRepeatable: false),
    Operation(
      name: "rollback-default", stage: .readyByDefault, arguments: ["rollback"],
      backend: "default-subvolume", isRepeatable: false),
    Operation(name: "rollback-trial", stage: .trial, arguments: ["rollback"], isRepeatable: false),
    Operation(
      name: "mark-good", stage: .trial, arguments: ["mark", "good", "3"], isRepeatable: false),
    Operation(
      name: "mark-bad", stage: .trial, arguments: ["mark", "bad", "3", "--reason", "it is"],
      isRepeatable: false),
    Operation(name: "boot-check", stage: .trial, arguments: ["boot-check"]),
    Operation(name: "boot-check-back", stage: .tried, arguments: ["boot-check"]),
    Operation(
      name: "prune", stage: .four, arguments: ["prune", "--keep", "1"], hasBetween: true),
    Operation(
      name: "factory-reset", stage: .ready,
      arguments: ["factory-reset", "--keep", "etc/hostname", "--wipe", "home"],
      writesInside: true),
    Operation(
      name: "factory-reset-last", stage: .ready, arguments: ["factory-reset", "1", "--keep-last"],
      isRepeatable: false),
  ]
}
