// SPDX-License-Identifier: Apache-2.0

/// Something that needs more than it did, by more than is tolerated, and which tensor did it.
public struct MemoryGrowth: Hashable, Sendable {
  /// What is held to a tolerance: the arena, which the planner answers for, and the total, which
  /// budgets speak of.
  public enum Measure: String, Hashable, Sendable, CaseIterable {
    case arena
    case total
  }

  /// What grew.
  public let measure: Measure
  /// What it needed, in bytes.
  public let before: Int
  /// What it needs.
  public let after: Int
  /// How many bytes more were allowed.
  public let allowance: Int
  /// Which tensor did it; `nil` where no single one can be named.
  public let culprit: Culprit?

  /// A tensor that makes a difference.
  public struct Culprit: Hashable, Sendable {
    /// The tensor, the first on its storage.
    public let name: String
    /// What its storage takes.
    public let bytes: Int
    /// What it took before; `nil` where it was not there at all.
    public let before: Int?
    /// What it does.
    public let role: Role

    public enum Role: String, Hashable, Sendable, CaseIterable {
      /// It is live at the peak and was not, or takes more there.
      case peak
      /// It is resident and was not, or takes more.
      case resident
      /// The peak has not grown: it lies highest in the arena, with holes below.
      case placement
    }

    public init(name: String, bytes: Int, before: Int?, role: Role) {
      self.name = name
      self.bytes = bytes
      self.before = before
      self.role = role
    }
  }

  /// What grew from one profile to another; empty where nothing did beyond its tolerance.
  ///
  /// - Complexity: O(entries).
  public static func between(
    _ before: MemoryProfile, _ after: MemoryProfile, tolerance: Tolerance
  ) -> [MemoryGrowth] {
    Measure.allCases.compactMap { measure in
      let (old, new) = (measure.bytes(of: before), measure.bytes(of: after))
      let allowance = tolerance.allowance(for: old)
      guard new > old, new - old > allowance else { return nil }
      return MemoryGrowth(
        measure: measure, before: old, after: new, allowance: allowance,
        culprit: measure.culprit(between: before, after))
    }
  }
}

extension MemoryGrowth.Measure {
  /// What it comes to in a profile.
  public func bytes(of profile: MemoryProfile) -> Int {
    switch self {
    case .arena: profile.arenaBytes
    case .total: profile.totalBytes
    }
  }

  fileprivate func culprit(
    between before: MemoryProfile, _ after: MemoryProfile
  ) -> MemoryGrowth.Culprit? {
    let arena = after.arenaBytes - before.arenaBytes
    let resident = after.residentBytes - before.residentBytes
    if self == .total, resident > max(arena, 0) {
      return after.resident.culprit(beside: before.resident, as: .resident)
    }
    guard after.peakBytes <= before.peakBytes else {
      return after.atPeak.culprit(beside: before.atPeak, as: .peak)
    }
    return after.highest.map {
      MemoryGrowth.Culprit(
        name: $0.name, bytes: $0.bytes, before: $0.bytes, role: .placement)
    }
  }
}

extension MemoryProfile.Holdings {
  /// The entry that takes most more than it did; of several the largest, then the first by name.
  ///
  /// Where the older list is cut, what is not larger than its smallest entry may have been there.
  fileprivate func culprit(
    beside before: Self, as role: MemoryGrowth.Culprit.Role
  ) -> MemoryGrowth.Culprit? {
    let old = Dictionary(before.listed.map { ($0.name, $0.bytes) }) { first, _ in first }
    let unseen = before.omitted > 0 ? before.listed.last?.bytes ?? .max : -1
    var worst: (entry: MemoryProfile.Holding, more: Int)?
    for entry in listed {
      let known = old[entry.name]
      guard known != nil || entry.bytes > unseen else { continue }
      let more = entry.bytes - (known ?? 0)
      if more > worst?.more ?? 0 { worst = (entry, more) }
    }
    return worst.map {
      MemoryGrowth.Culprit(
        name: $0.entry.name, bytes: $0.entry.bytes, before: old[$0.entry.name], role: role)
    }
  }
}

/// What came of a comparison.
public enum MemoryVerdict: String, Hashable, Sendable, CaseIterable {
  /// Neither arena nor total changed by more than is tolerated, and not for the better.
  case same
  /// Arena or total shrank, and neither grew.
  case better
  /// Arena or total grew beyond the tolerance.
  case grown

  /// The verdict on two profiles.
  public init(
    between before: MemoryProfile, _ after: MemoryProfile, growth: [MemoryGrowth]
  ) {
    let changes = MemoryGrowth.Measure.allCases.map { $0.bytes(of: after) - $0.bytes(of: before) }
    self =
      !growth.isEmpty
      ? .grown : changes.allSatisfy { $0 <= 0 } && changes.contains { $0 < 0 } ? .better : .same
  }
}
