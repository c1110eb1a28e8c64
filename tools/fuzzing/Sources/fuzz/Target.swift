/// One thing that must stand any input.
protocol Target {
  /// Its name on the command line.
  static var name: String { get }
  /// The most nanoseconds of CPU for each byte, beside ``Meter/grace``: many times what ordinary
  /// inputs take, and far below what would be a way to stop a device.
  static var nanosecondsPerByte: Double { get }

  /// Prepares what inputs are made from.
  init(_ corpus: Corpus) throws

  /// Makes one input from random numbers, and lets the project have it.
  ///
  /// - Returns: Whether the input was taken; `false` if it was refused, as it may be.
  /// - Throws: ``Finding``
  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool
}

/// What must not be.
struct Finding: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
