// SPDX-License-Identifier: Apache-2.0

/// The least that is live while an operator runs, over all sets of operators that may have run.
///
/// What is live is a submodular function of the set of operators that ran, so its least value over
/// all sets with the operator's ancestors inside and its descendants outside is one least cut: an
/// operator on the source's side ran; a storage costs its bytes if something on the source's side
/// touches it and something on the other does; a set without a predecessor of a member is cut off by
/// an unlimited edge. No order does better at that operator, so none has a lower peak.
///
/// A takeover of the one candidate that can die costs its bytes if another toucher of the candidate
/// did not run. With several candidates the saving is taken for granted.
struct CutBound {
  /// The least bytes live while the operator runs.
  let bytes: Int
  /// The operators that ran, for one set that has it: closed under predecessors, without the
  /// operator itself.
  let downset: [Bool]

  /// Edges of the network that were looked at.
  let visits: Int

  /// Finds the least cut at an operator.
  ///
  /// - Parameters:
  ///   - visitLimit: How many edges to look at before giving up; the result is then `nil`.
  ///   - deadline: When to give up in any case.
  /// - Complexity: one least cut in a network of O(operators + touches + dependencies).
  init?(
    at operation: Int, in model: OrderModel, visitLimit: Int = .max,
    deadline: Deadline = .never
  ) {
    var problem = CutProblem(at: operation, in: model)
    guard let cut = problem.network.leastCut(visitLimit: visitLimit, deadline: deadline)
    else { return nil }
    bytes = problem.base + cut
    visits = problem.network.visits
    downset = problem.downset
  }

  /// The takeovers of an operator that some order may let hold.
  ///
  /// - Parameter isAfter: Whether an operator comes after this one in every order.
  static func takeovers(
    at operation: Int, in model: OrderModel, isAfter: (Int) -> Bool
  ) -> [OrderModel.Takeover] {
    model.takeovers[model.takeoverStart[operation]..<model.takeoverStart[operation + 1]].filter {
      model.touchers[Int($0.input)].allSatisfy { !isAfter(Int(model.touchers.values[$0])) }
    }
  }
}
