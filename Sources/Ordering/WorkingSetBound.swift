// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// The simplest lower bound: the largest of all working sets, of the inputs and of the outputs.
///
/// While a node runs, all it touches is live. A takeover is counted as if the input always died
/// there, so that the bound holds for every order. Inputs are live together at the first step,
/// outputs at the last.
public enum WorkingSetBound {
  /// The bound.
  ///
  /// - Complexity: O(touches + storages).
  public static func bound(of problem: SchedulingProblem) -> LowerBound {
    let map = problem.storages
    let model = OrderModel(problem)
    var best = (bytes: 0, proof: LowerBound.Proof.workingSet, node: NodeID?.none)
    for node in 0..<model.count {
      var bytes = model.workspaces[node] - model.savedBytes(at: node) { _ in true }
      for index in model.touched[node] { bytes += model.bytes[Int(model.touched.values[index])] }
      if bytes > best.bytes { best = (bytes, .workingSet, NodeID(node)) }
    }
    for (proof, isLive) in [
      (LowerBound.Proof.inputs, map.isLiveIn), (.outputs, liveOut(of: map)),
    ] {
      var bytes = 0
      for storage in isLive.indices where isLive[storage] && map.spaces[storage] == .arena {
        bytes += map.bytes[storage]
      }
      if bytes > best.bytes { best = (bytes, proof, nil) }
    }
    let witness =
      switch best.proof {
      case .inputs: boundary(map, map.isLiveIn, .anInput)
      case .outputs: boundary(map, liveOut(of: map), .anOutput)
      default:
        Witness(
          node: best.node,
          members: best.node.map { problem.workingSet(of: $0, in: model) { _ in true } } ?? [],
          workspaceBytes: best.node.map { model.workspaces[$0.index] } ?? 0)
      }
    return LowerBound(bytes: best.bytes, proof: best.proof, witness: witness)
  }

  /// The outputs that are there at the end: one that nothing touches is there only as an input.
  private static func liveOut(of map: StorageMap) -> [Bool] {
    map.roots.indices.map {
      map.isLiveOut[$0] && (map.isLiveIn[$0] || map.toucherStart[$0] < map.toucherStart[$0 + 1])
    }
  }

  private static func boundary(
    _ map: StorageMap, _ isLive: [Bool], _ reason: Witness.Reason
  ) -> Witness {
    let members = map.roots.indices.filter { isLive[$0] && map.spaces[$0] == .arena }.map {
      Witness.Member(storage: StorageID($0), bytes: map.bytes[$0], reason: reason)
    }
    return Witness(node: nil, members: members, workspaceBytes: 0)
  }
}
