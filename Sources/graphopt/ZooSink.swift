// SPDX-License-Identifier: Apache-2.0

import Gate

/// Takes the records of a zoo as they come: a line for those who watch, the journal, and standard
/// output in the order of the zoo.
struct ZooSink {
  let progress: ProgressLine
  private let output: ZooOutputOptions
  private let baseline: ZooBaseline?
  private let count: Int
  private let journal: Journal?
  /// Lines that wait for those before them, by position in the shard.
  private var waiting: [Int: [UInt8]] = [:]
  private var written = 0

  /// - Throws: ``Failure`` when the journal cannot be opened.
  init(_ output: ZooOutputOptions, _ baseline: ZooBaseline?, count: Int) throws {
    self.output = output
    self.baseline = baseline
    self.count = count
    do throws(GateError) {
      journal = try output.path.flatMap { path throws(GateError) -> Journal? in
        // A stream cannot be resumed from.
        OutputFile(path: path).isStream ? nil : try Journal(for: path, keeps: output.resume)
      }
    } catch { throw Failure(error) }
    progress = ProgressLine("planning \(count) models")
  }

  /// What an earlier run left, later records last.
  func earlierRecords() throws(GateError) -> [ZooRecord] {
    guard output.resume, let path = output.path else { return [] }
    let whole = Terminal.exists(path) ? try RecordFile.records(of: path, isTorn: true) : []
    let partial = Journal.path(for: path)
    return whole
      + (Terminal.exists(partial) ? try RecordFile.records(of: partial, isTorn: true) : [])
  }

  /// Takes a record.
  ///
  /// - Parameter first: The position of the shard's first run.
  mutating func take(_ finished: ZooGate.Finished, first: Int) throws {
    try journal?.append(finished.record)
    let judgement = baseline?.judgement(of: finished.record)
    let cost =
      finished.isReused
      ? "unchanged"
      : "\(Self.hundredths(finished.seconds)) s, \(finished.memoryBytes >> 20) MB"
    progress.print(
      "[\(finished.done)/\(count)] \(ZooReport.line(finished.record, judgement))  (\(cost))")
    progress.update("\(finished.done) of \(count) models planned")
    guard output.format == .json else { return }
    waiting[finished.record.index - first] = finished.record.line(judgement)
    while let line = waiting.removeValue(forKey: written) {
      try Terminal.write(line)
      written += 1
    }
  }

  /// Writes the file, whole, and removes the journal.
  func finish(_ records: [ZooRecord]) throws {
    progress.finish()
    try Self.write(records, baseline, to: output.path)
    journal?.remove()
  }

  /// Writes records into a file, if one is named.
  static func write(_ records: [ZooRecord], _ baseline: ZooBaseline?, to path: String?) throws {
    guard let path else { return }
    try OutputFile(path: path).write(lines(records, baseline))
  }

  /// Records as lines, with what a baseline says of them.
  static func lines(_ records: [ZooRecord], _ baseline: ZooBaseline?) -> [UInt8] {
    records.flatMap { $0.line(baseline?.judgement(of: $0)) }
  }

  private static func hundredths(_ seconds: Double) -> String {
    let count = Int((seconds * 100).rounded())
    return "\(count / 100).\("\(count % 100 + 100)".dropFirst())"
  }
}
