// SPDX-License-Identifier: Apache-2.0

/// Betters an order by reordering short windows around its peak, each exactly, with everything
/// outside fixed.
///
/// The first of the hottest steps is taken, with windows of growing width that have it in their
/// middle, near their end or near their beginning; a window is bettered when a decision search finds
/// an order of it below the peak. Then the next hot step, until one cannot be bettered. Wider windows,
/// up to 1024 operators, won nothing where these did not.
struct WindowSearch {
  /// The operators of a window.
  private static let widths = [16, 32, 64]
  /// The sets that the search of one window looks at.
  private static let nodeLimit = 20_000

  /// The whole model.
  let model: OrderModel
  /// The order; never worse than the one at the start.
  private(set) var order: [Int]
  /// What was looked at.
  private(set) var work = 0

  init(_ model: OrderModel, order: [Int]) {
    self.model = model
    self.order = order
  }

  /// Betters the order.
  ///
  /// - Parameters:
  ///   - bound: A peak below which nothing is gained.
  ///   - workLimit: The costs to look at; every window has its part.
  /// - Complexity: O(touches + dependencies) for each window that is bettered, and the searches.
  mutating func run(bound: Int, workLimit: Int, deadline: Deadline) {
    var frame = OrderFrame(model, order: order)
    while work < workLimit, !deadline.isOver {
      let peak = frame.peak
      guard peak > bound, let hot = frame.profile.firstIndex(of: peak) else { return }
      guard
        let better = betterOrder(
          in: frame, at: hot, bound: bound, workLimit: workLimit, deadline: deadline)
      else { return }
      order = better
      frame = OrderFrame(model, order: order)
      work += model.count
    }
  }

  /// The order with a window around a step below the peak; `nil` where no window has one.
  private mutating func betterOrder(
    in frame: OrderFrame, at hot: Int, bound: Int, workLimit: Int, deadline: Deadline
  ) -> [Int]? {
    for width in Self.widths {
      for lead in [width / 2, 3 * width / 4, width / 4] {
        let start = max(0, min(hot - lead, order.count - width))
        let steps = start..<min(start + width, order.count)
        var search = DecisionSearch(frame.stretch(steps), budget: frame.peak - 1)
        let answer = search.answer(
          limits: .init(nodes: Self.nodeLimit, work: max(workLimit / 16, 1)), deadline: deadline)
        work += search.work + width
        if case .order(let inner) = answer { return frame.replacing(steps, by: inner) }
        if work >= workLimit || steps.count == order.count { return nil }
      }
    }
    return nil
  }
}
