// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// By what a plan may make room, for bounds of what that costs: in operations, with a copy counted as the
/// operations that take as long.
struct LadderMeans {
  /// Whether nodes may run again.
  let mayRecompute: Bool
  /// What copying each storage one way costs, rounded down; `nil` where nothing may be spilled.
  let copyFlops: [Int]?

  /// Running again alone.
  static let recomputing = LadderMeans(mayRecompute: true, copyFlops: nil)

  private init(mayRecompute: Bool, copyFlops: [Int]?) {
    (self.mayRecompute, self.copyFlops) = (mayRecompute, copyFlops)
  }

  /// Spilling, and running again where that may be.
  init(spillingIn model: LadderModel, costs: CostModel, mayRecompute: Bool) {
    self.mayRecompute = mayRecompute
    copyFlops = model.copiedBytes.map { costs.flops(inSeconds: costs.seconds(ofBytes: $0)) }
  }

  /// The node that can make a storage again; -1 where there is none.
  func remaker(of storage: Int, in model: LadderModel) -> Int {
    mayRecompute ? Int(model.remaker[storage]) : -1
  }
}
