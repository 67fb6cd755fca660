// SPDX-License-Identifier: Apache-2.0

/// The operators that are comparable with every other one: they have one place in every order, and
/// what runs between two of them can be ordered by itself.
/// Source: ROAM (arXiv 2310.19295), memory-insensitive operators.
/// Deviation: ROAM counts ancestors and descendants by a search from every operator.
enum KeyPoints {
  /// The key points among some operators, ascending.
  ///
  /// In an order in which all predecessors stand before, an operator comes after every earlier one
  /// exactly if each of these has a successor no later than it: who follows those successors ends at
  /// the operator. The same holds backwards.
  ///
  /// - Parameter isMember: Which operators count; paths between two of them lead through members only.
  /// - Precondition: Every operator's number is above those of its predecessors.
  /// - Complexity: O(operators + dependencies).
  static func operations(of model: OrderModel, where isMember: [Bool]) -> [Int] {
    let members = (0..<model.count).filter { isMember[$0] }
    // Whether some later member does not come after a member in every order.
    var isPassed = [Bool](repeating: false, count: members.count)
    var nearest = Int.max
    for (index, member) in members.enumerated().reversed() {
      isPassed[index] = nearest < member
      var latest = -1
      for entry in model.predecessors[member] {
        let other = Int(model.predecessors.values[entry])
        if isMember[other] { latest = max(latest, other) }
      }
      nearest = min(nearest, latest)
    }
    var result: [Int] = []
    var farthest = -1
    for (index, member) in members.enumerated() {
      if farthest <= member, !isPassed[index] { result.append(member) }
      var earliest = Int.max
      for entry in model.successors[member] {
        let other = Int(model.successors.values[entry])
        if isMember[other] { earliest = min(earliest, other) }
      }
      farthest = max(farthest, earliest)
    }
    return result
  }
}
