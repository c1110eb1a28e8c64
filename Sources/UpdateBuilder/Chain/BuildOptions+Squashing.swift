internal import Bytes
internal import Crypto
public import Signing
internal import UpdateFile

extension BuildOptions {
  /// Options for one update in the place of several that follow one another.
  ///
  /// Versions, product, build date and the changes of keys are those of the updates, taken together.
  ///
  /// - Parameters:
  ///   - updates: the update files, in their order.
  ///   - parent: the tree that the first one starts from; `nil` if that is a full one.
  ///   - trust: whose updates they may be.
  /// - Throws: ``BuildError/chain(_:)`` if a file cannot be trusted or read, or they do not follow one
  ///   another.
  public init(
    squashing updates: [String], parent: String?, trust: ChainTrust, output: String,
    keys: [SigningKey]
  ) throws(BuildError) {
    let source = TreeSource.chain(of: updates)
    guard let chain = try source.chain(trust), let first = chain.links.first else {
      throw .badTreeName(source.text)
    }
    if first.manifest.parent != nil, parent == nil { throw .chain(first.error(.parentMissing)) }
    // A full update starts from nothing, whatever there is.
    let isFull = first.manifest.parent == nil
    self.init(parent: isFull ? nil : parent, child: source.text, output: output, keys: keys)
    plan = .tree
    chainTrust = trust
    product = chain.last.product
    fromVersion = first.manifest.parent?.version
    toVersion = chain.last.toVersion
    date = chain.last.buildDate
    keyChanges = KeyChanges(chain.links.map(\.manifest.keyChanges))
  }
}

extension KeyChanges {
  /// What is left of several changes, one after the other: who is revoked stays so, and is not
  /// brought.
  init(_ all: [KeyChanges]) {
    var revoked: Set<SHA256Digest> = []
    for changes in all { revoked.formUnion(changes.revoked) }
    var added: [SHA256Digest: VerificationKey] = [:]
    for key in all.flatMap(\.added) where !revoked.contains(key.keyID) { added[key.keyID] = key }
    self.init(added: Array(added.values), revoked: Array(revoked))
  }
}
