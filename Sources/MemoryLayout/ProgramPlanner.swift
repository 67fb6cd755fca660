// SPDX-License-Identifier: Apache-2.0
public import IntegerProgramming

/// Solves small problems exactly, as a `LayoutProgram`, through any solver.
///
/// Time is cut where nothing lives across, and the parts whose known layout is too high are solved
/// one by one: a large problem may consist of small ones. It starts from a layout, which wins ties.
/// What the solver answers is taken with the care that `ProgramSearch` describes.
public struct ProgramPlanner: LayoutPlanner {
  /// What solves the program.
  public var solver: any IntegerProgramSolver

  /// The most members of a part that it takes on.
  public var memberLimit: Int

  /// The most pairs of members of a part that live together.
  public var pairLimit: Int

  /// The most nodes of the solver's tree, all programs of an attempt together.
  public var nodeLimit: Int

  /// The most simplex iterations, all programs of an attempt together.
  public var iterationLimit: Int

  /// A planner; the standard limits keep GLPK within some tenths of a second.
  public init(
    solver: any IntegerProgramSolver = GLPKSolver(), memberLimit: Int = 40, pairLimit: Int = 300,
    nodeLimit: Int = 5_000, iterationLimit: Int = 5_000
  ) {
    self.solver = solver
    self.memberLimit = memberLimit
    self.pairLimit = pairLimit
    self.nodeLimit = nodeLimit
    self.iterationLimit = iterationLimit
  }

  /// A planner for one who asks for integer programs alone: takes on whatever GLPK has a chance with.
  ///
  /// - Parameter work: elementary steps, some thousands of which are one simplex iteration.
  public static func patient(work: Int) -> ProgramPlanner {
    ProgramPlanner(
      memberLimit: 200, pairLimit: 3000, nodeLimit: 10_000_000,
      iterationLimit: max(1000, work / workPerIteration))
  }

  public var name: String { "ilp" }

  /// The most parts that are made problems of their own, which costs a look at all buffers each.
  private static let partLimit = 1000

  /// What a simplex iteration counts as, in elementary steps.
  static let workPerIteration = 20_000

  /// - Complexity: exponential in the members of a part, bounded by the limits.
  public func attempt(
    _ problem: LayoutProblem, within limits: LayoutLimits
  ) -> LayoutAttempt {
    guard let known = limits.incumbent ?? Self.greedyLayout(of: problem) else {
      return .skipped(.workLimit)
    }
    guard !problem.members.isEmpty else { return .layout(known, provenBound: 0) }
    var search = ProgramSearch(
      solver: solver, nodes: nodeLimit,
      iterations: min(iterationLimit, max(1, limits.work / Self.workPerIteration)),
      stop: limits.stop)
    let target = max(problem.lowerBound, limits.capacity ?? 0)
    var offsets = known.offsets
    var provenBound = problem.lowerBound
    var wasTooLarge = false
    var partsLeft = Self.partLimit
    for part in LayoutParts(of: problem).parts {
      let height = part.reduce(0) { max($0, offsets[Int($1)] + problem.buffers[Int($1)].size) }
      guard height > target else { continue }
      if search.isExhausted || search.failure != nil { break }
      partsLeft -= 1
      guard part.count <= memberLimit, partsLeft >= 0 else {
        wasTooLarge = true
        continue
      }
      let subproblem: Subproblem
      do throws(LayoutError) {
        subproblem = try Subproblem(of: problem, part)
      } catch { preconditionFailure("a part of a valid problem is valid: \(error)") }
      guard subproblem.problem.sections.overlappingPairCount <= pairLimit else {
        wasTooLarge = true
        continue
      }
      let result = search.best(
        of: subproblem.problem, from: subproblem.solution(in: offsets), capacity: limits.capacity)
      subproblem.put(result.solution, into: &offsets)
      provenBound = max(provenBound, result.provenBound ?? 0)
    }
    let best = LayoutSolution(offsets: offsets, for: problem)
    if best.height <= known.height, best.height < known.height || provenBound > problem.lowerBound {
      return .layout(best, provenBound: provenBound)
    }
    if let failure = search.failure { return .skipped(.solver(failure)) }
    if wasTooLarge { return .skipped(.tooLarge) }
    if limits.incumbent == nil || known.height <= target {
      return .layout(known, provenBound: provenBound)
    }
    return .skipped(search.isExhausted ? .workLimit : .noSolution)
  }

  /// The lowest of a few constructive layouts.
  static func greedyLayout(of problem: LayoutProblem) -> LayoutSolution? {
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
