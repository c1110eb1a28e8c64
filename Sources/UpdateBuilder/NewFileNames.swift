internal import DeltaStream
internal import SendStream

/// Follows what the files of the new tree that patches copy from are called, while the delta stream
/// is written.
final class NewFileNames {
  private let names: StreamNamespace
  /// Of the files, by where they are written.
  private var nodes: [UInt64: StreamNamespace.Node?] = [:]

  init(_ files: NewFiles, hasParent: Bool) {
    names = StreamNamespace(hasParent: hasParent)
    for run in files.runs + files.byPath.values { nodes.updateValue(nil, forKey: run.streamOffset) }
  }

  /// Takes a command that is no part of a run.
  func follow(_ frame: borrowing Frame) throws(BuildError) {
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch {
      throw .kernelStream(error)
    }
    names.follow(command)
  }

  /// Says that a run is written next.
  func begin(_ run: WrittenRun) {
    if nodes[run.streamOffset] != nil { nodes[run.streamOffset] = .some(names.node(at: run.path)) }
  }

  /// The sources with the paths that they have now.
  func named(_ sources: [PatchSource]) throws(BuildError) -> [PatchSource] {
    var named: [PatchSource] = []
    for var source in sources {
      if let position = source.tree.position {
        guard case let node?? = nodes[position], let path = names.path(of: node) else {
          throw .planChanged
        }
        source.path = path
      }
      named.append(source)
    }
    return named
  }
}
