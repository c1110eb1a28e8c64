import Btrfs
import Bytes
import Glibc
import Linux
import Receive
import SendStream

// The receiver without the program around it: `tools/bench receive` measures it against others.
//
//   receive-benchmark receive STREAM DIRECTORY [PARENT]   into DIRECTORY/NAME; a parent is in
//                                                         DIRECTORY, too
//   receive-benchmark parse STREAM                        reads and checks, carries nothing out

/// Reads a stream and gives every command to `body`.
func readCommands(
  _ path: String, _ body: (borrowing Command) throws -> Void
) throws {
  let file = try Descriptor.open(path)
  var reader = StreamReader()
  while true {
    let before = reader.bufferedByteCount
    try reader.append(upTo: 256 << 10) { (out) throws(SystemError) in try file.read(into: &out) }
    if reader.bufferedByteCount == before { break }
    while let element = try reader.next() {
      guard case .command(let frame) = element else { continue }
      try body(try Command(parsing: frame))
    }
  }
  try reader.finish()
}

func receive(_ stream: String, _ directory: String, parent: String?) throws {
  let target = try Descriptor.open(directory, .directory)
  let name = "received"
  let sources = CloneSources()
  if let parent {
    let root = try target.open(beneath: parent, .directory)
    try Subvolume.snapshot(of: root, as: name, in: target, readOnly: false)
    let uuid = try Subvolume.info(of: root).receivedUUID
    try sources.add(root, as: uuid)
  } else {
    try Subvolume.create(name, in: target)
  }
  let root = try target.open(beneath: name, .directory)
  var receiver = try Receiver(root: root.duplicate(), cloneSources: sources)
  try readCommands(stream) { try receiver.carryOut($0) }
  try receiver.finish()
  try root.syncFileSystem()
  try Subvolume.setReceived(root, uuid: receiver.uuid, sendTransaction: receiver.ctransid)
  try Subvolume.setReadOnly(true, root)
}

let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, arguments.count) {
case ("receive", 3), ("receive", 4):
  try receive(
    arguments[2], arguments[3], parent: arguments.count > 3 ? arguments[4] : nil)
case ("parse", 2):
  var count = 0
  try readCommands(arguments[2]) { _ in count += 1 }
  print("\(count) commands")
default:
  print("usage: receive-benchmark receive STREAM DIRECTORY [PARENT] | parse STREAM")
  exit(2)
}
