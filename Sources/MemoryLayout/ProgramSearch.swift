// SPDX-License-Identifier: Apache-2.0
import Cancellation
import IntegerProgramming

/// Solves the programs of one small problem, and believes of the answers only what is safe.
///
/// First the program of a layout at the proven bound, which is the easiest one and mostly has a
/// point; then that of the least height. Of a point only the order is taken; offsets are computed in
/// integers. `infeasible` and `optimal` count as proofs only where the program's smallest step is far
/// above the solver's tolerance.
struct ProgramSearch {
  let solver: any IntegerProgramSolver

  /// The limits of both programs together.
  private(set) var nodesLeft: Int
  private(set) var iterationsLeft: Int
  let stop: StopCondition

  /// The first failure of the solver, if it failed.
  private(set) var failure: SolverError?

  /// What a search found.
  struct Result {
    var solution: LayoutSolution
    /// No layout is lower, where something was proven.
    var provenBound: Int?

    /// The result without a proof that its own layout refutes.
    fileprivate var plausible: Result {
      Result(
        solution: solution,
        provenBound: provenBound.flatMap { $0 > solution.height ? nil : $0 })
    }
  }

  /// Above this many indivisible pieces in the height, one of them is too near to a solver's
  /// tolerance for its word to be a proof.
  static let proofResolution = 100_000

  init(
    solver: any IntegerProgramSolver, nodes: Int, iterations: Int,
    stop: StopCondition
  ) {
    self.solver = solver
    nodesLeft = nodes
    iterationsLeft = iterations
    self.stop = stop
  }

  /// Whether a limit has been reached.
  var isExhausted: Bool {
    if stop.isMet { return true }
    return nodesLeft <= 0 || iterationsLeft <= 0
  }

  /// The lowest layout found, at best at a height that is good enough.
  ///
  /// - Parameters:
  ///   - problem: with at least one member.
  ///   - known: a valid layout of it.
  ///   - capacity: a height that is good enough, in bytes; nil where only the least one is.
  mutating func best(
    of problem: LayoutProblem, from known: LayoutSolution, capacity: Int?
  ) -> Result {
    var result = Result(solution: known, provenBound: nil)
    let piece = Self.indivisiblePiece(of: problem)
    let bound = (problem.lowerBound + piece - 1) / piece * piece
    let target = max(bound, min(capacity ?? 0, known.height) / piece * piece)
    // Nothing that can be lowered is worth a program.
    improve(&result.solution, problem, Self.order(of: known, problem))
    guard result.solution.height > target else { return result }

    let isExact = target / piece < Self.proofResolution
    if let (model, answer) = solve(LayoutProgram(for: problem, capacity: target)) {
      if let point = answer.point {
        improve(&result.solution, problem, model.order(at: point))
      } else if answer.status == .infeasible, isExact {
        result.provenBound = target + piece
      }
    }
    let least = max(target, result.provenBound ?? 0)
    let isDecided = result.provenBound != nil && capacity ?? 0 >= bound
    guard result.solution.height > least, !isDecided else { return result.plausible }

    if let (model, answer) = solve(
      LayoutProgram(for: problem, notAbove: result.solution))
    {
      guard let point = answer.point else {
        // The known layout is a point: who does not see that proves nothing.
        if answer.status != .stopped { result.provenBound = nil }
        return result
      }
      improve(&result.solution, problem, model.order(at: point))
      if answer.status == .optimal, model.unit / piece < Self.proofResolution {
        // Heights are multiples of the piece: the next one is meant, unless the solver is within its
        // tolerance of the one below.
        let pieces = point.objective * Double(model.unit) / Double(piece)
        let proven = Int((pieces - 0.25).rounded(.up)) * piece
        result.provenBound = max(result.provenBound ?? 0, proven)
      }
    }
    return result.plausible
  }

  /// The members of a layout from bottom to top.
  private static func order(of solution: LayoutSolution, _ problem: LayoutProblem) -> [Int32] {
    problem.members.sorted {
      (solution.offsets[Int($0)], $0) < (solution.offsets[Int($1)], $1)
    }
  }

  private mutating func solve(_ model: LayoutProgram) -> (LayoutProgram, Solution)? {
    guard !isExhausted, failure == nil else { return nil }
    do throws(SolverError) {
      let solution = try solver.solve(
        model.program,
        options: SolveOptions(
          timeLimit: stop.remaining,
          nodeLimit: nodesLeft, iterationLimit: iterationsLeft,
          branchingOrder: model.branchingOrder, start: model.start))
      nodesLeft -= max(1, solution.nodeCount)
      iterationsLeft -= max(1, solution.iterationCount)
      return (model, solution)
    } catch {
      failure = error
      return nil
    }
  }

  /// Replaces a layout by the lowest that an order from bottom to top gives, if that is lower.
  private func improve(
    _ best: inout LayoutSolution, _ problem: LayoutProblem, _ order: [Int32]
  ) {
    for found in [
      GapFitPlanner.solution(of: problem, placing: order, fit: .first),
      OrderedOffsets.solution(of: problem, fromBottomToTop: order, below: best.height),
    ] {
      if let found, found.height < best.height { best = found }
    }
  }

  /// A number of bytes that divides the height of every layout in which no buffer can be lowered,
  /// and so that of some optimal one: all sizes, fixed offsets and tied distances are multiples of
  /// it, and rounding up to an alignment keeps multiples.
  static func indivisiblePiece(of problem: LayoutProblem) -> Int {
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
    return max(1, Int.greatestCommonDivisor(piece, problem.granule))
  }
}
