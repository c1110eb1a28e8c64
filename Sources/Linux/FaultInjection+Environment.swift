#if FAULT_INJECTION
  internal import CLinux
  internal import Glibc

  extension FaultInjection {
    /// The fault that the process was started with.
    static let environment: FaultInjection? = {
      guard let text = unsafe getenv("FAULT_INJECTION") else { return nil }
      return unsafe FaultInjection(parsing: String(cString: text))
    }()

    /// Reads `fail:N:ERRNO`, `kill:N` or `kill-after:N`, each maybe with `:all`; else `nil`.
    convenience init?(parsing text: String) {
      var fields = text.split(separator: ":", omittingEmptySubsequences: false)
      let counting: Counting = fields.last == "all" ? .all : .changes
      if counting == .all { fields.removeLast() }
      guard fields.count >= 2, let call = Int(fields[1]), call > 0 else { return nil }
      switch (fields[0], fields.count) {
      case ("fail", 3):
        guard let errno = CInt(fields[2]), errno > 0 else { return nil }
        self.init(.fail(at: call, Errno(rawValue: errno)), counting: counting)
      case ("kill", 2): self.init(.kill(at: call), counting: counting)
      case ("kill-after", 2): self.init(.killAfter(call), counting: counting)
      default: return nil
      }
    }
  }
#endif
