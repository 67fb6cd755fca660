// SPDX-License-Identifier: Apache-2.0

/// Stacks what lives across the turning point of a training step, the last freed at the bottom, and
/// fits everything else around it.
///
/// In a training step activations are born on the way to the loss and freed on the way back, the
/// last born first: stacked by the time they are freed, they leave one free space above them that
/// shrinks and grows, into which temporaries go by first fit, largest first.
///
/// The engine knows buffers and no loss. It takes the section whose buffers have the most bytes
/// times steps together, the earliest among equals: long-lived bytes peak where forward meets
/// backward.
/// Source: ROAM (arXiv 2310.19295), its memory layout of activations.
/// Deviation: ROAM places temporaries by integer programs of subgraphs; here first fit does.
public struct ActivationStackingPlanner: LayoutPlanner {
  /// The planner; it has no options.
  public init() {}

  public var name: String { "roam" }

  /// - Complexity: that of one first fit of all n members, see `GapFitPlanner`.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    var work = limits.work
    let solution = GapFitPlanner.solution(
      of: problem, placing: Self.order(of: problem), fit: .first, work: &work,
      until: limits.deadlineForBetter)
    return solution.map { .layout($0) } ?? .skipped(.workLimit)
  }

  /// What crosses the turning point, the last freed first, then the rest by size.
  static func order(of problem: LayoutProblem) -> [Int32] {
    let bySize = LayoutOrder.size.order(of: problem)
    guard let turningPoint = turningPoint(of: problem) else { return bySize }
    let sections = problem.sections
    let isCrossing = { (member: Int32) in
      sections.span(of: Int(member)).contains(turningPoint)
    }
    let stack = bySize.filter(isCrossing).sorted { a, b in
      let (first, second) = (problem.buffers[Int(a)], problem.buffers[Int(b)])
      return (second.upper, first.lower, a) < (first.upper, second.lower, b)
    }
    return stack + bySize.filter { !isCrossing($0) }
  }

  /// The section whose buffers have the most bytes times steps, nil without members.
  ///
  /// - Complexity: O(n + s) in the n members and s sections.
  static func turningPoint(of problem: LayoutProblem) -> Int? {
    guard problem.sections.count > 0 else { return nil }
    // In doubles, where products fit; sections whose sums differ in the last bits are as good.
    var change = [Double](repeating: 0, count: problem.sections.count + 1)
    for member in problem.members {
      let buffer = problem.buffers[Int(member)]
      let area = Double(buffer.size) * Double(buffer.upper - buffer.lower)
      let span = problem.sections.span(of: Int(member))
      change[span.lowerBound] += area
      change[span.upperBound] -= area
    }
    var best = 0
    var bestArea = -Double.infinity
    var area = 0.0
    for section in 0..<problem.sections.count {
      area += change[section]
      if area > bestArea {
        best = section
        bestArea = area
      }
    }
    return best
  }
}
