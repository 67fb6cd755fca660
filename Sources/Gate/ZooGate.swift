// SPDX-License-Identifier: Apache-2.0

/// Plans a zoo: every model in a process of its own, several at a time.
public struct ZooGate: Sendable {
  /// The zoo's folder.
  public var folder: String
  /// What is planned, all of the zoo.
  public var runs: [ZooRun]
  /// Which part of it.
  public var shard: ZooShard
  /// How many models at a time. Each takes the memory of one plan.
  public var jobs: Int
  /// How long one model may take; `nil` for any time.
  public var limit: Duration?
  /// The program that plans one model, and its arguments: it reads a ``ModelRunner/Request`` from
  /// standard input and writes a ``ModelRunner/Answer``.
  public var worker: [String]
  /// The version that records name.
  public var tool: String

  public init(
    folder: String, runs: [ZooRun], shard: ZooShard = .whole, jobs: Int = 1,
    limit: Duration? = nil, worker: [String], tool: String
  ) {
    self.folder = folder
    self.runs = runs
    self.shard = shard
    self.jobs = jobs
    self.limit = limit
    self.worker = worker
    self.tool = tool
  }

  /// A record as soon as it is there.
  public struct Finished: Sendable {
    public let record: ZooRecord
    /// Processor time that it took, in seconds.
    public let seconds: Double
    /// The most memory that it took at a time, in bytes.
    public let memoryBytes: Int
    /// Whether it was taken from an earlier run, because the model has not changed.
    public let isReused: Bool
    /// How many of the shard are done, this one among them.
    public let done: Int
  }

  /// The positions of the runs that are planned.
  public var range: Range<Int> { shard.range(of: runs.count) }

  /// Plans the shard.
  ///
  /// - Parameters:
  ///   - earlier: Records of earlier runs. One of a plan is taken over where the same code made it
  ///     for the same run and the model's graph is still the same.
  ///   - finished: Called for each record as it comes.
  /// - Returns: The records in the order of the zoo, the same whatever ``jobs`` is.
  /// - Throws: ``GateError/cannotStart(reason:)``, or what `finished` throws.
  public func records(
    earlier: [ZooRecord] = [], finished: (Finished) throws -> Void = { _ in }
  ) throws -> [ZooRecord] {
    let range = range
    var known: [String: ZooRecord] = [:]
    for record in earlier where record.tool == tool && record.plan != nil {
      known[record.run.name] = record
    }
    var records = [ZooRecord?](repeating: nil, count: range.count)
    var done = 0
    let pool = ProcessPool(command: worker, jobs: jobs, limit: limit)
    func knownPlan(of run: ZooRun) -> PlannedRun? {
      known[run.name].flatMap { $0.run == run ? $0.plan : nil }
    }
    try pool.run(range.count) { task in
      let run = runs[range.lowerBound + task]
      return ModelRunner.Request(
        folder: folder, run: run, knownFingerprint: knownPlan(of: run)?.fingerprint
      ).bytes
    } finished: { task, result in
      let index = range.lowerBound + task
      let (outcome, isReused) = Self.outcome(of: result, known: knownPlan(of: runs[index]))
      let record = ZooRecord(
        index: index, runs: runs.count, tool: tool, run: runs[index], outcome: outcome)
      records[task] = record
      done += 1
      try finished(
        Finished(
          record: record, seconds: result.cost.seconds, memoryBytes: result.cost.memoryBytes,
          isReused: isReused, done: done))
    }
    return records.compactMap { $0 }
  }

  private static func outcome(
    of result: ProcessPool.Result, known: PlannedRun?
  ) -> (ZooOutcome, isReused: Bool) {
    if let failure = result.failure { return (.failed(failure), false) }
    switch (ModelRunner.Answer(bytes: result.output), known) {
    case (.outcome(let outcome)?, _): return (outcome, false)
    case (.unchanged?, let plan?): return (.planned(plan), true)
    default:
      return (
        .failed(RunFailure(.crashed, "the process that planned it gave no whole answer")), false
      )
    }
  }
}
