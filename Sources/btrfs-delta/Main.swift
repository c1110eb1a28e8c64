internal import DeltaCommands

@main
struct Main {
  static func main() async { await DeltaProgram.start() }
}
