// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming
import TestSupport

enum SamplePrograms {
  static func knapsack(weights: [Int], values: [Int], room: Int) -> IntegerProgram {
    var program = IntegerProgram(name: "knapsack")
    var weight = LinearExpression()
    var value = LinearExpression()
    for (index, (w, v)) in zip(weights, values).enumerated() {
      let item = program.addVariable("take[\(index)]", kind: .binary)
      weight.add(Double(w), item)
      value.add(Double(v), item)
    }
    program.addConstraint("room", weight, .atMost, Double(room))
    program.setObjective(.maximize, value)
    return program
  }

  /// Split markets evenly: the classic small program that branch and bound cannot prove.
  static func marketSplit(seed: Int, variables: Int, rows: Int) -> IntegerProgram {
    var random = SeededGenerator(seed: seed)
    var program = IntegerProgram(name: "market split")
    let ids = (0..<variables).map { program.addVariable("x[\($0)]", kind: .binary) }
    var total = LinearExpression()
    for row in 0..<rows {
      let short = program.addVariable("short[\(row)]")
      let over = program.addVariable("over[\(row)]")
      var sum = 1 * short - 1 * over
      var all = 0
      for id in ids {
        let coefficient = Int.random(in: 0..<100, using: &random)
        all += coefficient
        sum.add(Double(coefficient), id)
      }
      program.addConstraint("row[\(row)]", sum, .equal, Double(all / 2))
      total += 1 * short + 1 * over
    }
    program.setObjective(.minimize, total)
    return program
  }
}
