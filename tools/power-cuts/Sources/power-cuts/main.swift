// power-cuts [SECONDS | --cuts N | --every-call] [--seed S] [--only OPERATION]...
//   --programs DIR --host DIR --failures DIR
//
// Started by tools/powercut, which makes the host file system. Ends with 1 if anything failed.
import Foundation

do {
  var harness = try Harness(Options(Array(CommandLine.arguments.dropFirst())))
  try harness.run()
  if harness.court.failed > 0 { exit(1) }
} catch {
  say("\(error)")
  exit(2)
}
