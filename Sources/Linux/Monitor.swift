internal import Glibc

/// A value that threads share, and whose changes they wait for (`pthread_mutex_t`, `pthread_cond_t`).
@safe
public final class Monitor<Value: Sendable>: @unchecked Sendable {
  // Touched under the lock only.
  private var value: Value
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// A value that nobody waits for yet.
  public init(_ value: Value) {
    self.value = value
    unsafe lock.initialize(to: pthread_mutex_t())
    unsafe changed.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(lock)
    unsafe changed.deallocate()
    unsafe lock.deallocate()
  }

  /// Changes the value while no other thread can see it, and wakes all that wait for it.
  public func change<Outcome, Failure>(
    _ body: (inout Value) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    unsafe pthread_mutex_lock(lock)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(lock)
    }
    return try body(&value)
  }

  /// Waits until `body` gives something, which it is asked for after every change, and wakes the others.
  public func wait<Outcome>(_ body: (inout Value) -> Outcome?) -> Outcome {
    unsafe pthread_mutex_lock(lock)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(lock)
    }
    while true {
      if let outcome = body(&value) { return outcome }
      unsafe pthread_cond_wait(changed, lock)
    }
  }
}
