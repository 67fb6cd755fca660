// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// Orders that are worth recomputing or spilling in.
///
/// The order of the least peak is only one of them: what it leaves live where nothing is at stake stands
/// in the way once the highest loads are lowered. In a training step, weight gradients that are made and
/// used up as soon as they can be leave more room than those that wait.
enum LadderOrders {
  /// The draft's order, the one with eager updates, the file's, and greedy ones; all different.
  ///
  /// - Complexity: That of the orders.
  static func all(of draft: Draft) -> [[NodeID]] {
    let schedulers: [any Scheduler] = [
      EagerUpdates(), FileOrder(), LeastLiveAfter(), LeastPeakFirst(), DepthFirstByUsers(),
      BreadthFirst(),
    ]
    var orders = [draft.arrangement.schedule.order]
    for scheduler in schedulers {
      // One that cannot order this graph is left out.
      guard let order = try? scheduler.schedule(for: draft.problem).order, !orders.contains(order)
      else { continue }
      orders.append(order)
    }
    return orders
  }
}
