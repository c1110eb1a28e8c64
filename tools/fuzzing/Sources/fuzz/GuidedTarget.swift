/// A target that takes bytes as they are, so that a fuzzer which sees what they reach can choose them.
protocol GuidedTarget: Target {
  /// What a search begins from.
  var seeds: [[UInt8]] { get }

  /// Lets the project have an input.
  ///
  /// - Throws: ``Finding``
  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws
}
