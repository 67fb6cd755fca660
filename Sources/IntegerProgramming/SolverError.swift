// SPDX-License-Identifier: Apache-2.0

/// Why a program cannot be given to a solver, or why a solver gave no answer.
///
/// Infeasible, unbounded and out of time are answers (`SolveStatus`), not errors.
@nonexhaustive
public enum SolverError: Error, Hashable, Sendable {
  /// A term names a variable that the program does not have; no constraint: the objective.
  case unknownVariable(VariableID, in: ConstraintID?)
  /// A coefficient is not a number or too large; no constraint: the objective.
  case invalidCoefficient(VariableID, in: ConstraintID?)
  /// A bound is not a number, infinite on the wrong side, or too large.
  case invalidBounds(VariableID)
  /// A right-hand side is not a number, infinite, or too large.
  case invalidRightHandSide(ConstraintID)
  /// The objective's constant is not a number, infinite, or too large.
  case invalidObjectiveConstant
  /// A limit, the gap or the cutoff is negative or not a number.
  case invalidOption(SolveOptions.Field)
  /// The branching order names a variable that the program does not have, or no integer one.
  case invalidBranchingVariable(VariableID)
  /// The starting point is not feasible.
  case infeasibleStart(IntegerProgram.Violation)
  /// More variables, constraints or coefficients than the solver can index.
  case programTooLarge(variables: Int, constraints: Int, coefficients: Int)
  /// The solver lost the numerical thread and has neither a point nor a proof.
  case numericalFailure
  /// The solver gave up in a way that would have ended the process; its last words.
  case aborted(String)
  /// There was no memory or no thread to solve with.
  case noResources
  /// The solver's point does not satisfy the program.
  case wrongAnswer(IntegerProgram.Violation)
}

extension SolverError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownVariable(let variable, let row):
      "\(Self.place(row)) names variable \(variable.rawValue), which the program does not have"
    case .invalidCoefficient(let variable, let row):
      "\(Self.place(row)) has a coefficient of variable \(variable.rawValue) that is not finite or"
        + " above \(IntegerProgram.magnitudeLimit)"
    case .invalidBounds(let variable):
      "variable \(variable.rawValue) has a bound that is not a number or above"
        + " \(IntegerProgram.magnitudeLimit)"
    case .invalidRightHandSide(let row):
      "\(Self.place(row)) has a right-hand side that is not finite or above"
        + " \(IntegerProgram.magnitudeLimit)"
    case .invalidObjectiveConstant:
      "the objective has a constant that is not finite or above \(IntegerProgram.magnitudeLimit)"
    case .invalidOption(let field):
      "the solver option \(field.rawValue) is out of range"
    case .invalidBranchingVariable(let variable):
      "the branching order names variable \(variable.rawValue), which is no integer variable of the"
        + " program"
    case .infeasibleStart(let violation):
      "the starting point breaks \(violation)"
    case .programTooLarge(let variables, let constraints, let coefficients):
      "a program of \(variables) variables, \(constraints) constraints and \(coefficients)"
        + " coefficients is more than the solver can index"
    case .numericalFailure:
      "the solver failed numerically and found neither a point nor a proof"
    case .aborted(let message):
      "the solver aborted: \(message)"
    case .noResources:
      "there is no memory or no thread to run the solver with"
    case .wrongAnswer(let violation):
      "the solver's answer breaks \(violation)"
    }
  }

  private static func place(_ row: ConstraintID?) -> String {
    row.map { "constraint \($0.rawValue)" } ?? "the objective"
  }
}

extension IntegerProgram.Violation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bounds(let variable): "the bounds of variable \(variable.rawValue)"
    case .integrality(let variable): "the integrality of variable \(variable.rawValue)"
    case .constraint(let row): "constraint \(row.rawValue)"
    case .values: "the rule of one finite value a variable"
    }
  }
}
