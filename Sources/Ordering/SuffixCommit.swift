// SPDX-License-Identifier: Apache-2.0

/// Fixes the end of the order by the rules for its beginning, on the model read backwards.
///
/// Costs are the same in both directions, so an operator that can run first backwards without hurting
/// can run last forwards without hurting.
enum SuffixCommit {
  /// The operators that can be fixed for the end under a budget, the last one last; not all of them
  /// where work or time end.
  static func tail(
    of model: OrderModel, under budget: Int, rules: SearchState.Rules, workLimit: Int,
    deadline: Deadline
  ) -> (operations: [Int], work: Int) {
    var search = SearchState(model.reversed())
    _ = search.close(under: budget, rules: rules, workLimit: workLimit, deadline: deadline)
    return (search.order.reversed().map { Int($0) }, search.work)
  }
}
