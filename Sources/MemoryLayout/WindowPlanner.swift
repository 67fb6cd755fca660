// SPDX-License-Identifier: Apache-2.0
public import IntegerProgramming

/// Repairs a layout where it is highest: solves the integer program of a few buffers around the
/// highest place while all others stay where they are, again and again.
///
/// A window is made of the buffers that end highest, then of others near them in time, chosen in one
/// of three ways, as long as the program stays small. The lowest layout of the window replaces what
/// was there if its highest end is lower; where no way gains anything more, the attempt ends. Members
/// of rigid groups and fixed buffers are not moved.
public struct WindowPlanner: LayoutPlanner {
  /// What solves the programs.
  public var solver: any IntegerProgramSolver

  /// The most buffers of a window that may move.
  public var memberLimit: Int

  /// The most pairs, of two buffers that move or of one that does and one that stays.
  public var pairLimit: Int

  /// The most windows of an attempt.
  public var windowLimit: Int

  /// The most nodes and simplex iterations of all windows together.
  public var nodeLimit: Int
  public var iterationLimit: Int

  /// A planner; the standard limits keep GLPK within some tenths of a second.
  public init(
    solver: any IntegerProgramSolver = GLPKSolver(), memberLimit: Int = 16, pairLimit: Int = 200,
    windowLimit: Int = 50, nodeLimit: Int = 5_000, iterationLimit: Int = 5_000
  ) {
    self.solver = solver
    self.memberLimit = memberLimit
    self.pairLimit = pairLimit
    self.windowLimit = windowLimit
    self.nodeLimit = nodeLimit
    self.iterationLimit = iterationLimit
  }

  public var name: String { "ilp-window" }

  /// - Complexity: O(w n log n) for w windows of n members, beside the programs.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    guard let known = limits.incumbent ?? ProgramPlanner.greedyLayout(of: problem) else {
      return .skipped(.workLimit)
    }
    var search = ProgramSearch(
      solver: solver, nodes: nodeLimit,
      iterations: min(iterationLimit, max(1, limits.work / ProgramPlanner.workPerIteration)),
      stop: limits.stop)
    let target = max(problem.lowerBound, limits.capacity ?? 0)
    var best = known
    var offsets = known.offsets
    var shapes = Window.Shape.allCases[...]
    for _ in 0..<windowLimit {
      guard best.height > target, !search.isExhausted, search.failure == nil,
        let shape = shapes.popFirst()
      else { break }
      // Where the known layout is not valid there is no problem of a window.
      guard let window = Window(of: problem, at: offsets, shape, memberLimit, pairLimit),
        let subproblem = try? Subproblem(
          of: problem, window.free + window.others,
          fixed: { window.isFree[$0] ? nil : offsets[$0] })
      else { continue }
      let before = subproblem.solution(in: offsets)
      let after = search.best(of: subproblem.problem, from: before, capacity: limits.capacity)
      guard after.solution.height < before.height else { continue }
      shapes = Window.Shape.allCases[...]
      subproblem.put(after.solution, into: &offsets)
      let whole = LayoutSolution(offsets: offsets, for: problem)
      // Lower in this place only, where another is as high.
      if whole.height < best.height { best = whole }
    }
    if best.height < known.height || limits.incumbent == nil { return .layout(best) }
    if let failure = search.failure { return .skipped(.solver(failure)) }
    return .skipped(search.isExhausted ? .workLimit : .noSolution)
  }
}

/// The buffers to move, and those that are in their way.
private struct Window {
  private(set) var free: [Int32] = []
  private(set) var others: [Int32] = []
  private(set) var isFree: [Bool]

  /// Which buffers come first after the highest ones.
  enum Shape: CaseIterable {
    /// Those that live with the highest one, higher ones first, then those nearest in time.
    case top
    /// Those nearest in time to its most crowded section, higher ones first.
    case crowd
    /// Those that live with the highest one, longer-lived ones last.
    case short
  }

  /// The window at the first of the highest places; nil where nothing can be moved there.
  init?(
    of problem: LayoutProblem, at offsets: [Int], _ shape: Shape, _ memberLimit: Int,
    _ pairLimit: Int
  ) {
    isFree = [Bool](repeating: false, count: problem.buffers.count)
    let sections = problem.sections
    func top(_ member: Int32) -> Int { offsets[Int(member)] + problem.buffers[Int(member)].size }
    func canMove(_ member: Int32) -> Bool {
      problem.buffers[Int(member)].fixedOffset == nil
        && problem.movingGroup(of: Int(member)) == nil
    }
    let height = problem.members.reduce(0) { max($0, top($1)) }
    let highest = problem.members.filter { top($0) == height }
      .min { (sections.first[Int($0)], $0) < (sections.first[Int($1)], $1) }
    guard let highest, canMove(highest) else { return nil }
    let span = sections.span(of: Int(highest))
    let center = span.max { sections.load[$0] < sections.load[$1] } ?? span.lowerBound

    let focus = shape == .crowd ? center..<center + 1 : span
    func distance(_ member: Int32) -> Int {
      let own = sections.span(of: Int(member))
      let between = max(
        0, own.lowerBound - focus.upperBound + 1, focus.lowerBound + 1 - own.upperBound)
      return shape == .short ? own.count + between : between
    }
    // Whoever else is as high at this time has to move as well.
    func isHighest(_ member: Int32) -> Bool {
      top(member) == height && sections.span(of: Int(member)).overlaps(span)
    }
    let candidates = problem.members.filter(canMove).map { member in
      (rank: isHighest(member) ? -1 : distance(member), depth: -top(member), member: member)
    }.sorted { ($0.rank, $0.depth, $0.member) < ($1.rank, $1.depth, $1.member) }
    var pairs = 0
    for candidate in candidates.prefix(memberLimit) {
      let own = sections.span(of: Int(candidate.member))
      // Pairs with those that are free already were counted with them.
      let met = problem.members.count {
        !isFree[Int($0)] && $0 != candidate.member && sections.span(of: Int($0)).overlaps(own)
      }
      guard pairs + met <= pairLimit else { break }
      pairs += met
      free.append(candidate.member)
      isFree[Int(candidate.member)] = true
    }
    guard free.count > 1 else { return nil }
    let spans = free.map { sections.span(of: Int($0)) }
    others = problem.members.filter { member in
      !isFree[Int(member)]
        && spans.contains { $0.overlaps(sections.span(of: Int(member))) }
    }
  }
}
