// SPDX-License-Identifier: Apache-2.0

extension IntegerProgram {
  /// The greatest magnitude that a coefficient or a finite bound may have.
  ///
  /// Solvers work in doubles with tolerances near 1e-7: beyond this, their answers mean nothing.
  public static let magnitudeLimit = 1e15

  /// Checks that every index is one of this program's and that every number can be solved with.
  ///
  /// Bounds that exclude each other are no error: such a program is infeasible.
  ///
  /// - Throws: `unknownVariable`, `invalidCoefficient`, `invalidBounds` or
  ///   `invalidRightHandSide`, for the first one found.
  /// - Complexity: O(v + t) in the v variables and t coefficients.
  public func validate() throws(SolverError) {
    for index in variables.indices {
      let lower = variables[index].lower
      let upper = variables[index].upper
      guard lower == -.infinity || abs(lower) <= Self.magnitudeLimit,
        upper == .infinity || abs(upper) <= Self.magnitudeLimit
      else {
        throw .invalidBounds(VariableID(rawValue: Int32(index)))
      }
    }
    try check(objective.terms[...], of: nil)
    guard abs(objective.constant) <= Self.magnitudeLimit else {
      throw .invalidObjectiveConstant
    }
    for index in 0..<constraintCount {
      let row = constraint(index)
      let id = ConstraintID(rawValue: Int32(index))
      try check(row.terms, of: id)
      guard abs(row.rightHandSide) <= Self.magnitudeLimit else {
        throw .invalidRightHandSide(id)
      }
    }
  }

  private func check(
    _ terms: ArraySlice<LinearExpression.Term>, of row: ConstraintID?
  ) throws(SolverError) {
    for term in terms {
      guard variables.indices.contains(term.variable.index) else {
        throw .unknownVariable(term.variable, in: row)
      }
      guard abs(term.coefficient) <= Self.magnitudeLimit else {
        throw .invalidCoefficient(term.variable, in: row)
      }
    }
  }

  /// Something that a point breaks.
  public enum Violation: Hashable, Sendable {
    /// A value is outside the variable's bounds.
    case bounds(VariableID)
    /// An integer or binary variable has a fractional value.
    case integrality(VariableID)
    /// A row does not hold.
    case constraint(ConstraintID)
    /// There is not exactly one finite value for each variable.
    case values
  }

  /// The first thing that `values` breaks, or nil for a feasible point.
  ///
  /// - Parameters:
  ///   - values: one number a variable.
  ///   - tolerance: how far off a bound, an integer or a row may be; a row's is taken relative to
  ///     the sum of its terms' magnitudes where that exceeds 1.
  /// - Precondition: the program is valid.
  /// - Complexity: O(v + t) in the v variables and t coefficients.
  public func firstViolation(by values: [Double], tolerance: Double) -> Violation? {
    guard values.count == variables.count, values.allSatisfy(\.isFinite) else { return .values }
    for (index, variable) in variables.enumerated() {
      let value = values[index]
      let slack = tolerance * max(1, abs(value))
      let id = VariableID(rawValue: Int32(index))
      if value < variable.lower - slack || value > variable.upper + slack { return .bounds(id) }
      if variable.kind != .continuous, abs(value - value.rounded()) > tolerance {
        return .integrality(id)
      }
    }
    for index in 0..<constraintCount {
      let row = constraint(index)
      var sum = 0.0
      var magnitude = abs(row.rightHandSide)
      for term in row.terms {
        let product = term.coefficient * values[term.variable.index]
        sum += product
        magnitude += abs(product)
      }
      let slack = tolerance * max(1, magnitude)
      let holds =
        switch row.relation {
        case .atMost: sum <= row.rightHandSide + slack
        case .atLeast: sum >= row.rightHandSide - slack
        case .equal: abs(sum - row.rightHandSide) <= slack
        }
      if !holds { return .constraint(ConstraintID(rawValue: Int32(index))) }
    }
    return nil
  }
}
