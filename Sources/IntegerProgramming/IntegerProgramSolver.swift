// SPDX-License-Identifier: Apache-2.0

/// Something that solves integer programs.
public protocol IntegerProgramSolver: Sendable {
  /// The best point found for `program`, and what is known about the optimum.
  ///
  /// - Throws: `SolverError` where the program or the options are broken, or the solver failed.
  func solve(
    _ program: IntegerProgram, options: SolveOptions
  ) throws(SolverError) -> Solution
}

/// When a solver stops, and what it is told beforehand.
///
/// Without a time limit the answer depends on the input alone.
public struct SolveOptions: Hashable, Sendable {
  /// The name of an option, for errors.
  public enum Field: String, Hashable, Sendable {
    /// The options that have a range.
    case timeLimit, nodeLimit, iterationLimit, memoryLimit, relativeGap, cutoff, branchingOrder
  }

  /// How long to search on the wall clock; nil for no limit.
  public var timeLimit: Duration?

  /// How many nodes of the search tree to open; nil for no limit.
  public var nodeLimit: Int?

  /// How many simplex iterations to spend, all nodes together; nil for no limit.
  public var iterationLimit: Int?

  /// How much memory the solver may hold, in megabytes of 2^20 bytes; nil for no limit.
  public var memoryLimit: Int?

  /// Stop when |objective - bestBound| is at most this times |objective|; 0 proves the optimum.
  public var relativeGap: Double

  /// Only points whose objective is at least this good are wanted: with a cutoff, `infeasible`
  /// means that there is none.
  public var cutoff: Double?

  /// Variables to branch on before all others, the first fractional one first.
  public var branchingOrder: [VariableID]

  /// A feasible point to start from, one value a variable.
  public var start: [Double]?

  /// Options that prove the optimum without limits of time, unless they say otherwise.
  public init(
    timeLimit: Duration? = nil, nodeLimit: Int? = nil, iterationLimit: Int? = nil,
    memoryLimit: Int? = 2048, relativeGap: Double = 0, cutoff: Double? = nil,
    branchingOrder: [VariableID] = [], start: [Double]? = nil
  ) {
    self.timeLimit = timeLimit
    self.nodeLimit = nodeLimit
    self.iterationLimit = iterationLimit
    self.memoryLimit = memoryLimit
    self.relativeGap = relativeGap
    self.cutoff = cutoff
    self.branchingOrder = branchingOrder
    self.start = start
  }
}

/// What a solve established.
public enum SolveStatus: Hashable, Sendable {
  /// The point is optimal, within the solver's tolerances.
  case optimal
  /// The point satisfies the program; a limit or the wanted gap ended the search. The gap is
  /// relative to the objective, infinite where no bound is known.
  case feasible(gap: Double)
  /// No point satisfies the program, or none within the cutoff.
  case infeasible
  /// The program without its integrality rules has no finite optimum.
  case unbounded
  /// A limit ended the search before any point was found.
  case stopped
}

/// The answer of a solver.
public struct Solution: Hashable, Sendable {
  /// A point and its objective.
  public struct Point: Hashable, Sendable {
    /// One value a variable; exact integers where integers are wanted.
    public let values: [Double]
    /// The objective at `values`.
    public let objective: Double

    /// A point as a solver found it.
    public init(values: [Double], objective: Double) {
      self.values = values
      self.objective = objective
    }

    /// The value of one variable.
    ///
    /// - Precondition: the variable is one of the program's.
    public subscript(variable: VariableID) -> Double { values[variable.index] }
  }

  /// What is known.
  public let status: SolveStatus

  /// The best point; there is one exactly where `status` is `optimal` or `feasible`.
  public let point: Point?

  /// No point is better than this, in floating point and within the solver's tolerances; nil
  /// where nothing is known.
  public let bestBound: Double?

  /// How many nodes of the search tree were opened.
  public let nodeCount: Int

  /// How many simplex iterations were spent.
  public let iterationCount: Int

  /// An answer as a solver gives it.
  public init(
    status: SolveStatus, point: Point?, bestBound: Double?, nodeCount: Int = 0,
    iterationCount: Int = 0
  ) {
    self.status = status
    self.point = point
    self.bestBound = bestBound
    self.nodeCount = nodeCount
    self.iterationCount = iterationCount
  }
}
