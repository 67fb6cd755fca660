// SPDX-License-Identifier: Apache-2.0
import GraphIR

extension SchedulingProblem {
  /// What is live while a node runs after some others, with the reason for each storage.
  ///
  /// - Parameters:
  ///   - order: An order of all nodes.
  ///   - node: The node that runs.
  ///   - model: The problem's own model, one operator a node.
  ///   - grantsTakeovers: Whether takeovers that the order does not decide for are counted as if
  ///     they were made.
  func witness(
    at node: NodeID, in order: [Int], model: OrderModel, grantsTakeovers: Bool
  ) -> Witness {
    var step = [Int](repeating: 0, count: order.count)
    for (index, other) in order.enumerated() { step[other] = index }
    let now = step[node.index]
    let isAfter = grantsTakeovers ? descendants(of: node) : []
    var members = workingSet(of: node, in: model) { input in
      model.touchers[input].allSatisfy { index in
        let toucher = Int(model.touchers.values[index])
        return grantsTakeovers ? !isAfter[toucher] : step[toucher] <= now
      }
    }
    let own = Set(members.map(\.storage))
    for index in storages.roots.indices where storages.spaces[index] == .arena {
      let storage = StorageID(index)
      guard !own.contains(storage) else { continue }
      // The last that touched it and the first that will.
      var (from, to) = (Int?.none, Int?.none)
      for entry in model.touchers[index] {
        let toucher = Int(model.touchers.values[entry])
        if step[toucher] < now {
          if from.map({ step[$0] < step[toucher] }) ?? true { from = toucher }
        } else if to.map({ step[toucher] < step[$0] }) ?? true {
          to = toucher
        }
      }
      let reason: Witness.Reason
      switch (from, to) {
      case (let from?, let to?): reason = .crossing(from: NodeID(from), to: NodeID(to))
      case (nil, let to?) where storages.isLiveIn[index]: reason = .input(to: NodeID(to))
      case (let from?, nil) where storages.isLiveOut[index]: reason = .output(from: NodeID(from))
      case (nil, nil) where storages.isLiveIn[index] && storages.isLiveOut[index]:
        reason = .anInput
      default: continue
      }
      members.append(
        Witness.Member(storage: storage, bytes: storages.bytes[index], reason: reason))
    }
    return Witness(
      node: node, members: members, workspaceBytes: model.workspaces[node.index])
  }

  /// What is live while a node runs in every order, with the reason for each storage: one node that
  /// comes before in every order touches it, and one that comes after.
  ///
  /// All takeovers at the node are counted as if they were made.
  ///
  /// - Complexity: O(touches + dependencies + storages).
  func forcedWitness(at node: NodeID, model: OrderModel) -> Witness {
    let isBefore = reachable(from: node, along: model.predecessors)
    let isAfter = reachable(from: node, along: model.successors)
    var members = workingSet(of: node, in: model) { _ in true }
    let own = Set(members.map(\.storage))
    for index in storages.roots.indices where storages.spaces[index] == .arena {
      let storage = StorageID(index)
      guard !own.contains(storage) else { continue }
      let touchers = model.touchers[index].lazy.map { Int(model.touchers.values[$0]) }
      let from = touchers.last { isBefore[$0] }
      let to = touchers.first { isAfter[$0] }
      let reason: Witness.Reason
      switch (from, to) {
      case (let from?, let to?): reason = .crossing(from: NodeID(from), to: NodeID(to))
      case (nil, let to?) where storages.isLiveIn[index]: reason = .input(to: NodeID(to))
      case (let from?, nil) where storages.isLiveOut[index]: reason = .output(from: NodeID(from))
      case _ where storages.isLiveIn[index] && storages.isLiveOut[index]: reason = .anInput
      default: continue
      }
      members.append(
        Witness.Member(storage: storage, bytes: storages.bytes[index], reason: reason))
    }
    return Witness(
      node: node, members: members, workspaceBytes: model.workspaces[node.index])
  }

  /// Which nodes come after a node in every order.
  private func descendants(of node: NodeID) -> [Bool] {
    reachable(
      from: node,
      along: Rows(start: dependencies.successorStart, values: dependencies.successors))
  }

  private func reachable(from node: NodeID, along rows: Rows) -> [Bool] {
    var isReached = [Bool](repeating: false, count: graph.nodes.count)
    var stack = [node.index]
    while let next = stack.popLast() {
      for index in rows[next] {
        let other = Int(rows.values[index])
        guard !isReached[other] else { continue }
        isReached[other] = true
        stack.append(other)
      }
    }
    return isReached
  }
}
