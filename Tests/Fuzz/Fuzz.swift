// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import FuzzSupport

/// Damages real models by the million and imports them.
///
/// Inputs are numbered: the same number gives the same input. Batches run in processes of their own
/// with a limit on memory, and a limit on processor time for each input, so that one that traps or hangs is named by
/// its number, and the rest runs on.
@main
struct Fuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract: "Imports damaged models, one for each number, and reports what ends badly.",
    discussion: "Exit status 1 if an input traps, hangs, or takes too much time or memory.")

  /// What is fuzzed.
  enum Target: String, ExpressibleByArgument, CaseIterable {
    case reader, inference, both
  }

  @Option(help: "The number of the first input.") var from = 0
  @Option(help: "How many inputs are tried.") var count = 1_000_000
  @Option(help: "How many inputs run in one process.") var batch = 20_000
  @Option(help: "How many processes run at once.") var jobs = 1
  @Option(help: "What is fuzzed: reader, inference, both.") var target = Target.both
  @Option(help: "Above this many milliseconds an input is too slow.") var milliseconds = 1000
  @Option(help: "What a process may take, in MiB of address space.") var memory = 3072
  @Option(help: "Writes the input of the first number here, and ends.") var write: String?
  @Option(help: .hidden) var child: String?

  func run() throws {
    let corpus = FuzzCorpus()
    if let path = write {
      guard let input = FuzzInput(seed: from, of: corpus) else { throw ExitCode.failure }
      try Data(input.bytes).write(to: URL(fileURLWithPath: path))
      let dims = input.bindings.map { "--dim '\($0)'" }.joined(separator: " ")
      say("\(path): made from \(input.source) \(dims)")
      return
    }
    if let child {
      runBatch(corpus, state: FuzzState(path: child))
      return
    }
    say(
      "\(count) inputs from \(from), of \(corpus.small.count) small and \(corpus.large.count) large "
        + "models")
    try runAll()
  }

  // MARK: One process

  /// Runs inputs one by one, and says in the shared state which one runs.
  private func runBatch(_ corpus: FuzzCorpus, state: FuzzState) {
    var limit = rlimit(rlim_cur: rlim_t(memory) << 20, rlim_max: rlim_t(memory) << 20)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    for seed in from..<from + count {
      guard let input = FuzzInput(seed: seed, of: corpus) else { continue }
      state.current = seed
      // In processor time, so that a busy machine changes nothing; whatever takes that long hangs.
      var hang = itimerval()
      hang.it_value.tv_sec = max(20, milliseconds / 50)
      setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &hang, nil)
      let start = processorMicroseconds
      var outcome = FuzzTargets.Outcome.refused
      if target != .inference { outcome = FuzzTargets.reader(input.bytes) }
      if target != .reader {
        outcome = FuzzTargets.inference(input.bytes, bindings: input.bindings)
      }
      let taken = processorMicroseconds - start
      if case .accepted = outcome { state.accepted += 1 }
      if taken > state.slowestMicroseconds {
        state.slowestMicroseconds = taken
        state.slowest = seed
      }
      state.done += 1
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    state.peakKibibytes = usage.ru_maxrss
  }

  /// Prints a line at once, also into a file.
  private func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  private var processorMicroseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
  }

  // MARK: All processes

  private func runAll() throws {
    var next = from
    var running: [(process: Process, state: FuzzState, end: Int)] = []
    var failures: [String] = []
    var (done, accepted, slowest, slowestSeed, peak) = (0, 0, 0, 0, 0)
    func start(at first: Int, to end: Int) throws {
      let state = try FuzzState()
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = [
        "--from", "\(first)", "--count", "\(end - first)", "--target", target.rawValue,
        "--milliseconds", "\(milliseconds)", "--memory", "\(memory)", "--child", state.path,
      ]
      process.standardError = FileHandle.nullDevice
      try process.run()
      running.append((process, state, end))
    }
    while next < from + count || !running.isEmpty {
      while running.count < jobs, next < from + count {
        let end = min(next + batch, from + count)
        try start(at: next, to: end)
        next = end
      }
      let (process, state, end) = running.removeFirst()
      process.waitUntilExit()
      done += state.done
      accepted += state.accepted
      peak = max(peak, state.peakKibibytes)
      if state.slowestMicroseconds > slowest {
        (slowest, slowestSeed) = (state.slowestMicroseconds, state.slowest)
      }
      if process.terminationReason == .uncaughtSignal || process.terminationStatus != 0 {
        let seed = state.current
        let what = process.terminationStatus == SIGPROF ? "hangs" : "traps"
        failures.append("input \(seed) \(what) (signal \(process.terminationStatus))")
        say(failures[failures.count - 1])
        done += 1
        if seed + 1 < end { try start(at: seed + 1, to: end) }
      }
      state.remove()
      say(
        "\(done) done, \(accepted) of them still models; slowest \(slowest / 1000) ms (input "
          + "\(slowestSeed)), most memory \(peak >> 10) MiB, \(failures.count) failures")
    }
    if slowest > milliseconds * 1000 {
      failures.append("input \(slowestSeed) takes \(slowest / 1000) ms")
    }
    for failure in failures { say(failure) }
    guard failures.isEmpty else { throw ExitCode.failure }
  }
}
