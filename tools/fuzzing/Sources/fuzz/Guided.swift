#if GUIDED
  import CFuzzer
  import Foundation

  /// libFuzzer's callback is a C function, which has nothing but globals.
  private nonisolated(unsafe) var target: (any GuidedTarget)?
  private nonisolated(unsafe) var meter = Meter(nanosecondsPerByte: 0)

  /// Gives a target to libFuzzer, with libFuzzer's own arguments; it ends the program.
  func runGuided(_ type: any GuidedTarget.Type, _ arguments: [String]) throws {
    // Being watched, all takes its time.
    unsafe meter = Meter(nanosecondsPerByte: type.nanosecondsPerByte * 8)
    unsafe target = try type.init(Corpus(files: []))
    var count = Int32(arguments.count)
    // libFuzzer keeps them.
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
      capacity: arguments.count + 1)
    for (index, argument) in arguments.enumerated() { unsafe list[index] = strdup(argument) }
    unsafe list[arguments.count] = nil
    var start = unsafe list
    _ = unsafe LLVMFuzzerRunDriver(&count, &start) { data, size in unsafe takeInput(data, size) }
  }

  private func takeInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    do {
      try unsafe target?.take(input, &meter)
      return 0
    } catch {
      // What is printed would be lost.
      FileHandle.standardError.write(Data("found: \(error)\n".utf8))
      abort()
    }
  }
#else
  func runGuided(_: any GuidedTarget.Type, _: [String]) throws {
    throw Finding("this build is not guided")
  }
#endif
