internal import Glibc

/// Runs something, and says how much of a processor this thread took for it: by the clock it may take ten
/// times as long where other tests run beside it (`CLOCK_THREAD_CPUTIME_ID`).
public func processorTime<Failure>(_ body: () throws(Failure) -> Void) throws(Failure) -> Duration {
  let start = threadTime()
  try body()
  return threadTime() - start
}

private func threadTime() -> Duration {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
