internal import Linux

// Rolling back, step by step, and what a power cut right after each step leaves.
//
//  1. journal {C, L}             C is current: undone
//  2. exchange current and last  C is current: undone; or L is: finished from here
//  3. commit                     L is current: finished
//  4. the journal goes           the same, or all is done
//  5. commit                     all is done
extension LockedDevice {
  /// Makes last current, and what was current last. The version floor has no say in it.
  borrowing func rollBack() throws(InstallError) -> [DeviceChange] {
    guard let last = try uuid(DeviceNames.last) else { throw .nothingToRollBack }
    return try carryOut(.rollBack(current: try uuid(DeviceNames.current), last: last))
  }
}
