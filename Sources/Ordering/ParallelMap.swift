// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Independent computations on several threads, with results in the order of their numbers.
enum ParallelMap {
  private struct State<Value: Sendable> {
    var next = 0
    var values: [Value?]
  }

  /// The result of every number below a count; threads take the next number that is free.
  ///
  /// - Parameters:
  ///   - count: How many results.
  ///   - jobs: The most threads to use.
  ///   - body: Called once for each number, on any thread.
  static func results<Value: Sendable>(
    count: Int, jobs: Int, _ body: @escaping @Sendable (Int) -> Value
  ) -> [Value] {
    guard jobs > 1, count > 1 else { return (0..<count).map(body) }
    let state = Shared(State<Value>(values: [Value?](repeating: nil, count: count)))
    @Sendable func work() {
      while true {
        let number = state.value.withLock { state in
          defer { state.next += 1 }
          return state.next
        }
        guard number < count else { return }
        let value = body(number)
        state.value.withLock { $0.values[number] = value }
      }
    }
    run(min(jobs, count), work)
    return state.value.withLock { state in
      state.values.map { value in
        guard let value else { preconditionFailure("every number below the count was taken") }
        return value
      }
    }
  }

  /// Runs a body on a number of threads at once, this one among them.
  private static func run(_ threads: Int, _ body: @escaping @Sendable () -> Void) {
    guard threads > 1 else { return body() }
    _ = ParallelPair.results(
      { run(threads / 2, body) }, { run(threads - threads / 2, body) })
  }

  private final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
  }
}
