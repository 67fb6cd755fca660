// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Two computations at the same time.
enum ParallelPair {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Where a thread leaves its result; read only after the thread has ended.
  private final class Slot<Value>: @unchecked Sendable {
    var value: Value?
  }

  /// Both results. The first is computed on a thread of its own if the system grants one.
  static func results<A: Sendable, B: Sendable>(
    _ first: @escaping @Sendable () -> A, _ second: () -> B
  ) -> (A, B) {
    let slot = Slot<A>()
    let work = Unmanaged.passRetained(Work { slot.value = first() })
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    guard status == 0 else {
      work.release()
      return (first(), second())
    }
    let b = second()
    pthread_join(thread, nil)
    guard let a = slot.value else { preconditionFailure("a thread that ended left its result") }
    return (a, b)
  }
}
