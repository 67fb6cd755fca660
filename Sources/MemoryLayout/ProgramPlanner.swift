// SPDX-License-Identifier: Apache-2.0
public import IntegerProgramming

/// Solves small problems exactly, as a `LayoutProgram`, through any solver.
///
/// Of the solver's answer only the order from bottom to top is taken: offsets are computed again in
/// integers. It starts from a layout, which wins ties.
public struct ProgramPlanner: LayoutPlanner {
  /// What solves the program.
  public var solver: any IntegerProgramSolver

  /// The most members it takes on: GLPK proves 20 within a tenth of a second, 40 sometimes.
  public var memberLimit: Int

  /// The most pairs of members that live together.
  public var pairLimit: Int

  /// The most nodes of the solver's tree.
  public var nodeLimit: Int

  /// A planner; the standard limits keep GLPK within a tenth of a second on real problems.
  public init(
    solver: any IntegerProgramSolver = GLPKSolver(), memberLimit: Int = 20, pairLimit: Int = 200,
    nodeLimit: Int = 20_000
  ) {
    self.solver = solver
    self.memberLimit = memberLimit
    self.pairLimit = pairLimit
    self.nodeLimit = nodeLimit
  }

  public var name: String { "program" }

  /// Above this many indivisible pieces in the height, one of them is too near to a solver's
  /// tolerance for its word to be a proof.
  private static let proofResolution = 100_000

  /// - Complexity: exponential in the members, bounded by the limits.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    guard problem.members.count <= memberLimit,
      problem.sections.overlappingPairCount <= pairLimit
    else { return .skipped(.tooLarge) }
    guard let known = limits.incumbent ?? Self.greedyLayout(of: problem) else {
      return .skipped(.workLimit)
    }
    guard !problem.members.isEmpty else { return .layout(known) }

    let model = LayoutProgram(for: problem, notAbove: known)
    let solution: Solution
    do throws(SolverError) {
      solution = try solver.solve(
        model.program,
        options: SolveOptions(
          // A step of the search costs far more than a unit of work.
          nodeLimit: min(nodeLimit, limits.work / 1000), branchingOrder: model.branchingOrder,
          start: model.start))
    } catch {
      return .skipped(.solver(error))
    }
    guard let point = solution.point else { return .skipped(.noSolution) }

    var best = known
    let order = model.order(at: point)
    for found in [
      GapFitPlanner.solution(of: problem, placing: order, fit: .first),
      OrderedOffsets.solution(of: problem, fromBottomToTop: order, below: known.height),
    ] {
      if let found, found.height < best.height { best = found }
    }
    let bound =
      solution.status == .optimal
      ? Self.provenBound(point.objective, unit: model.unit, problem) : nil
    return .layout(best, provenBound: bound)
  }

  /// The solver's optimum as a bound in bytes, or nil where its arithmetic is too coarse for that.
  private static func provenBound(
    _ objective: Double, unit: Int, _ problem: LayoutProblem
  ) -> Int? {
    let piece = indivisiblePiece(of: problem)
    guard unit / piece < proofResolution else { return nil }
    // Heights are multiples of the piece: the next one is meant, unless the solver is within its
    // tolerance of the one below.
    let pieces = objective * Double(unit) / Double(piece)
    return Int((pieces - 0.25).rounded(.up)) * piece
  }

  /// A number of bytes that divides the height of every layout in which no buffer can be lowered,
  /// and so that of some optimal one: all sizes, fixed offsets and tied distances are multiples of it, and rounding
  /// up to an alignment keeps multiples.
  private static func indivisiblePiece(of problem: LayoutProblem) -> Int {
    var piece = 0
    var largestAlignment = 1
    for member in problem.members {
      let buffer = problem.buffers[Int(member)]
      piece = Int.greatestCommonDivisor(piece, buffer.size)
      piece = Int.greatestCommonDivisor(piece, buffer.fixedOffset ?? 0)
      largestAlignment = max(largestAlignment, buffer.alignment)
    }
    for distance in problem.groups.distance {
      piece = Int.greatestCommonDivisor(piece, distance)
    }
    if piece % largestAlignment == 0 { return max(1, piece) }
    return Int.greatestCommonDivisor(piece, problem.granule)
  }

  /// The lowest of a few constructive layouts.
  private static func greedyLayout(of problem: LayoutProblem) -> LayoutSolution? {
    var best: LayoutSolution?
    for order in [LayoutOrder.load, .size, .area] {
      for layout in [
        SkylinePlanner(order: order).attempt(problem, within: LayoutLimits()).solution,
        GapFitPlanner.solution(of: problem, placing: order.order(of: problem), fit: .first),
      ] {
        guard let layout, layout.height < best?.height ?? .max else { continue }
        best = layout
      }
    }
    return best
  }
}
