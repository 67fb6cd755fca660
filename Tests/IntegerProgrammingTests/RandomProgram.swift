// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming
import TestSupport

/// A small program over integers of few values, which can be solved by trying all points.
struct RandomProgram {
  var program: IntegerProgram

  /// Every variable is an integer within -2...3 or a binary; rows of all three relations.
  init(seed: Int, variables: Int, rows: Int) {
    var random = SeededGenerator(seed: seed)
    program = IntegerProgram(name: "random \(seed)")
    var ids: [VariableID] = []
    for index in 0..<variables {
      if Bool.random(using: &random) {
        ids.append(program.addVariable("b[\(index)]", kind: .binary))
      } else {
        let lower = Int.random(in: -2...0, using: &random)
        ids.append(
          program.addVariable(
            "x[\(index)]", kind: .integer, from: Double(lower), to: Double(lower + 3)))
      }
    }
    func expression() -> LinearExpression {
      var result = LinearExpression()
      for id in ids where Int.random(in: 0..<3, using: &random) > 0 {
        result.add(Double(Int.random(in: -5...5, using: &random)), id)
      }
      return result
    }
    for row in 0..<rows {
      let relation: IntegerProgram.Relation =
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .equal
        case 1, 2: .atLeast
        default: .atMost
        }
      let bound = Double(Int.random(in: -4...6, using: &random))
      program.addConstraint("row[\(row)]", expression(), relation, bound)
    }
    var objective = expression()
    objective.constant = Double(Int.random(in: -3...3, using: &random))
    program.setObjective(Bool.random(using: &random) ? .minimize : .maximize, objective)
  }

  /// The best objective over all points of a bounded all-integer program, nil where none is
  /// feasible.
  static func bestObjective(of program: IntegerProgram) -> Double? {
    var best: Double?
    var values = program.variables.map(\.lower)
    func visit(_ index: Int) {
      guard index < values.count else {
        guard rowsHold(in: program, at: values) else { return }
        let objective = program.objective.value(at: values)
        let isBetter = best.map {
          program.sense == .minimize ? objective < $0 : objective > $0
        }
        if isBetter ?? true { best = objective }
        return
      }
      var value = program.variables[index].lower.rounded(.up)
      while value <= program.variables[index].upper {
        values[index] = value
        visit(index + 1)
        value += 1
      }
    }
    visit(0)
    return best
  }

  private static func rowsHold(in program: IntegerProgram, at values: [Double]) -> Bool {
    (0..<program.constraintCount).allSatisfy { index in
      let row = program.constraint(index)
      var sum = 0.0
      for term in row.terms { sum += term.coefficient * values[term.variable.index] }
      return switch row.relation {
      case .atMost: sum <= row.rightHandSide
      case .atLeast: sum >= row.rightHandSide
      case .equal: sum == row.rightHandSide
      }
    }
  }
}
