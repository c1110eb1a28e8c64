import Foundation

/// Writes a line at once: a log is to be read while it grows.
func say(_ line: String) {
  FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
