// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// What must be in the arena at once whatever is recomputed or spilled.
enum WorkingSet {
  /// The largest of: what one node touches, less what it can take over; all graph inputs; all graph
  /// outputs. In bytes of the arena.
  ///
  /// - Complexity: O(touches).
  static func floor(of problem: SchedulingProblem) -> Int {
    let map = problem.storages
    func sum(_ isCounted: [Bool]) -> Int {
      map.roots.indices.reduce(0) {
        isCounted[$1] && map.spaces[$1] == .arena ? $0 + map.bytes[$1] : $0
      }
    }
    var floor = max(sum(map.isLiveIn), sum(map.isLiveOut))
    for node in 0..<problem.graph.nodes.count {
      var bytes = map.workspaces[node]
      for storage in map.touched[map.touchedStart[node]..<map.touchedStart[node + 1]] {
        bytes += map.bytes[Int(storage)]
      }
      var used: [UInt32] = []
      for takeover in map.takeovers[map.takeoverStart[node]..<map.takeoverStart[node + 1]]
      where !used.contains(takeover.output.rawValue) && !used.contains(takeover.input.rawValue) {
        used += [takeover.output.rawValue, takeover.input.rawValue]
        bytes -= map.bytes[takeover.output.index]
      }
      floor = max(floor, bytes)
    }
    return floor
  }
}
