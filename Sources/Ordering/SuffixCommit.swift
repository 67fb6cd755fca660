// SPDX-License-Identifier: Apache-2.0

/// Fixes the end of the order by the rules for its beginning, on the model read backwards.
///
/// Costs are the same in both directions, so an operator that can run first backwards without hurting
/// can run last forwards without hurting.
enum SuffixCommit {
  /// The operators that can be fixed for the end under a budget, the last one last.
  static func tail(
    of model: OrderModel, under budget: Int, rules: SearchState.Rules
  ) -> (operations: [Int], work: Int, refused: Int) {
    var search = SearchState(model.reversed())
    _ = search.close(under: budget, rules: rules)
    return (search.order.reversed().map { Int($0) }, search.work, search.refused)
  }
}
