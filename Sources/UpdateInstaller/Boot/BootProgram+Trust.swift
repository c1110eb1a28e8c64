internal import Linux

extension BootProgram {
  /// Makes sure that nobody but root can say what the path leads to: each directory on the way and
  /// the file belong to root, only root may write to them, and no symbolic link is among them.
  ///
  /// - Parameter top: the directory from which on that is looked at.
  func requireTrusted(below top: String = "") throws(BootError) {
    guard path.hasPrefix(top + "/") else {
      throw .unusable(path: path, "it is not an absolute path")
    }
    var at = top
    try requireTrusted(at: at.isEmpty ? "/" : at, .directory)
    let names = path.dropFirst(top.count).split(separator: "/")
    for (index, name) in names.enumerated() {
      if name == "." || name == ".." { throw .unusable(path: path, "it has dots in it") }
      at += "/\(name)"
      try requireTrusted(at: at, index == names.count - 1 ? .regular : .directory)
    }
  }

  private func requireTrusted(at path: String, _ type: FileType) throws(BootError) {
    let status = try attemptBoot { () throws(SystemError) in
      try Descriptor.open(path, [.path, .noFollow]).status()
    }
    guard status.type == type else {
      let kind = type == .directory ? "a directory" : "a regular file"
      throw .unusable(path: path, "it is not \(kind)")
    }
    guard status.user == 0 else {
      throw .unusable(path: path, "it belongs to user \(status.user), not to root")
    }
    guard status.permissions & 0o022 == 0 else {
      throw .unusable(path: path, "others than root may write to it")
    }
    guard type == .directory || status.permissions & 0o100 != 0 else {
      throw .unusable(path: path, "it is not executable")
    }
  }
}
