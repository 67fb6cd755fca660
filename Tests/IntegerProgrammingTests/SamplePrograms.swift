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

  /// Buffers to lay out in bytes, with the sum of all sizes as big M: what not to give to a solver.
  /// Also a point of it: all stacked.
  static func badlyScaledLayout(
    seed: Int, buffers count: Int
  ) -> (program: IntegerProgram, start: [Double]) {
    var random = SeededGenerator(seed: seed)
    var program = IntegerProgram(name: "badly scaled")
    let lives = (0..<count).map { _ in
      let lower = Int.random(in: 0..<20, using: &random)
      return lower..<lower + Int.random(in: 1...8, using: &random)
    }
    let sizes = (0..<count).map { _ in
      Double(
        (4096 << Int.random(in: 0..<20, using: &random)) * Int.random(in: 1...7, using: &random))
    }
    let total = sizes.reduce(0, +)
    let height = program.addVariable("height", to: total)
    let offsets = (0..<count).map { program.addVariable("offset[\($0)]", to: total) }
    var start = [total]
    var sum = 0.0
    for size in sizes {
      start.append(sum)
      sum += size
    }
    for index in 0..<count {
      program.addConstraint("top", 1 * offsets[index] - 1 * height, .atMost, -sizes[index])
    }
    for upper in 0..<count {
      for lower in 0..<upper where lives[lower].overlaps(lives[upper]) {
        let below = program.addVariable("below[\(lower),\(upper)]", kind: .binary)
        start.append(1)
        let distance = 1 * offsets[lower] - 1 * offsets[upper]
        program.addConstraint("above", distance + total * below, .atMost, total - sizes[lower])
        program.addConstraint(
          "above", LinearExpression() - distance - total * below, .atMost, -sizes[upper])
      }
    }
    program.setObjective(.minimize, 1 * height)
    return (program, start)
  }
}
