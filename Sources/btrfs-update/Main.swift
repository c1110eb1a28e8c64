internal import DeviceCommands

@main
struct Main {
  static func main() async { await DeviceProgram.start() }
}
