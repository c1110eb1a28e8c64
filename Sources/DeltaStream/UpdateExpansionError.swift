public import Recompress
public import UpdateFile

/// Why an update file does not expand to the plain stream that was signed.
public enum UpdateExpansionError: Error, Equatable {
  /// The container is wrong or damaged.
  case updateFile(UpdateFileError)
  /// The delta stream is wrong, or the parent is not the one that it was made against.
  case deltaStream(DeltaStreamError)
  /// A second stream begins in the payload.
  case secondStream
  /// What was kept at a cut cannot be read.
  case badKnowledge
  /// A recipe in the manifest cannot be read.
  case badRecipe(RecompressError)
  /// A section of the plain stream is not what was signed.
  case sectionDiffers(index: Int)
  /// The plain stream is not what was signed.
  case plainStreamDiffers
}

extension UpdateExpansionError: CustomStringConvertible {
  /// What is wrong, on one line.
  public var description: String {
    switch self {
    case .updateFile(let error): "\(error)"
    case .deltaStream(let error): "\(error)"
    case .secondStream: "a second stream begins inside the update"
    case .badKnowledge: "what was kept where the update was interrupted is damaged"
    case .badRecipe(let error): "\(error)"
    case .sectionDiffers(let index):
      "section \(index) of the update does not expand to what was signed: the parent is another one, or was changed"
    case .plainStreamDiffers:
      "the update does not expand to what was signed: the parent is another one, or was changed"
    }
  }
}
