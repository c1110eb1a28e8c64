public import ArgumentParser

extension ProgressReporter.Style: ExpressibleByArgument {}

extension ByteCount: ExpressibleByArgument {
  /// A number with an optional unit, such as `96M`.
  public init?(argument: String) { self.init(argument) }
}
