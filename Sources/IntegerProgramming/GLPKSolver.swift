// SPDX-License-Identifier: Apache-2.0
internal import CGLPK

/// Solves integer programs with GLPK 5.0: simplex, then branch and bound without its presolver.
///
/// Everything that GLPK would answer by ending the process is checked here first; what remains
/// (an assertion inside GLPK, its memory limit) comes back as `SolverError.aborted`. Solves may
/// run on several threads at once.
public struct GLPKSolver: IntegerProgramSolver {
  /// How far an answer may be off its constraints before it is refused.
  static let tolerance = 1e-5

  /// A solver without state: each solve stands alone.
  public init() {}

  /// The best point that GLPK finds, and what it knows about the optimum.
  ///
  /// - Throws: what `IntegerProgram.validate()` throws, `invalidOption`, `invalidBranchingVariable` and
  ///   `infeasibleStart` for options that do not fit the program, `programTooLarge`, and what GLPK
  ///   fails with: `numericalFailure` (also where it denies the starting point), `aborted`,
  ///   `noResources`, `wrongAnswer`.
  public func solve(
    _ program: IntegerProgram, options: SolveOptions = SolveOptions()
  ) throws(SolverError) -> Solution {
    try program.validate()
    try validate(options, for: program)
    guard let arrays = ProgramArrays(program, cutoff: options.cutoff) else {
      throw .programTooLarge(
        variables: program.variables.count, constraints: program.constraintCount,
        coefficients: program.coefficientCount)
    }
    // A variable whose range holds no value: GLPK refuses such bounds.
    if zip(arrays.columnLower, arrays.columnUpper).contains(where: { $0 > $1 }) {
      return Solution(status: .infeasible, point: nil, bestBound: nil)
    }
    var options = options
    // GLPK ignores a start whose integers are not exact.
    options.start = options.start.map { Self.roundedIntegers(of: $0, in: program) }
    let outcome = Self.run(arrays, options: options)
    let solution = try solution(from: outcome, of: program)
    if solution.status == .infeasible, let start = options.start,
      Self.isWithin(options.cutoff, program, start)
    {
      // GLPK denies a point that was just checked: coefficients of too many magnitudes do that.
      throw .numericalFailure
    }
    return solution
  }

  private func validate(
    _ options: SolveOptions, for program: IntegerProgram
  ) throws(SolverError) {
    if let limit = options.timeLimit, limit < .zero { throw .invalidOption(.timeLimit) }
    if let limit = options.nodeLimit, limit < 0 { throw .invalidOption(.nodeLimit) }
    if let limit = options.iterationLimit, limit < 0 { throw .invalidOption(.iterationLimit) }
    if let limit = options.memoryLimit, limit < 1 { throw .invalidOption(.memoryLimit) }
    guard options.branchingOrder.count <= program.variables.count else {
      throw .invalidOption(.branchingOrder)
    }
    guard options.relativeGap >= 0, options.relativeGap.isFinite else {
      throw .invalidOption(.relativeGap)
    }
    if let cutoff = options.cutoff, !(abs(cutoff) <= IntegerProgram.magnitudeLimit) {
      throw .invalidOption(.cutoff)
    }
    for variable in options.branchingOrder {
      guard program.variables.indices.contains(variable.index),
        program.variables[variable.index].kind != .continuous
      else { throw .invalidBranchingVariable(variable) }
    }
    if let start = options.start,
      let violation = program.firstViolation(by: start, tolerance: 1e-7)
    {
      throw .infeasibleStart(violation)
    }
  }

  /// Whether a point is as good as the cutoff, with room for rounding.
  private static func isWithin(
    _ cutoff: Double?, _ program: IntegerProgram, _ point: [Double]
  ) -> Bool {
    guard let cutoff else { return true }
    let objective = program.objective.value(at: point)
    let slack = 1e-6 * max(1, abs(cutoff))
    return program.sense == .minimize
      ? objective <= cutoff - slack : objective >= cutoff + slack
  }

  private func solution(
    from outcome: Outcome, of program: IntegerProgram
  ) throws(SolverError) -> Solution {
    let bound = outcome.bestBound.isFinite ? outcome.bestBound : nil
    func answer(_ status: SolveStatus, _ point: Solution.Point? = nil) -> Solution {
      Solution(
        status: status, point: point, bestBound: bound, nodeCount: outcome.nodes,
        iterationCount: outcome.iterations)
    }
    switch outcome.status {
    case CGLPK_OPTIMAL, CGLPK_FEASIBLE:
      let point = try point(from: outcome.values, of: program)
      guard outcome.status == CGLPK_FEASIBLE else { return answer(.optimal, point) }
      let distance = bound.map { abs(point.objective - $0) } ?? .infinity
      return answer(.feasible(gap: distance / max(abs(point.objective), 1e-12)), point)
    case CGLPK_INFEASIBLE: return answer(.infeasible)
    case CGLPK_UNBOUNDED: return answer(.unbounded)
    case CGLPK_STOPPED: return answer(.stopped)
    case CGLPK_ABORTED: throw .aborted(outcome.message)
    case CGLPK_NO_RESOURCES: throw .noResources
    default: throw .numericalFailure
    }
  }

  /// The solver's point with exact integers, checked against the program.
  func point(
    from values: [Double], of program: IntegerProgram
  ) throws(SolverError) -> Solution.Point {
    let exact = Self.roundedIntegers(of: values, in: program)
    for point in [values, exact] {
      if let violation = program.firstViolation(by: point, tolerance: Self.tolerance) {
        throw .wrongAnswer(violation)
      }
    }
    return Solution.Point(values: exact, objective: program.objective.value(at: exact))
  }
}

extension GLPKSolver {
  private static func roundedIntegers(
    of values: [Double], in program: IntegerProgram
  ) -> [Double] {
    zip(values, program.variables).map { $1.kind == .continuous ? $0 : $0.rounded() }
  }
}

// MARK: Crossing into C

extension GLPKSolver {
  /// What the shim answered, copied out.
  struct Outcome {
    fileprivate var status: cglpk_status
    fileprivate var bestBound: Double
    fileprivate var nodes: Int
    fileprivate var iterations: Int
    fileprivate var values: [Double]
    fileprivate var message: String

    /// The error of a solve that GLPK would have ended with the process.
    var abortMessage: String? { status == CGLPK_ABORTED ? message : nil }
  }

  /// Wraps `cglpk_solve`. Indices are not checked again: a bad one makes GLPK abort, which the
  /// outcome then says.
  static func run(_ arrays: ProgramArrays, options: SolveOptions) -> Outcome {
    let branching = options.branchingOrder.map(\.rawValue)
    let size = cglpk_size(
      column_count: Int32(arrays.objective.count), row_count: Int32(arrays.rowLower.count),
      entry_count: Int32(arrays.entryValue.count), branching_count: Int32(branching.count))
    var values = [Double](repeating: 0, count: arrays.objective.count)
    var result = cglpk_result()
    cglpk_solve(
      size, arrays.maximize ? 1 : 0, arrays.objectiveConstant, arrays.objective,
      arrays.columnLower, arrays.columnUpper, arrays.columnIsInteger, arrays.rowLower,
      arrays.rowUpper, arrays.entryRow, arrays.entryColumn, arrays.entryValue, branching,
      options.start, limits(of: options), &values, &result)
    return Outcome(result, values: values)
  }

  /// Wraps `cglpk_solve_lp_file`: the optimum and size of the program in a CPLEX LP file, so that
  /// our LP text can be checked by a reader that is not ours.
  static func solve(
    lpFile path: String
  ) throws(SolverError) -> (status: SolveStatus, objective: Double, columns: Int, rows: Int) {
    var size = cglpk_size()
    var result = cglpk_result()
    cglpk_solve_lp_file(path, limits(of: SolveOptions()), &size, &result)
    let outcome = Outcome(result, values: [])
    let status: SolveStatus
    switch outcome.status {
    case CGLPK_OPTIMAL: status = .optimal
    case CGLPK_INFEASIBLE: status = .infeasible
    case CGLPK_UNBOUNDED: status = .unbounded
    case CGLPK_ABORTED: throw .aborted(outcome.message)
    default: throw .numericalFailure
    }
    return (status, result.objective, Int(size.column_count), Int(size.row_count))
  }

  private static func limits(of options: SolveOptions) -> cglpk_limits {
    cglpk_limits(
      time_limit_ms: options.timeLimit.map(milliseconds) ?? .max,
      memory_limit_mb: options.memoryLimit.map { Int32(clamping: $0) } ?? .max,
      node_limit: options.nodeLimit.map { Int64($0) } ?? .max,
      iteration_limit: options.iterationLimit.map { Int64($0) } ?? .max,
      relative_gap: options.relativeGap)
  }

  private static func milliseconds(_ duration: Duration) -> Int32 {
    let (seconds, attoseconds) = duration.components
    // Past the range of milliseconds is no limit at all, but Int32.max would say so to the shim.
    if seconds >= 2_000_000 { return .max - 1 }
    return Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }
}

extension GLPKSolver.Outcome {
  fileprivate init(_ result: cglpk_result, values: [Double]) {
    status = result.status
    bestBound = result.best_bound
    nodes = Int(result.nodes)
    iterations = Int(result.iterations)
    self.values = values
    message = withUnsafeBytes(of: result.message) { bytes in
      // GLPK writes lines; an error is one line for us.
      let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      return text.split(separator: "\n").joined(separator: "; ")
    }
  }
}
