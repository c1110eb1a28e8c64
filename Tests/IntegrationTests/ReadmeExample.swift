import Bytes
import Linux
import SendStream
import Signing
import UpdateBuilder
import UpdateFile
import UpdateInstaller

// README.md shows what is between the two marks; a test compares them, and runs it.

// README: begin
func ship(_ parent: String?, _ child: String, to device: String) async throws {
  let key = try SigningKey.generate()
  var build = BuildOptions(parent: parent, child: child, output: "\(child).btrfs.xz", keys: [key])
  build.product = "thermostat"
  let report = try await UpdateBuilder.build(build)
  print("\(report.fileLength) bytes stand for \(report.plainLength)")

  let options = InstallOptions(
    keys: [key.verificationKey], product: "thermostat", toolVersion: ToolVersion(0, 1, 0))
  let root = try Device(path: device)
  let installed = try root.apply(Descriptor.open(build.output, [.readOnly]), options)
  try root.activate(installed.version)
}

func count(_ stream: [UInt8]) throws -> StreamStatistics {
  var reader = StreamReader()
  var statistics = StreamStatistics()
  reader.append(stream.rawSpan)
  while let element = try reader.next() { try statistics.add(element) }
  return statistics
}
// README: end
