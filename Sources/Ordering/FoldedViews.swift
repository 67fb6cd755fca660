// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// A problem whose views are no operators of their own, as compilers see it that fold them.
///
/// A view makes nothing and costs nothing, so it can run right behind the one operator that it
/// waits for; one that waits for nothing runs first of all. A greedy order that has to pick views
/// like any other operator looks past what they lead to.
struct FoldedViews {
  /// What is left to order.
  let model: OrderModel
  /// The nodes that each operator of the model runs, itself first.
  private let members: Rows
  /// The views that wait for nothing, ascending.
  private let first: [UInt32]

  /// Folds the views of a problem.
  ///
  /// - Complexity: O(touches · log of the longest row + dependencies · log of the longest row).
  init(of problem: SchedulingProblem) {
    let given = OrderModel(problem)
    // What each node runs with: an operator that is kept, or nothing.
    var lead = [Int?](repeating: nil, count: given.count)
    func leads(before node: Int) -> [UInt32] {
      given.predecessors[node].compactMap { lead[Int(given.predecessors.values[$0])] }
        .map { UInt32($0) }.uniqued()
    }
    var kept: [Int] = []
    var first: [UInt32] = []
    var followers: [(lead: UInt32, view: UInt32)] = []
    for node in 0..<given.count {
      let row = Self.isView(NodeID(node), in: problem) ? leads(before: node) : nil
      if let row, row.isEmpty {
        first.append(UInt32(node))
      } else if let row, row.count == 1, Self.canFollow(Int(row[0]), node, in: given) {
        lead[node] = Int(row[0])
        followers.append((row[0], UInt32(node)))
      } else {
        lead[node] = node
        kept.append(node)
      }
    }
    self.first = first
    followers.sort { ($0.lead, $0.view) < ($1.lead, $1.view) }
    var number = [UInt32](repeating: 0, count: given.count)
    for (index, node) in kept.enumerated() { number[node] = UInt32(index) }
    var members = Rows()
    var predecessors = Rows()
    var next = 0
    for node in kept {
      var row = [UInt32(node)]
      while next < followers.count, followers[next].lead == UInt32(node) {
        row.append(followers[next].view)
        next += 1
      }
      members.append(row)
      predecessors.append(leads(before: node).map { number[Int($0)] })
    }
    self.members = members
    var model = given.restricted(to: kept, predecessors: predecessors)
    // An input that only views touch, which run first, is gone before anything else runs.
    for storage in model.bytes.indices
    where model.isLiveIn[storage] && model.touchers.length(storage) == 0 {
      if model.isLiveOut[storage] { model.permanentBytes += model.bytes[storage] }
      model.isLiveIn[storage] = false
      model.isLiveOut[storage] = false
    }
    self.model = model
  }

  /// The node that an operator runs first, which is no view.
  func node(of operation: Int) -> NodeID {
    NodeID(rawValue: members.values[members.start[operation]])
  }

  /// An order of the model as one of the problem.
  func schedule(_ order: [Int]) -> Schedule {
    var nodes = first.map { NodeID(rawValue: $0) }
    nodes.reserveCapacity(first.count + members.values.count)
    for operation in order {
      for index in members[operation] { nodes.append(NodeID(rawValue: members.values[index])) }
    }
    return Schedule(nodes)
  }

  /// Whether all that a node makes is views of what it reads.
  private static func isView(_ node: NodeID, in problem: SchedulingProblem) -> Bool {
    let (graph, map) = (problem.graph, problem.storages)
    let outputs = graph.outputs(of: node).filter { !$0.isAbsent }
    return !outputs.isEmpty && map.workspaces[node.index] == 0
      && outputs.allSatisfy { map.roots[map.storageOfTensor[$0.index].index] != $0 }
      && !graph.effects(of: node).contains { $0.kind == .mustOverwrite }
  }

  /// Whether a view adds nothing right behind an operator, and takes no takeover from it.
  private static func canFollow(_ lead: Int, _ view: Int, in model: OrderModel) -> Bool {
    model.touched[view].allSatisfy { model.touches(lead, Int(model.touched.values[$0])) }
      && !model.takeovers[model.takeoverStart[lead]..<model.takeoverStart[lead + 1]].contains {
        model.touches(view, Int($0.input))
      }
  }
}
