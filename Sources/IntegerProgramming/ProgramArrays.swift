// SPDX-License-Identifier: Apache-2.0

/// A program as the flat arrays that a C solver reads: columns, rows and coefficient triplets.
struct ProgramArrays {
  var maximize: Bool
  var objectiveConstant: Double
  var objective: [Double]
  var columnLower: [Double]
  var columnUpper: [Double]
  var columnIsInteger: [UInt8]
  var rowLower: [Double] = []
  var rowUpper: [Double] = []
  var entryRow: [Int32] = []
  var entryColumn: [Int32] = []
  var entryValue: [Double] = []

  /// The arrays of a valid program, with one more row for the cutoff if there is one; nil where
  /// they would be longer than 32-bit indices reach.
  ///
  /// Bounds of integer variables are rounded inwards, since solvers want them whole.
  init?(_ program: IntegerProgram, cutoff: Double?) {
    // One row, and one coefficient a variable, are kept free for the cutoff.
    let limit = Int(Int32.max) - 1
    guard program.variables.count < limit, program.constraintCount < limit,
      program.coefficientCount < limit - program.variables.count
    else { return nil }

    maximize = program.sense == .maximize
    objectiveConstant = program.objective.constant
    objective = [Double](repeating: 0, count: program.variables.count)
    for term in program.objective.terms { objective[term.variable.index] = term.coefficient }

    columnLower = []
    columnUpper = []
    columnIsInteger = []
    for variable in program.variables {
      let isInteger = variable.kind != .continuous
      columnLower.append(isInteger ? variable.lower.rounded(.up) : variable.lower)
      columnUpper.append(isInteger ? variable.upper.rounded(.down) : variable.upper)
      columnIsInteger.append(isInteger ? 1 : 0)
    }

    for index in 0..<program.constraintCount {
      let row = program.constraint(index)
      append(row.terms, row.relation, row.rightHandSide)
    }
    if let cutoff {
      let relation: IntegerProgram.Relation = maximize ? .atLeast : .atMost
      append(program.objective.terms[...], relation, cutoff - program.objective.constant)
    }
  }

  private mutating func append(
    _ terms: ArraySlice<LinearExpression.Term>, _ relation: IntegerProgram.Relation,
    _ rightHandSide: Double
  ) {
    let row = Int32(rowLower.count)
    rowLower.append(relation == .atMost ? -.infinity : rightHandSide)
    rowUpper.append(relation == .atLeast ? .infinity : rightHandSide)
    for term in terms {
      entryRow.append(row)
      entryColumn.append(term.variable.rawValue)
      entryValue.append(term.coefficient)
    }
  }
}
