// SPDX-License-Identifier: Apache-2.0

/// What leaves the arena first when it is full: what costs least to bring back, for its bytes and for
/// the time until it is needed.
///
/// Source: the scores of dynamic tensor rematerialization (Kirisame et al., ICLR 2021, arXiv
/// 2006.09616), with the time until the next use, which is known here, in place of the time since the
/// last one.
struct EvictionRule {
  /// How the time until the next use counts.
  enum Distance: CaseIterable {
    case linear, root, none

    func value(of steps: Double) -> Double {
      switch self {
      case .linear: steps
      case .root: steps.squareRoot()
      case .none: 1
      }
    }
  }

  var distance = Distance.root
  /// How much of what is away already, and would have to wait for it, is added to the cost.
  var dependents = 0.25
  /// What nothing needs, and nothing can make again, is kept in case something is made from it if it is
  /// no more than this part of the budget: one hundredth, or one for all of it.
  var sparePart = 100
  /// A factor on each storage's score; none if empty.
  var factors: [Double] = []

  static let dependentShares = [0.25, 0, 1]
}
