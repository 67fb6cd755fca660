// SPDX-License-Identifier: Apache-2.0

/// A rule that a solution breaks. Buffers are named by their position.
public enum LayoutViolation: Hashable, Sendable {
  /// There is not one offset for each buffer.
  case offsetCount(expected: Int, found: Int)
  /// The offset is negative, or the end does not fit an `Int`.
  case outOfRange(buffer: Int, offset: Int)
  /// The offset is no multiple of the buffer's alignment.
  case misaligned(buffer: Int, offset: Int)
  /// The buffer is not where it has to be.
  case moved(buffer: Int, offset: Int)
  /// The buffer is not at the distance from another one that a tie demands.
  case untied(buffer: Int, base: Int, distance: Int)
  /// Two buffers that no ties join share bytes while both live; `buffer` is the one that begins
  /// higher.
  case overlap(buffer: Int, other: Int)
  /// The stated height is not the highest end.
  case wrongHeight(stated: Int, actual: Int)
}

extension LayoutViolation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .offsetCount(let expected, let found):
      "there are \(found) offsets for \(expected) buffers"
    case .outOfRange(let buffer, let offset):
      "buffer \(buffer) at \(offset) is outside every arena"
    case .misaligned(let buffer, let offset):
      "buffer \(buffer) at \(offset) is not aligned"
    case .moved(let buffer, let offset):
      "buffer \(buffer) is at \(offset) instead of its fixed offset"
    case .untied(let buffer, let base, let distance):
      "buffer \(buffer) is not \(distance) bytes above buffer \(base), to which it is tied"
    case .overlap(let buffer, let other):
      "buffers \(buffer) and \(other) share bytes while both live"
    case .wrongHeight(let stated, let actual):
      "the height is \(actual) and not \(stated) as stated"
    }
  }
}

/// Checks a solution against the rules alone.
///
/// It reads nothing but the buffers as they were given, and shares no code with any planner.
/// Buffers are taken by ascending offset and drawn over the steps they live in, each step
/// remembering the highest end so far: a buffer that begins below what its steps remember overlaps
/// the one that put it there. Every overlapping pair's upper buffer is found this way, and one of
/// those it overlaps is named. Since tied buffers may share bytes, a step remembers two ends: the
/// highest, and the highest of buffers that no ties join to that one's.
public enum LayoutValidator {
  /// Everything that `solution` breaks, by rule and then by buffer; empty for a valid layout.
  ///
  /// - Complexity: O((n + t) log n) in the n buffers and t ties.
  public static func violations(
    in solution: LayoutSolution, of problem: LayoutProblem
  ) -> [LayoutViolation] {
    let buffers = problem.buffers
    let offsets = solution.offsets
    guard offsets.count == buffers.count else {
      return [.offsetCount(expected: buffers.count, found: offsets.count)]
    }
    var violations: [LayoutViolation] = []
    var placed: [Int] = []
    var highest = 0
    for (index, buffer) in buffers.enumerated() {
      let offset = offsets[index]
      let (end, overflow) = offset.addingReportingOverflow(buffer.size)
      if offset < 0 || overflow {
        violations.append(.outOfRange(buffer: index, offset: offset))
        continue
      }
      if offset % buffer.alignment != 0 {
        violations.append(.misaligned(buffer: index, offset: offset))
      }
      if let fixed = buffer.fixedOffset, fixed != offset {
        violations.append(.moved(buffer: index, offset: offset))
      }
      if buffer.size > 0 {
        placed.append(index)
        highest = max(highest, end)
      }
    }
    for tie in problem.ties {
      let (end, overflow) = offsets[tie.base].addingReportingOverflow(tie.distance)
      if overflow || offsets[tie.buffer] != end {
        violations.append(
          .untied(buffer: tie.buffer, base: tie.base, distance: tie.distance))
      }
    }
    forEachOverlap(among: placed, of: buffers, ties: problem.ties, at: offsets) { buffer, other in
      violations.append(.overlap(buffer: buffer, other: other))
      return true
    }
    if solution.height != highest {
      violations.append(.wrongHeight(stated: solution.height, actual: highest))
    }
    return violations
  }

  /// Two of the given buffers that share bytes while both live, or nil.
  static func firstOverlap(
    among chosen: [Int], of buffers: [LayoutBuffer], ties: [LayoutTie], at offsets: [Int]
  ) -> (buffer: Int, other: Int)? {
    var found: (Int, Int)?
    forEachOverlap(among: chosen, of: buffers, ties: ties, at: offsets) { buffer, other in
      found = (buffer, other)
      return false
    }
    return found
  }

  /// Calls `body` with each buffer that overlaps a lower one, and one such lower buffer, until it
  /// returns false.
  ///
  /// - Precondition: the chosen buffers have bytes, and ends that fit an `Int`.
  private static func forEachOverlap(
    among chosen: [Int], of buffers: [LayoutBuffer], ties: [LayoutTie], at offsets: [Int],
    _ body: (_ buffer: Int, _ other: Int) -> Bool
  ) {
    // Two lifetimes that overlap share the step at which the later one begins.
    var steps: [Int] = []
    for step in chosen.map({ buffers[$0].lower }).sorted() where step != steps.last {
      steps.append(step)
    }
    func position(of step: Int) -> Int {
      var range = 0..<steps.count
      while !range.isEmpty {
        let middle = range.lowerBound + range.count / 2
        range =
          steps[middle] < step ? middle + 1..<range.upperBound : range.lowerBound..<middle
      }
      return range.lowerBound
    }

    let kin = Kinship(of: buffers.count, ties: ties)
    var drawn = DrawnEnds(stepCount: steps.count)
    let ascending = chosen.map { (offset: offsets[$0], buffer: $0) }.sorted { $0 < $1 }
    for (offset, index) in ascending {
      let life = position(of: buffers[index].lower)..<position(of: buffers[index].upper)
      let family = kin.family(of: index)
      let (end, other) = drawn.highestEnd(in: life, outside: family)
      if end > offset, !body(index, other) { return }
      drawn.draw(end: offset + buffers[index].size, of: index, in: family, over: life)
    }
  }
}

/// Which buffers ties join, directly or through others.
private struct Kinship {
  private let parent: [Int]

  init(of count: Int, ties: [LayoutTie]) {
    var parent = Array(0..<count)
    func root(of buffer: Int) -> Int {
      var root = buffer
      while parent[root] != root {
        parent[root] = parent[parent[root]]
        root = parent[root]
      }
      return root
    }
    for tie in ties {
      let (a, b) = (root(of: tie.buffer), root(of: tie.base))
      parent[max(a, b)] = min(a, b)
    }
    for buffer in 0..<count { parent[buffer] = root(of: buffer) }
    self.parent = parent
  }

  /// One member's position stands for all that are joined to it.
  func family(of buffer: Int) -> Int { parent[buffer] }
}

/// The highest ends drawn so far over each step, and whose they are: a segment tree of maxima.
private struct DrawnEnds {
  private struct End {
    var end = Int.min
    var owner = -1
    var family = -1
  }

  /// The highest end, and the highest of another family.
  private struct Mark {
    var first = End()
    var second = End()

    mutating func add(_ end: End) {
      if end.end > first.end {
        if end.family != first.family { second = first }
        first = end
      } else if end.family != first.family, end.end > second.end {
        second = end
      }
    }

    mutating func add(_ mark: Mark) {
      add(mark.first)
      add(mark.second)
    }
  }

  private let stepCount: Int
  /// What was drawn over a node's whole range.
  private var whole: [Mark]
  /// The highest of what was drawn over any part of a node's range.
  private var any: [Mark]

  init(stepCount: Int) {
    self.stepCount = stepCount
    whole = [Mark](repeating: Mark(), count: 2 * stepCount)
    any = whole
  }

  func highestEnd(in steps: Range<Int>, outside family: Int) -> (end: Int, owner: Int) {
    var best = Mark()
    Self.forEachNode(of: steps, stepCount) { node in best.add(any[node]) }
    Self.forEachAncestor(of: steps, stepCount) { node in best.add(whole[node]) }
    let end = best.first.family == family ? best.second : best.first
    return (end.end, end.owner)
  }

  mutating func draw(end: Int, of owner: Int, in family: Int, over steps: Range<Int>) {
    let new = End(end: end, owner: owner, family: family)
    Self.forEachNode(of: steps, stepCount) { node in
      whole[node].add(new)
      any[node].add(new)
    }
    Self.forEachAncestor(of: steps, stepCount) { node in
      any[node].add(any[2 * node])
      any[node].add(any[2 * node + 1])
    }
  }

  // Static: closures that change the arrays must not meet a copy of `self`, which would cost a copy
  // of the arrays each time.

  /// The nodes that make up a range.
  private static func forEachNode(
    of steps: Range<Int>, _ stepCount: Int, _ body: (Int) -> Void
  ) {
    var low = steps.lowerBound + stepCount
    var high = steps.upperBound + stepCount
    while low < high {
      if low % 2 == 1 {
        body(low)
        low += 1
      }
      if high % 2 == 1 {
        high -= 1
        body(high)
      }
      low /= 2
      high /= 2
    }
  }

  /// The nodes above the two ends of a range, from the bottom up.
  private static func forEachAncestor(
    of steps: Range<Int>, _ stepCount: Int, _ body: (Int) -> Void
  ) {
    guard !steps.isEmpty else { return }
    var low = (steps.lowerBound + stepCount) / 2
    var high = (steps.upperBound - 1 + stepCount) / 2
    while high > 0 {
      body(low)
      if high != low { body(high) }
      low /= 2
      high /= 2
    }
  }
}
