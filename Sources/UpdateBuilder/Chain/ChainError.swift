public import DeltaStream
public import Linux

/// Why updates are not carried out one after the other.
public struct ChainError: Error {
  /// The update file.
  public var path: String
  /// Why.
  public var reason: Reason

  /// A failure.
  public init(path: String, reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// Why an update is not carried out.
  public enum Reason: Error {
    /// Nobody said whose updates to trust.
    case noKey
    /// The file cannot be read, is damaged, or not signed by a trusted key.
    case file(FinishedUpdateError)
    /// There is no tree to start from.
    case parentMissing
    /// The update does not start from what the one before it makes.
    case doesNotFollow(String)
    /// The update is for another kind of device than the one before it.
    case otherProduct(String)
    /// The tree to start from is not the one that the update was built against.
    case parentDiffers
    /// It has other modification times: it was copied by something that loses them.
    case parentTimesDiffer
    /// Compressed files would not come out as they should.
    case cannotRebuild(String)
    /// What the update holds is not what was signed.
    case expansion(UpdateExpansionError)
    /// A command cannot be carried out.
    case command(CatalogReceiveError)
    /// What came out is not the tree that the update says.
    case targetDiffers
    /// A system call failed.
    case system(SystemError)
  }
}

extension ChainError: CustomStringConvertible {
  /// What is wrong with which update, and what to do: one line.
  public var description: String { "\"\(path)\": \(reason)" }
}

extension ChainError.Reason: CustomStringConvertible {
  /// The reason in words, on one line.
  public var description: String {
    switch self {
    case .noKey:
      "an update to build from has to be verified: give --public-key, or --unverified to do without"
    case .file(let error): "\(error)"
    case .parentMissing: "it is a delta: give --parent, the tree that it was built against"
    case .doesNotFollow(let before):
      "it does not start from what \"\(before)\" makes: put the updates in their order, leaving none out"
    case .otherProduct(let before): "it is for another kind of device than \"\(before)\""
    case .parentDiffers: "the tree to start from is not the one that it was built against"
    case .parentTimesDiffer:
      "the tree to start from has other modification times than the one that it was built against: "
        + "it was copied by something that loses nanoseconds"
    case .cannotRebuild(let what): "compressed files would not come out as they should: \(what)"
    case .expansion(let error): "\(error)"
    case .command(let error): "\(error)"
    case .targetDiffers: "what came out is not the tree that it says it makes"
    case .system(let error): "\(error)"
    }
  }
}
