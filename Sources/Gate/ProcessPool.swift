// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Runs tasks in processes of their own, so many at a time.
///
/// A process gets its task on standard input and answers on standard output. One that traps, is
/// killed or takes too long spoils its own task only, and its memory is gone when it ends. Everything
/// happens on one thread, which sleeps until one of the processes writes or its time is up.
struct ProcessPool {
  /// The program and its arguments, the program as a path.
  let command: [String]
  /// How many processes at a time.
  let jobs: Int
  /// How long one may take; `nil` for any time.
  let limit: Duration?

  /// What a process left behind.
  struct Result {
    /// What it wrote.
    var output: [UInt8]
    /// Why it gave no whole answer; `nil` if it ended with status 0.
    var failure: RunFailure?
    /// What it took.
    var cost: Cost
  }

  /// What planning a model took.
  struct Cost: Hashable, Sendable {
    /// Processor time, in seconds.
    var seconds: Double
    /// The most memory at a time, in bytes.
    var memoryBytes: Int
  }

  private struct Child {
    let task: Int
    let process: pid_t
    let pipe: Int32
    let end: ContinuousClock.Instant?
    var output: [UInt8] = []
  }

  /// Runs tasks `0..<count`, starting them in order.
  ///
  /// - Parameters:
  ///   - input: What a task is told on standard input.
  ///   - finished: Takes the result of a task, in the order in which they end.
  /// - Throws: ``GateError/cannotStart(reason:)``, or what `finished` throws; what still runs is
  ///   killed first.
  func run(
    _ count: Int, input: (Int) -> [UInt8], finished: (Int, Result) throws -> Void
  ) throws {
    var (next, children): (Int, [Child]) = (0, [])
    defer {
      for child in children {
        kill(child.process, SIGKILL)
        _ = Self.cost(ofEnded: child.process)
        close(child.pipe)
      }
    }
    while next < count || !children.isEmpty {
      while next < count, children.count < max(jobs, 1) {
        children.append(try start(next, input: input(next)))
        next += 1
      }
      let ended = try wait(for: &children)
      for index in ended.reversed() {
        let child = children.remove(at: index)
        close(child.pipe)
        let isLate = child.end.map { $0 <= .now } ?? false
        let (status, cost) = Self.cost(ofEnded: child.process)
        try finished(
          child.task,
          Result(
            output: child.output, failure: failure(of: status, isLate: isLate), cost: cost))
      }
    }
  }

  // MARK: Waiting

  /// Reads what the processes write until some of them are done; their positions, ascending.
  private func wait(for children: inout [Child]) throws(GateError) -> [Int] {
    var events = children.map { pollfd(fd: $0.pipe, events: Int16(POLLIN), revents: 0) }
    let now = ContinuousClock.now
    let rest = children.compactMap(\.end).min().map { now.duration(to: $0) / .milliseconds(1) }
    let ready = poll(
      &events, nfds_t(events.count), rest.map { Int32(min(max($0 + 1, 0), 1e9)) } ?? -1)
    guard ready >= 0 || errno == EINTR else {
      throw .cannotStart(reason: InputFile.reason(errno))
    }
    var ended: [Int] = []
    for index in children.indices {
      if ready > 0, events[index].revents != 0, !read(into: &children[index]) {
        ended.append(index)
      } else if let end = children[index].end, end <= .now {
        kill(children[index].process, SIGKILL)
        ended.append(index)
      }
    }
    return ended
  }

  /// Reads what is there; whether there may be more.
  private func read(into child: inout Child) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(child.pipe, &chunk, chunk.count)
    guard count > 0 else { return count < 0 && errno == EINTR }
    child.output.append(contentsOf: chunk[..<count])
    return true
  }

  /// The status and the cost of a process that has ended or is about to.
  private static func cost(ofEnded process: pid_t) -> (status: Int32, cost: Cost) {
    var (status, usage): (Int32, rusage) = (0, rusage())
    while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return (
      status,
      Cost(
        seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        memoryBytes: Int(usage.ru_maxrss) * 1024)
    )
  }

  private func failure(of status: Int32, isLate: Bool) -> RunFailure? {
    let signal = status & 0x7F
    if isLate, signal == SIGKILL, let limit {
      return RunFailure(.timeLimit, "took longer than \(limit / .seconds(1)) s")
    }
    if signal != 0 {
      let name = strsignal(signal).map { String(cString: $0).lowercased() } ?? "unknown"
      return RunFailure(.crashed, "the process that planned it ended by signal \(signal) (\(name))")
    }
    let code = (status >> 8) & 0xFF
    return code == 0
      ? nil : RunFailure(.crashed, "the process that planned it ended with status \(code)")
  }

  // MARK: Starting

  private func start(_ task: Int, input: [UInt8]) throws(GateError) -> Child {
    // A file, not a pipe: however long the input is, nobody waits for anybody.
    guard let file = tmpfile() else { throw .cannotStart(reason: InputFile.reason(errno)) }
    defer { fclose(file) }
    guard fwrite(input, 1, input.count, file) == input.count, fflush(file) == 0 else {
      throw .cannotStart(reason: InputFile.reason(errno))
    }
    rewind(file)
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .cannotStart(reason: InputFile.reason(errno)) }
    defer { close(ends[1]) }
    // No other process may hold an end, or this one's would not be seen.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, fileno(file), STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    var arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    // A back trace of a crash would take seconds and go nowhere.
    setenv("SWIFT_BACKTRACE", "enable=no", 1)
    let failure = posix_spawn(&process, command[0], &actions, nil, &arguments, environ)
    guard failure == 0 else {
      close(ends[0])
      throw .cannotStart(reason: InputFile.reason(failure))
    }
    return Child(task: task, process: process, pipe: ends[0], end: limit.map { .now + $0 })
  }
}
