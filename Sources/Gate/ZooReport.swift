// SPDX-License-Identifier: Apache-2.0

import Emitters
import Planning

/// What came of a zoo: what is to be printed, and what its exit status says.
public struct ZooReport: Hashable, Sendable {
  /// The records, in the order of the zoo.
  public let records: [ZooRecord]
  /// What the baseline says of each; empty without one.
  public let judgements: [ZooJudgement]
  /// Whether growth was accepted, so that it is told but does not fail.
  public let acceptsGrowth: Bool

  public init(_ records: [ZooRecord], baseline: ZooBaseline?, acceptsGrowth: Bool = false) {
    self.records = records
    judgements = baseline.map { baseline in records.map(baseline.judgement) } ?? []
    self.acceptsGrowth = acceptsGrowth
  }

  /// What the gate says, the weightiest first: only one can be the exit status.
  public enum Status: Hashable, Sendable, CaseIterable {
    /// Our own check found a plan wrong, or planning crashed.
    case broken
    /// Something grew beyond its tolerance.
    case grown
    /// A model could not be planned that is not known not to be.
    case failed
    /// A plan is over its budget.
    case overBudget
    case passed
  }

  public var status: Status {
    func has(_ test: (ZooRecord, ZooJudgement?) -> Bool) -> Bool {
      records.indices.contains { index in
        test(records[index], judgements.isEmpty ? nil : judgements[index])
      }
    }
    if has({ record, _ in record.failure?.isOurs ?? false }) { return .broken }
    if !acceptsGrowth, has({ $1?.verdict == .grown }) { return .grown }
    if has({ $0.failure != nil && $1?.verdict != .failing }) { return .failed }
    if has({ record, _ in record.plan?.fits == false }) { return .overBudget }
    return .passed
  }

  /// The report as a person reads it: one line a model, what grew and who did it, the sum.
  ///
  /// - Complexity: O(length of the text).
  public var text: [UInt8] {
    var rows = [["model", "total", "arena", "above the bound", ""]]
    for (index, record) in records.enumerated() {
      rows.append(row(record, judgements.isEmpty ? nil : judgements[index]))
    }
    let sections = [ReportText.table(rows, right: [1, 2, 3]), details, overBudget, failures, sum]
    return Array(sections.filter { !$0.isEmpty }.joined(separator: "\n").utf8)
  }

  private func row(_ record: ZooRecord, _ judgement: ZooJudgement?) -> [String] {
    let name = ReportText.shortened(record.run.name, to: 56)
    guard let plan = record.plan else {
      return [name, "", "", "", judgement?.verdict.rawValue ?? "failed"]
    }
    let gap = plan.profile.peakBytes - plan.profile.lowerBoundBytes
    return [
      name, ReportText.size(plan.profile.totalBytes), ReportText.size(plan.profile.arenaBytes),
      plan.provenOptimal
        ? "optimal"
        : "+" + ReportText.percent(Double(gap) / Double(max(plan.profile.lowerBoundBytes, 1))),
      ([judgement?.verdict.rawValue] + [plan.fits == false ? "over budget" : nil])
        .compactMap { $0 }.joined(separator: ", "),
    ]
  }

  private var details: String {
    var text = ""
    for (record, judgement) in zip(records, judgements) where judgement.verdict == .grown {
      text += "\(record.run.name)\n"
      for (index, growth) in judgement.growth.enumerated() {
        text += "  \(GrowthText.sentence(for: growth))\n"
        let isSame = index > 0 && judgement.growth[index - 1].culprit == growth.culprit
        if !isSame { text += "    because \(GrowthText.reason(for: growth))\n" }
      }
      if judgement.hasOtherOptions {
        text += "    planned with other options than in the baseline\n"
      }
    }
    for (record, judgement) in zip(records, judgements) where judgement.verdict == .better {
      guard let before = judgement.before, let plan = record.plan else {
        text += "\(record.run.name)\n  better: it could not be planned before\n"
        continue
      }
      let isArena = plan.profile.arenaBytes < before.arenaBytes
      let (old, new) =
        isArena
        ? (before.arenaBytes, plan.profile.arenaBytes)
        : (before.totalBytes, plan.profile.totalBytes)
      text += "\(record.run.name)\n  better: \(isArena ? "arena" : "total") "
      text += "\(GrowthText.change(from: old, to: new))\n"
    }
    return text
  }

  private var overBudget: String {
    records.compactMap { record -> String? in
      guard let plan = record.plan, plan.fits == false, let budget = record.run.budgetBytes else {
        return nil
      }
      let total = plan.profile.totalBytes
      return
        "\(record.run.name)\n  over by \(ReportText.size(total - budget)): needs "
        + "\(ReportText.size(total)) of \(ReportText.size(budget))\n"
    }.joined()
  }

  private var failures: String {
    records.compactMap { record in
      record.failure.map { "\(record.run.name)\n  \($0.kind.rawValue): \($0.sentence)\n" }
    }.joined()
  }

  /// One line: how many of what.
  public var sum: String {
    let planned = records.count { $0.plan != nil }
    var parts = ["\(ReportText.counted(records.count, "model")): \(planned) planned"]
    let optimal = records.count { $0.plan?.provenOptimal ?? false }
    if optimal > 0 { parts.append("\(optimal) of them proven optimal") }
    for verdict in ZooJudgement.Verdict.allCases where verdict != .failed && verdict != .same {
      let count = judgements.count { $0.verdict == verdict }
      if count > 0 { parts.append("\(count) \(verdict.rawValue)") }
    }
    let failed = records.count - planned - judgements.count { $0.verdict == .failing }
    if failed > 0 { parts.append("\(failed) failed") }
    let over = records.count { $0.plan?.fits == false }
    if over > 0 { parts.append("\(over) over budget") }
    return parts.joined(separator: ", ") + "\n"
  }

  /// The line about one record, for those who watch.
  public static func line(_ record: ZooRecord, _ judgement: ZooJudgement?) -> String {
    guard let plan = record.plan else {
      let failure = record.failure?.sentence ?? ""
      return "\(record.run.name)  \(judgement?.verdict.rawValue ?? "failed"): \(failure)"
    }
    var text = "\(record.run.name)  total \(ReportText.size(plan.profile.totalBytes))"
    text += ", arena \(ReportText.size(plan.profile.arenaBytes))"
    if let judgement { text += "  \(judgement.verdict.rawValue)" }
    if plan.fits == false { text += "  over budget" }
    guard let growth = judgement?.growth.first else { return text }
    return text + " by \(ReportText.size(growth.after - growth.before)): "
      + GrowthText.reason(for: growth)
  }
}

extension RunFailure {
  /// Whether it is a fault of this code rather than of the model.
  var isOurs: Bool { kind == .checkFailed || kind == .crashed }
}
