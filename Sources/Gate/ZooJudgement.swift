// SPDX-License-Identifier: Apache-2.0

public import Planning

/// What a baseline says of a record.
public struct ZooJudgement: Hashable, Sendable {
  public enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// It needs what it needed, or no more than is tolerated.
    case same
    /// Arena or total shrank, and neither grew; or it could not be planned and now can.
    case better
    /// Arena or total grew beyond the tolerance.
    case grown
    /// The baseline does not have it.
    case new
    /// It cannot be planned, as before.
    case failing
    /// It cannot be planned, and could before or is not in the baseline.
    case failed
  }

  public var verdict: Verdict
  /// What grew.
  public var growth: [MemoryGrowth]
  /// What it needed before, if it was planned before.
  public var before: MemoryProfile?
  /// Whether it is planned by other options than before, so that the comparison is not fair.
  public var hasOtherOptions: Bool

  init(
    _ verdict: Verdict, growth: [MemoryGrowth] = [], before: MemoryProfile? = nil,
    hasOtherOptions: Bool = false
  ) {
    self.verdict = verdict
    self.growth = growth
    self.before = before
    self.hasOtherOptions = hasOtherOptions
  }
}

extension ZooBaseline {
  /// What is to be said of a record.
  public func judgement(of record: ZooRecord) -> ZooJudgement {
    let entry = models[record.run.name]
    guard let plan = record.plan else {
      if let entry, case .failed = entry.outcome { return ZooJudgement(.failing) }
      return ZooJudgement(.failed)
    }
    guard let entry else { return ZooJudgement(.new) }
    let isOther = entry.options != record.run.options
    guard case .planned(let old) = entry.outcome else {
      return ZooJudgement(.better, hasOtherOptions: isOther)
    }
    let growth = MemoryGrowth.between(
      old.profile, plan.profile, tolerance: entry.tolerance ?? tolerance)
    let verdict: ZooJudgement.Verdict =
      switch MemoryVerdict(between: old.profile, plan.profile, growth: growth) {
      case .same: .same
      case .better: .better
      case .grown: .grown
      }
    return ZooJudgement(
      verdict, growth: growth, before: old.profile, hasOtherOptions: isOther)
  }

  /// The baseline after a run.
  ///
  /// What is new or better is taken, and what is the same in other words: another graph or other
  /// options with the same figures. What grew is taken only if that is accepted; what cannot be
  /// planned, only where the baseline has nothing of it. All other entries stay as they are, to the
  /// byte, so that small changes within the tolerance do not add up unseen.
  ///
  /// - Parameters:
  ///   - records: What the run came to.
  ///   - acceptingGrowth: Whether growth is taken.
  ///   - isWhole: Whether the records are those of the whole zoo: entries of models that it no
  ///     longer has then go.
  public func updated(
    with records: [ZooRecord], acceptingGrowth: Bool, isWhole: Bool
  ) -> ZooBaseline {
    var updated = self
    if isWhole {
      let names = Set(records.map(\.run.name))
      updated.models = models.filter { names.contains($0.key) }
    }
    for record in records {
      let old = models[record.run.name]
      let isTaken: Bool
      switch judgement(of: record).verdict {
      case .new, .better: isTaken = true
      case .grown: isTaken = acceptingGrowth
      case .same: isTaken = old.map { isSameInOtherWords($0, record) } ?? true
      case .failing: isTaken = false
      case .failed: isTaken = old == nil
      }
      guard isTaken else { continue }
      updated.models[record.run.name] = Entry(
        options: record.run.options, outcome: record.outcome.settled, tolerance: old?.tolerance)
    }
    return updated
  }

  private func isSameInOtherWords(_ entry: Entry, _ record: ZooRecord) -> Bool {
    guard case .planned(let old) = entry.outcome, let new = record.plan else { return false }
    let isOther =
      old.fingerprint != new.fingerprint || entry.options != record.run.options
    return isOther && old.profile.arenaBytes == new.profile.arenaBytes
      && old.profile.totalBytes == new.profile.totalBytes
  }
}

extension ZooOutcome {
  /// As much of it as a baseline keeps.
  var settled: ZooOutcome {
    guard case .planned(var plan) = self else { return self }
    (plan.fits, plan.provenOptimal, plan.peakNode) = (nil, false, nil)
    return .planned(plan)
  }
}
