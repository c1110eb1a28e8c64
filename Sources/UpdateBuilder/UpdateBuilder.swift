/// Builds update files from trees on the build server.
///
///     var options = BuildOptions(parent: "/srv/sys_root_v41", child: "/srv/sys_root_v42",
///       output: "v41-v42.btrfs.xz", keys: [key])
///     options.product = "thermostat"
///     let report = try await UpdateBuilder.build(options)
///
/// A build has two stages. It *plans* the plain stream: either the kernel sends the child, and its
/// stream is brought into one normal form; or the trees are compared. That stream's SHA-256 is what is
/// signed. It then *shrinks* it:
/// runs of WRITEs become patches against files of the parent. Shrinking is lossless, and every
/// update is expanded again and compared before it appears under its name.
///
/// The same trees, options and libraries give the same bytes, however many jobs there are.
/// Only the kernel's sending needs root. Temporary files lie unnamed beside the output: the plain stream, the delta stream and
/// its packed form, together up to four times the plain stream. Memory: seven times the longest file
/// that is compared whole for each job that has one, 400 bytes a file of the parent, and what xz takes.
public enum UpdateBuilder {
  /// Builds an update and writes it to ``BuildOptions/output``.
  ///
  /// - Throws: ``BuildError``; nothing is left under the output's name then, and what was there
  ///   stays.
  public static func build(
    _ options: BuildOptions, progress: BuildProgress = .none
  ) async throws(BuildError) -> BuildReport {
    let run = try BuildRun(options, progress: progress)
    return try await run.build()
  }
}
