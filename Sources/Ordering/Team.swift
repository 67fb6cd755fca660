// SPDX-License-Identifier: Apache-2.0
import Cancellation
import Glibc
import Synchronization

/// Threads that work on independent tasks, whose results are taken in the order of the tasks.
///
/// What is taken does not depend on how many threads there are or which ends first: results are
/// handed over one by one, from the first task on, and as soon as one is refused all that come
/// after it are told to stop and forgotten. With one thread the tasks after it never start.
package struct Team: Sendable {
  /// How many threads work at a time.
  let jobs: Int

  package init(jobs: Int) { self.jobs = jobs }

  /// Runs tasks `0..<count`.
  ///
  /// - Parameters:
  ///   - deadline: Handed to the tasks, with a signal that stops those that are of no more use.
  ///   - task: Computes the result of a task. Runs on any thread, at the same time as others.
  ///   - take: Takes the result of a task; whether those after it are still wanted.
  package func run<Value: Sendable>(
    _ count: Int, deadline: Deadline,
    task: @escaping @Sendable (Int, Deadline) -> Value, take: (Int, Value) -> Bool
  ) {
    guard jobs > 1, count > 1 else {
      for index in 0..<count {
        guard take(index, task(index, deadline)) else { return }
      }
      return
    }
    let work = Work(count: count, deadline: deadline, task: task)
    let threads = (0..<min(jobs, count)).compactMap { _ in Self.start(work) }
    // Where the system grants no thread, this one does all the work.
    if threads.isEmpty { work.runTasks() }
    for index in 0..<count {
      guard take(index, work.result(of: index)) else { break }
    }
    work.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  private static func start<Value>(_ work: Work<Value>) -> pthread_t? {
    let body = Body { work.runTasks() }
    let context = Unmanaged.passRetained(body)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      context.release()
      return nil
    }
    return thread
  }
}

/// What a thread does, behind the pointer that it is started with.
private final class Body: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// The tasks of one run, shared by its threads.
private final class Work<Value: Sendable>: Sendable {
  private let count: Int
  private let deadline: Deadline
  private let signal = CancellationFlag()
  private let task: @Sendable (Int, Deadline) -> Value
  private let next = Atomic(0)
  private let results: Mutex<[Value?]>
  private let finished = Semaphore()

  init(count: Int, deadline: Deadline, task: @escaping @Sendable (Int, Deadline) -> Value) {
    self.count = count
    self.deadline = deadline.orOn(signal)
    self.task = task
    results = Mutex([Value?](repeating: nil, count: count))
  }

  /// Runs tasks until there are no more or they are stopped.
  func runTasks() {
    while !signal.isCancelled {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      let value = task(index, deadline)
      results.withLock { $0[index] = value }
      finished.post()
    }
  }

  /// The result of a task, as soon as it is there; only once.
  func result(of index: Int) -> Value {
    while true {
      let value = results.withLock { results in
        defer { results[index] = nil }
        return results[index]
      }
      if let value { return value }
      // One post for each result, so none is missed; some were for results that came early.
      finished.wait()
    }
  }

  func stop() { signal.cancel() }
}

/// Counts events between threads.
private final class Semaphore: Sendable {
  private nonisolated(unsafe) let memory: UnsafeMutablePointer<sem_t>

  init() {
    memory = .allocate(capacity: 1)
    guard sem_init(memory, 0, 0) == 0 else {
      preconditionFailure("a semaphore that starts at 0 can be made")
    }
  }

  deinit {
    sem_destroy(memory)
    memory.deallocate()
  }

  func post() { sem_post(memory) }

  /// Waits for an event; may also return without one.
  func wait() { sem_wait(memory) }
}
