// SPDX-License-Identifier: Apache-2.0

/// Whether a rung of the ladder may be used: recompute, or spill.
public enum LadderChoice: String, Hashable, Sendable, CaseIterable {
  /// Never.
  case off
  /// Where the budget asks for it; there must be one.
  case on
  /// As `on`, and as a matter of course nothing without a budget.
  case auto

  /// Whether nodes may run again. Where one of the two is asked for by `on`, the other is used only if it
  /// is asked for, too.
  package func allowsRecompute(beside spill: SpillChoice) -> Bool {
    switch self {
    case .off: false
    case .on: true
    case .auto: spill != .on && spill != .weights
    }
  }
}

/// Whether storages may wait in a second memory.
public enum SpillChoice: String, Hashable, Sendable, CaseIterable {
  /// Never.
  case off
  /// Where the budget asks for it; there must be one.
  case on
  /// As `on`, and as a matter of course nothing without a budget.
  case auto
  /// As `on`, and weights and optimizer state are at home there: they are fetched to be used, and
  /// copied back where they are updated.
  case weights
}
