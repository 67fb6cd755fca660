// SPDX-License-Identifier: Apache-2.0
public import IntegerProgramming

/// The layout of a problem as a mixed integer program: the least height, given a layout to do better
/// than, or any layout of at most a given height.
///
/// Heights are in units of the known layout's height, or of the given one, so that every coefficient
/// is at most about one: GLPK goes wrong on larger ones. For each pair of buffers that live together a binary says
/// which is below; lifetimes and fixed offsets decide all other pairs. Row families, in this order:
/// 1. `top[i]`: a buffer ends at most at the height.
/// 2. `above[i,j]`: if i is below j, i ends before j begins. M is the most that the bounds of the
///    two offsets allow, not the height.
/// 3. `under[s,i]`, `over[s,i]`: in section s, a buffer lies at least as high as the sum of what is
///    below it, and leaves the sum of what is above it. These are what makes the relaxation strong.
/// 4. `tied[i]`: a member of a rigid group lies at its distance above the group's first member.
///    Members of one group have no binaries between them, and in a sum only the largest counts.
///
/// Sizes are rounded up to the smallest alignment among the two buffers, or in the section, which
/// every layout respects. With one alignment for all the program is exact; with several it is a
/// relaxation, since offsets are not forced to be multiples.
/// Source: the pairwise model is that of COSMA (arXiv 2311.18246) without its spilling; the sums over
/// sections are our own addition.
public struct LayoutProgram: Sendable {
  /// The program; minimize the height, which for a capacity has one value.
  public let program: IntegerProgram

  /// The binaries, those of large pairs first.
  public let branchingOrder: [VariableID]

  /// The known layout as a point of the program, if there is one.
  public let start: [Double]?

  /// The bytes of one unit of the program.
  public let unit: Int

  /// The members in the program's order, and their offset variables.
  private let members: [Int32]
  private let offsets: [VariableID]

  /// The program of the least height.
  ///
  /// - Parameters:
  ///   - problem: with at least one member.
  ///   - known: a valid layout of it; better ones and itself are points of the program.
  /// - Complexity: O(Σ c²) over the sections, with c members in a section.
  public init(for problem: LayoutProblem, notAbove known: LayoutSolution) {
    self.init(Builder(problem, ceiling: known.height, known: known))
  }

  /// The program of any layout that is at most `capacity` bytes high: it has a point exactly where
  /// there is one, or with several alignments wherever there is one.
  ///
  /// Far easier than the least height: the relaxation has no height to trade for order.
  ///
  /// - Parameters:
  ///   - problem: with at least one member, and a lower bound of at most the capacity.
  ///   - capacity: bytes.
  /// - Complexity: O(Σ c²) over the sections, with c members in a section.
  public init(for problem: LayoutProblem, capacity: Int) {
    self.init(Builder(problem, ceiling: capacity, known: nil))
  }

  private init(_ empty: Builder) {
    var builder = empty
    builder.addVariables()
    builder.addTops()
    builder.addPairs()
    builder.addSections()
    builder.addTies()
    program = builder.program
    unit = builder.unit
    members = builder.problem.members
    offsets = builder.offsets
    start = builder.known == nil ? nil : builder.start
    branchingOrder = builder.pairs.sorted { a, b in
      (a.area, b.below.rawValue) > (b.area, a.below.rawValue)
    }.map(\.below)
  }

  /// The members by ascending offset at a point: the order to place them in. Offsets themselves are
  /// not taken from a solver, whose numbers are not exact.
  func order(at point: Solution.Point) -> [Int32] {
    let keyed = zip(members, offsets).map { (offset: point[$1], member: $0) }
    return keyed.sorted { ($0.offset, $0.member) < ($1.offset, $1.member) }.map(\.member)
  }
}

/// Adds one family of variables or rows after the other.
private struct Builder {
  struct Pair {
    var lower: Int
    var upper: Int
    /// 1 where `lower` is below `upper`, 0 where it is above.
    var below: VariableID
    var area: Double
  }

  let problem: LayoutProblem
  /// No layout above this is wanted, in bytes.
  let ceiling: Int
  let known: LayoutSolution?
  let unit: Int
  var program = IntegerProgram(name: "layout")
  var height: VariableID
  var offsets: [VariableID] = []
  var pairs: [Pair] = []
  var start: [Double] = []
  /// The binary of a pair of member positions, by `lower * memberCount + upper`.
  var pairAt: [Int: VariableID] = [:]

  init(_ problem: LayoutProblem, ceiling: Int, known: LayoutSolution?) {
    self.problem = problem
    self.ceiling = ceiling
    self.known = known
    unit = max(1, ceiling)
    let least = known == nil ? ceiling : problem.lowerBound
    height = program.addVariable("height", from: Double(least) / Double(unit), to: 1)
    start.append(1)
    program.setObjective(.minimize, 1 * height)
  }

  var members: [Int32] { problem.members }

  func buffer(_ position: Int) -> LayoutBuffer { problem.buffers[Int(members[position])] }

  func scaled(_ bytes: Int) -> Double { Double(bytes) / Double(unit) }

  /// The bounds of an offset, in bytes.
  func range(_ position: Int) -> ClosedRange<Int> {
    let buffer = buffer(position)
    if let fixed = buffer.fixedOffset { return fixed...fixed }
    let index = Int(members[position])
    if let group = problem.movingGroup(of: index) {
      let groups = problem.groups
      let base = groups.residue[group]
      let distance = groups.distance[index]
      return base + distance...max(base, ceiling - groups.height[group]) + distance
    }
    return 0...max(0, ceiling - buffer.size)
  }

  mutating func addVariables() {
    for position in members.indices {
      let range = range(position)
      offsets.append(
        program.addVariable(
          "offset[\(members[position])]", from: scaled(range.lowerBound),
          to: scaled(range.upperBound)))
      start.append(scaled(known?.offsets[Int(members[position])] ?? 0))
    }
    let sections = problem.sections
    for lower in members.indices {
      for upper in members.indices.dropFirst(lower + 1) {
        let a = sections.span(of: Int(members[lower]))
        let b = sections.span(of: Int(members[upper]))
        guard a.overlaps(b), !areTied(lower, upper), !areFixed(lower, upper) else { continue }
        addPair(lower, upper)
      }
    }
  }

  private func group(_ position: Int) -> Int32 { problem.groups.group[Int(members[position])] }

  private func areFixed(_ a: Int, _ b: Int) -> Bool {
    buffer(a).fixedOffset != nil && buffer(b).fixedOffset != nil
  }

  private func areTied(_ a: Int, _ b: Int) -> Bool { group(a) >= 0 && group(a) == group(b) }

  private mutating func addPair(_ lower: Int, _ upper: Int) {
    let below = program.addVariable(
      "below[\(members[lower]),\(members[upper])]", kind: .binary)
    pairAt[lower * members.count + upper] = below
    let sizes = (buffer(lower).size, buffer(upper).size)
    pairs.append(
      Pair(
        lower: lower, upper: upper, below: below, area: Double(sizes.0) * Double(sizes.1)))

    let isBelow =
      known.map { $0.offsets[Int(members[lower])] < $0.offsets[Int(members[upper])] }
      ?? canBeBelow(lower, upper)
    // Of two that differ in nothing, let the one that is below in the known layout be so.
    let areTwins =
      buffer(lower) == buffer(upper) && group(lower) < 0 && group(upper) < 0
    if areTwins || !canBeBelow(isBelow ? upper : lower, isBelow ? lower : upper) {
      program.fix(below, to: isBelow ? 1 : 0)
    }
    start.append(isBelow ? 1 : 0)
  }

  private func canBeBelow(_ low: Int, _ high: Int) -> Bool {
    range(low).lowerBound + buffer(low).size <= range(high).upperBound
  }

  mutating func addTops() {
    for position in members.indices {
      program.addConstraint(
        "top[\(members[position])]", 1 * offsets[position] - 1 * height, .atMost,
        -scaled(buffer(position).size))
    }
  }

  mutating func addPairs() {
    for pair in pairs {
      addOrder(pair.lower, pair.upper, isBelow: 1 * pair.below)
      addOrder(
        pair.upper, pair.lower, isBelow: LinearExpression(constant: 1) - 1 * pair.below)
    }
  }

  /// offset[low] + size[low] <= offset[high] + M (1 - isBelow)
  private mutating func addOrder(_ low: Int, _ high: Int, isBelow: LinearExpression) {
    let granule = min(buffer(low).alignment, buffer(high).alignment)
    let size = buffer(low).size.roundedUp(toMultipleOf: granule)
    let slack = scaled(range(low).upperBound + size - range(high).lowerBound)
    guard slack > 0 else { return }
    var row = 1 * offsets[low] - 1 * offsets[high]
    for term in isBelow.terms { row.add(slack * term.coefficient, term.variable) }
    row.constant = slack * isBelow.constant + scaled(size) - slack
    program.addConstraint("above[\(members[low]),\(members[high])]", row, .atMost, 0)
  }

  mutating func addSections() {
    let sections = problem.sections
    for section in 0..<sections.count {
      let alive = members.indices.filter {
        sections.span(of: Int(members[$0])).contains(section)
      }
      guard alive.count >= 3, alive.contains(where: { buffer($0).fixedOffset == nil }) else {
        continue
      }
      let granule = alive.map { buffer($0).alignment }.min() ?? 1
      let sizes = alive.map { buffer($0).size.roundedUp(toMultipleOf: granule) }
      // Whoever is topmost pays no padding.
      let padding = zip(alive, sizes).map { $1 - buffer($0).size }.max() ?? 0
      let counts = largestOfGroups(alive, sizes)
      for (index, position) in alive.enumerated() {
        // offset >= sum of sizes below; offset + size + sum of sizes above <= height
        var under = 1 * offsets[position]
        var over = 1 * offsets[position] - 1 * height
        over.constant = scaled(sizes[index] - padding)
        for (otherIndex, other) in alive.enumerated()
        where other != position && counts[otherIndex] && !areTied(position, other) {
          let size = scaled(sizes[otherIndex])
          under -= scaled(isBelow(other, position), by: size)
          over += scaled(isBelow(position, other), by: size)
        }
        program.addConstraint("under[\(section),\(members[position])]", under, .atLeast, 0)
        program.addConstraint("over[\(section),\(members[position])]", over, .atMost, 0)
      }
    }
  }

  /// Which of the alive members count in a sum: all of no group, and the largest of each group.
  private func largestOfGroups(_ alive: [Int], _ sizes: [Int]) -> [Bool] {
    var largest: [Int32: Int] = [:]
    for (index, position) in alive.enumerated() where group(position) >= 0 {
      if let other = largest[group(position)], sizes[other] >= sizes[index] { continue }
      largest[group(position)] = index
    }
    return alive.indices.map { group(alive[$0]) < 0 || largest[group(alive[$0])] == $0 }
  }

  mutating func addTies() {
    let groups = problem.groups
    var first = [Int?](repeating: nil, count: groups.count)
    for position in members.indices {
      let index = Int(members[position])
      guard let group = problem.movingGroup(of: index) else { continue }
      if let other = first[group] {
        let distance = groups.distance[index] - groups.distance[Int(members[other])]
        program.addConstraint(
          "tied[\(index)]", 1 * offsets[position] - 1 * offsets[other], .equal, scaled(distance))
      } else {
        first[group] = position
      }
    }
  }

  private func isBelow(_ low: Int, _ high: Int) -> LinearExpression {
    if let lower = buffer(low).fixedOffset, let upper = buffer(high).fixedOffset {
      return LinearExpression(constant: lower < upper ? 1 : 0)
    }
    if let below = pairAt[low * members.count + high] { return 1 * below }
    guard let above = pairAt[high * members.count + low] else {
      preconditionFailure("two members of one section have a binary")
    }
    return LinearExpression(constant: 1) - 1 * above
  }

  private func scaled(_ expression: LinearExpression, by factor: Double) -> LinearExpression {
    var result = LinearExpression(constant: expression.constant * factor)
    for term in expression.terms { result.add(term.coefficient * factor, term.variable) }
    return result
  }
}
