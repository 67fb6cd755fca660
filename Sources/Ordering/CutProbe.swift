// SPDX-License-Identifier: Apache-2.0

/// The least that is live while an operator runs, asked again and again with more known about which
/// operators ran before.
///
/// The least cut without that knowledge is found once; each question only adds the flow that the
/// operators now known to be on one side let through.
struct CutProbe: Sendable {
  /// The operator that runs.
  let operation: Int
  /// The least that is live while it runs.
  let bytes: Int
  private var problem: CutProblem

  /// Finds the least cut at an operator; `nil` where a limit comes first.
  init?(at operation: Int, in model: OrderModel, visitLimit: Int, deadline: Deadline) {
    var problem = CutProblem(at: operation, in: model)
    guard let cut = problem.network.leastCut(visitLimit: visitLimit, deadline: deadline)
    else { return nil }
    self.operation = operation
    self.problem = problem
    bytes = problem.base + cut
  }

  /// Edges looked at so far, the measure of work.
  var visits: Int { problem.network.visits }

  /// The least that is live while the operator runs, with some operators before and some after it.
  ///
  /// - Parameter budget: What is above this need not be told exactly.
  /// - Returns: The bytes, if they are within the budget; else a number above it that they are not
  ///   below. `Int.max` if the operator cannot run there at all.
  mutating func bytes(before: [Int32], after: [Int32], upTo budget: Int) -> Int {
    guard let sources = vertices(of: before, areAfter: false),
      let sinks = vertices(of: after, areAfter: true)
    else { return .max }
    let more = problem.network.moreFlow(from: sources, to: sinks, upTo: budget - bytes)
    return more == FlowNetwork.unlimited ? .max : bytes + more
  }

  /// The vertices of operators; `nil` if one is on the other side in every order.
  private func vertices(of operations: [Int32], areAfter: Bool) -> [Int32]? {
    var result: [Int32] = []
    result.reserveCapacity(operations.count)
    for other in operations where Int(other) != operation {
      let vertex = problem.vertex[Int(other)]
      if vertex >= 0 {
        result.append(Int32(vertex))
      } else if problem.isBefore(Int(other)) == areAfter {
        return nil
      }
    }
    return result
  }
}

/// The probes that a decision search asks, those first that were of use lately.
struct CutProbes: Sendable {
  private var probes: [CutProbe]

  init(_ probes: [CutProbe]) { self.probes = probes }

  /// How many probes there are.
  var count: Int { probes.count }

  /// Edges looked at so far.
  private(set) var visits = 0

  /// Whether an operator cannot run within a budget once others ran, and what it then needs.
  ///
  /// - Parameters:
  ///   - before: Operators that run before all that are asked for.
  ///   - after: Operators that run after them.
  ///   - count: How many probes to ask.
  ///   - isOpen: Whether an operator is neither before nor after.
  /// - Returns: Bytes above the budget that no order stays below; `nil` if no probe says so.
  mutating func excess(
    before: [Int32], after: [Int32], budget: Int, asking count: Int, isOpen: (Int) -> Bool
  ) -> Int? {
    var asked = 0
    for index in probes.indices where isOpen(probes[index].operation) {
      if asked == count { return nil }
      asked += 1
      let start = probes[index].visits
      let bytes = probes[index].bytes(before: before, after: after, upTo: budget)
      visits += probes[index].visits - start + before.count + after.count
      if bytes > budget {
        probes.insert(probes.remove(at: index), at: 0)
        return bytes
      }
    }
    return nil
  }
}
