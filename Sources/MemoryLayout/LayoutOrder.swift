// SPDX-License-Identifier: Apache-2.0

/// Which buffer goes first: a list of keys, each largest first, then the buffer's position.
///
/// The load of a buffer is the largest load of any section it lives in, its width the number of
/// steps it lives, its area size times width.
public enum LayoutOrder: String, Hashable, Sendable, CaseIterable {
  /// Size, then width: TensorFlow Lite Micro's greedy planner.
  case size
  /// Area, then size.
  case area
  /// Width, then size: the longest-lived first of LLFB.
  case width
  /// Load, then width, then size.
  case load
  /// Load, then size, then width.
  case loadSize = "load-size"
  /// Load, then width, then area.
  case loadWidth = "load-width"

  /// The members of a problem, first to last.
  ///
  /// - Complexity: O(n log n) in the n members.
  func order(of problem: LayoutProblem) -> [Int32] {
    let sections = problem.sections
    let load = RangeMaximum(sections.load)
    var keys: [Key] = []
    keys.reserveCapacity(problem.members.count)
    for member in problem.members {
      let buffer = problem.buffers[Int(member)]
      let width = buffer.upper - buffer.lower
      // Rounded where it exceeds 2^53, which only decides between nearly equal areas.
      let area = Double(width) * Double(buffer.size)
      func largestLoad() -> Int { load.maximum(in: sections.span(of: Int(member))) }
      let key: Key =
        switch self {
        case .size: Key(buffer.size, width, 0, 0, member)
        case .area: Key(0, 0, area, buffer.size, member)
        case .width: Key(width, buffer.size, 0, 0, member)
        case .load: Key(largestLoad(), width, 0, buffer.size, member)
        case .loadSize: Key(largestLoad(), buffer.size, 0, width, member)
        case .loadWidth: Key(largestLoad(), width, area, 0, member)
        }
      keys.append(key)
    }
    keys.sort(by: Key.precedes)
    return keys.map(\.member)
  }

  private struct Key {
    var first: Int
    var second: Int
    var third: Double
    var fourth: Int
    var member: Int32

    init(_ first: Int, _ second: Int, _ third: Double, _ fourth: Int, _ member: Int32) {
      self.first = first
      self.second = second
      self.third = third
      self.fourth = fourth
      self.member = member
    }

    static func precedes(_ a: Key, _ b: Key) -> Bool {
      if a.first != b.first { return a.first > b.first }
      if a.second != b.second { return a.second > b.second }
      if a.third != b.third { return a.third > b.third }
      if a.fourth != b.fourth { return a.fourth > b.fourth }
      return a.member < b.member
    }
  }
}
