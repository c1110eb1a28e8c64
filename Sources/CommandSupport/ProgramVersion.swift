/// The version of both programs.
public enum ProgramVersion {
  /// Major, minor and patch, as in `1.2.3`.
  public static let text = "0.1.0"
}
