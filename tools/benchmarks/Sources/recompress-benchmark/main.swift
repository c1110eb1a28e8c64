import Bytes
import Foundation
import Recompress

// Opens the compressed regions of files, makes the files again, and says what came of it.
//
//   recompress-benchmark [--threads N] [--memory MIB] [--kinds LIST] [--all] FILE|DIRECTORY...
//
// --all: every file, not only those with a usual name. Files that do not come back are an error.

var paths: [String] = []
var threads = 2
var memory: UInt64 = 1024
var kinds = Set(RecipeKind.allCases)
var takesAll = false
var arguments = CommandLine.arguments.dropFirst().makeIterator()
while let argument = arguments.next() {
  switch argument {
  case "--threads": threads = arguments.next().flatMap { Int($0) } ?? 1
  case "--memory": memory = arguments.next().flatMap { UInt64($0) } ?? 1024
  case "--all": takesAll = true
  case "--kinds":
    let names = arguments.next()?.split(separator: ",").map(String.init) ?? []
    kinds = kinds.filter { names.contains($0.description) }
  default: paths.append(argument)
  }
}

var sums = Sums()
for path in try CompressedFiles.find(paths, all: takesAll) {
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  try sums.measure(path, bytes, kinds: kinds, threads: threads, memory: memory << 20)
}
sums.print()
exit(sums.failures == 0 ? 0 : 1)
