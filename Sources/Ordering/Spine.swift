// SPDX-License-Identifier: Apache-2.0

/// The longest path through a model, and where every other operator hangs on it.
///
/// An operator that comes after one operator of the path and before another is attached. What hangs
/// at one end only can be moved along the path: constants and generators, which nothing on the path
/// precedes; weight updates, which nothing on the path follows.
struct Spine {
  /// The operators of the path, in order.
  let path: [Int]
  /// By operator, the last place of the path that comes before it or is it; -1 if none does.
  let after: [Int]
  /// By operator, the first place of the path that comes after it or is it; the path's length if
  /// none does.
  let before: [Int]

  /// Finds the path: of several the one of least operator numbers.
  ///
  /// - Precondition: Every operator's number is above those of its predecessors.
  /// - Complexity: O(operators + dependencies).
  init(_ model: OrderModel) {
    var height = [Int](repeating: 1, count: model.count)
    for operation in (0..<model.count).reversed() {
      for index in model.successors[operation] {
        height[operation] = max(
          height[operation], height[Int(model.successors.values[index])] + 1)
      }
    }
    var path: [Int] = []
    var next = height.indices.max { (height[$0], $1) < (height[$1], $0) }
    while let operation = next {
      path.append(operation)
      next = model.successors[operation].lazy.map { Int(model.successors.values[$0]) }
        .filter { height[$0] == height[operation] - 1 }.min()
    }
    var after = [Int](repeating: -1, count: model.count)
    var before = [Int](repeating: path.count, count: model.count)
    for (place, operation) in path.enumerated() {
      after[operation] = place
      before[operation] = place
    }
    for operation in 0..<model.count {
      for index in model.predecessors[operation] {
        after[operation] = max(after[operation], after[Int(model.predecessors.values[index])])
      }
    }
    for operation in (0..<model.count).reversed() {
      for index in model.successors[operation] {
        before[operation] = min(before[operation], before[Int(model.successors.values[index])])
      }
    }
    self.path = path
    self.after = after
    self.before = before
  }

  /// Whether an operator has the path before it and behind it, or is on it.
  func isAttached(_ operation: Int) -> Bool {
    after[operation] >= 0 && before[operation] < path.count
  }
}
