internal import Bytes

extension Manifest {
  /// The feature that a device must have to apply patches of opened files.
  public static let recompressionFeature: UInt16 = 3

  /// What it takes to open compressed files, and to make them again.
  public struct Recompression: Hashable, Sendable {
    /// The most memory that opening an old file or making a new one takes, in bytes; in
    /// ``Manifest/Needs/memory`` as well.
    public var memory: UInt64
    /// The most bytes that are kept on disk meanwhile, in files without a name.
    public var room: UInt64
    /// About how many seconds making files again takes, on one core of a common machine.
    public var seconds: UInt32
    /// What the device's libraries have to do, ascending by the recipes' bytes.
    public var samples: [RecipeSample]

    /// Needs.
    public init(memory: UInt64, room: UInt64, seconds: UInt32, samples: [RecipeSample]) {
      self.memory = memory
      self.room = room
      self.seconds = seconds
      self.samples = samples
    }
  }

  /// A recipe's settings, and what a device has to make with them of the built-in sample.
  public struct RecipeSample: Hashable, Sendable {
    /// The most that an update may have.
    public static let maximumCount = 512
    /// The longest recipe without corrections, in bytes.
    public static let longestRecipe = 64

    /// The recipe as it travels; what it means is for ``/Recompress/Recipe`` to say.
    public var recipe: [UInt8]
    /// The length and CRC-32 of what comes out.
    public var fingerprint: UInt64

    /// A sample.
    public init(recipe: [UInt8], fingerprint: UInt64) {
      self.recipe = recipe
      self.fingerprint = fingerprint
    }
  }
}

extension Manifest.Recompression {
  func append(to writer: inout AttributeWriter) {
    writer.append(.recompressMemory, memory)
    writer.append(.recompressRoom, room)
    writer.append(.recompressSeconds, seconds)
    var list: [UInt8] = []
    for sample in samples {
      list.append(littleEndian: sample.fingerprint)
      list.append(UInt8(truncatingIfNeeded: sample.recipe.count))
      list += sample.recipe
    }
    writer.append(.recipes, list)
  }

  init(parsing reader: inout AttributeReader) throws(UpdateFileError) {
    memory = try reader.number(.recompressMemory)
    room = try reader.number(.recompressRoom)
    seconds = try reader.number(.recompressSeconds)
    samples = []
    let bytes = try reader.bytes(.recipes)
    var cursor = ByteCursor(bytes)
    while !cursor.isAtEnd {
      guard samples.count < Manifest.RecipeSample.maximumCount,
        let fingerprint = cursor.read(UInt64.self), let length = cursor.read(UInt8.self),
        let recipe = cursor.take(Int(length))
      else { throw .attributeLength(.recipes, length: bytes.byteCount) }
      samples.append(
        Manifest.RecipeSample(recipe: [UInt8](copying: recipe), fingerprint: fingerprint))
    }
  }

  /// Whether the values are in their ranges, and the samples in order.
  func checkConsistency() throws(UpdateFileError) {
    try Manifest.checkRange(.recompressMemory, memory)
    try Manifest.checkRange(.recompressRoom, room)
    guard samples.count <= Manifest.RecipeSample.maximumCount else {
      throw .invalidValue(.recipes, value: UInt64(samples.count))
    }
    var last: [UInt8] = []
    for sample in samples {
      guard sample.recipe.count <= Manifest.RecipeSample.longestRecipe,
        last.lexicographicallyPrecedes(sample.recipe)
      else { throw .invalidValue(.recipes, value: UInt64(sample.recipe.count)) }
      last = sample.recipe
    }
  }
}
