// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Numbers that data decides between bounds, and the shapes that follow from them.
@Suite struct `Value ranges` {
  /// A model that counts the nonzero elements of twelve: `n` is 0...12, in one dimension.
  private func counting(
    _ more: (inout ProtobufWriter) -> Void
  ) throws -> Graph {
    try imported(opsets: [("", 18)]) {
      $0.value(11, "x", shape: [3, 4])
      $0.value(11, "wide", shape: [100, 5])
      $0.node("NonZero", ["x"], ["places"])
      $0.node("Shape", ["places"], ["n"]) { $0.int("start", 1) }
      for (name, number) in [("zero", 0), ("one", 1), ("two", 2), ("three", 3), ("twenty", 20)] {
        $0.integers(name, [Int64(number)])
      }
      $0.integers("scalarZero", [0], dims: [])
      $0.integers("scalarOne", [1], dims: [])
      more(&$0)
      $0.value(12, "places", type: 7, shape: nil)
    }.graph
  }

  private func shape(
    _ more: (inout ProtobufWriter) -> Void
  ) throws -> (shape: [Int]?, isBound: Bool) {
    let graph = try counting {
      more(&$0)
      $0.value(12, "y", shape: nil)
    }
    return (graph.shape("y"), graph.tensor("y").map { graph[$0].isUpperBound } ?? false)
  }

  @Test func `the shape of what data sizes has a shape that data does not`() throws {
    #expect(try shape { $0.node("Identity", ["n"], ["y"]) } == ([1], false))
    #expect(try shape { $0.node("Shape", ["n"], ["y"]) } == ([1], false))
  }

  @Test func `a difference is bounded by the least of what is taken away`() throws {
    // 20 - n is 8...20.
    #expect(
      try shape {
        $0.node("Sub", ["twenty", "n"], ["rest"])
        $0.node("ConstantOfShape", ["rest"], ["y"])
      } == ([20], true))
    // n + 3 - n keeps 3...15 apart from n itself.
    #expect(
      try shape {
        $0.node("Add", ["n", "three"], ["more"])
        $0.node("Sub", ["more", "three"], ["less"])
        $0.node("ConstantOfShape", ["less"], ["y"])
      } == ([12], true))
  }

  @Test func `products, quotients and remainders are bounded`() throws {
    func size(_ type: String, _ a: String, _ b: String) throws -> (shape: [Int]?, isBound: Bool) {
      try shape {
        $0.node(type, [a, b], ["size"])
        $0.node("ConstantOfShape", ["size"], ["y"])
      }
    }
    #expect(try size("Mul", "n", "three") == ([36], true))
    #expect(try size("Div", "n", "three") == ([4], true))
    #expect(try size("Mod", "n", "three") == ([2], true))
    #expect(try size("Min", "n", "three") == ([3], true))
    #expect(try size("Max", "n", "three") == ([12], true))
    #expect(try size("Min", "three", "n") == ([3], true))
  }

  @Test func `a choice by data lies between both`() throws {
    #expect(
      try shape {
        $0.value(11, "flag", type: 9, shape: [1])
        $0.node("Where", ["flag", "two", "twenty"], ["size"])
        $0.node("ConstantOfShape", ["size"], ["y"])
      } == ([20], true))
    #expect(
      try shape {
        $0.value(11, "any", type: 7, shape: [1])
        $0.node("Clip", ["any", "scalarZero", "top"], ["size"])
        $0.integers("top", [9], dims: [])
        $0.node("ConstantOfShape", ["size"], ["y"])
      } == ([9], true))
    #expect(
      try shape {
        $0.value(11, "any", type: 7, shape: [1])
        $0.node("Min", ["any", "three"], ["most"])
        $0.node("TopK", ["wide", "most"], ["top", "i"]) { $0.int("axis", 0) }
        $0.node("Identity", ["top"], ["y"])
      } == ([3, 5], true))
  }

  @Test func `slices and ranges take the widest way`() throws {
    // From n (0...12) to the end: up to 100.
    #expect(
      try shape {
        $0.node("Slice", ["wide", "n", "end"], ["y"])
        $0.integers("end", [.max])
      }
        == ([100, 5], true))
    // Up to n.
    #expect(
      try shape { $0.node("Slice", ["wide", "zero", "n"], ["y"]) } == ([12, 5], true))
    // The end may count from the back: nothing is known.
    #expect(
      try shape {
        $0.node("Sub", ["n", "three"], ["end"])
        $0.node("Slice", ["wide", "zero", "end"], ["y"])
      } == ([100, 5], true))
    // From 20 - n (8...20) to 20: up to 12.
    #expect(
      try shape {
        $0.node("Sub", ["twenty", "n"], ["start"])
        $0.node("Slice", ["wide", "start", "twenty"], ["y"])
      } == ([12, 5], true))
    #expect(
      try shape {
        $0.node("Squeeze", ["n"], ["limit"])
        $0.node("Range", ["scalarZero", "limit", "scalarOne"], ["y"])
      } == ([12], true))
    #expect(
      try shape {
        $0.node("Squeeze", ["n"], ["start"])
        $0.node("Squeeze", ["twenty"], ["limit"])
        $0.node("Range", ["start", "limit", "scalarOne"], ["y"])
      } == ([20], true))
  }

  @Test func `the rest of an exact whole is bounded by the least of its parts`() throws {
    // 500 elements in parts of 3 + n, which is 3...15.
    #expect(
      try shape {
        $0.node("Add", ["n", "three"], ["part"])
        $0.integers("rest", [-1])
        $0.node("Concat", ["part", "rest"], ["target"]) { $0.int("axis", 0) }
        $0.node("Reshape", ["wide", "target"], ["y"])
      } == ([15, 166], true))
  }

  @Test func `counts of truth values, and places, are bounded by what there is`() throws {
    #expect(
      try shape {
        $0.node("Cast", ["x"], ["truth"]) { $0.int("to", 9) }
        $0.node("Cast", ["truth"], ["ones"]) { $0.int("to", 7) }
        $0.node("ReduceSum", ["ones", "one"], ["counts"]) { $0.int("keepdims", 0) }
        $0.node("ReduceMax", ["counts", "zero"], ["most"])
        $0.node("ConstantOfShape", ["most"], ["y"])
      } == ([4], true))
    #expect(
      try shape {
        $0.node("ArgMax", ["x"], ["best"]) {
          $0.int("axis", 1)
          $0.int("keepdims", 0)
        }
        $0.node("ReduceMax", ["best", "zero"], ["most"])
        $0.node("Add", ["most", "one"], ["size"])
        $0.node("ConstantOfShape", ["size"], ["y"])
      } == ([4], true))
  }

  @Test func `padding up to a length is bounded`() throws {
    #expect(
      try shape {
        $0.node("Sub", ["twenty", "n"], ["more"])
        $0.integers("none", [0, 0, 0])
        $0.node("Concat", ["none", "more"], ["pads"]) { $0.int("axis", 0) }
        $0.node("Pad", ["places", "pads"], ["y"])
      } == ([2, 32], true))
  }

  /// Bounds of random arithmetic hold for every number in between.
  @Test(arguments: Seeds.first(40)) func `bounds hold for every number`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      let type = try #require(
        ["Add", "Sub", "Mul", "Div", "Mod", "Min", "Neg", "Where"].randomElement(
          using: &random))
      var ranges: [ClosedRange<Int64>] = []
      for _ in 0..<2 {
        let low = Int64.random(in: -6...6, using: &random)
        ranges.append(low...Int64.random(in: low...9, using: &random))
      }
      func fact(_ low: Int64, _ high: Int64) -> ValueFact {
        var fact = ValueFact(.int64, [1], value: .integers([high]))
        guard low < high else { return fact }
        fact.isUpperBound = true
        fact.leastShape = [1]
        fact.leastValue = .integers([low])
        return fact
      }
      let operands = ranges.map { fact($0.lowerBound, $0.upperBound) }
      let inputs =
        type == "Where"
        ? [ValueFact(.bool, [1])] + operands : Array(operands.prefix(type == "Neg" ? 1 : 2))
      let found = try #require(try inferred(type, inputs)[0])
      let (low, high) = (found.range.low?.reals.first, found.range.high?.reals.first)
      for a in ranges[0] {
        for b in ranges[1] {
          for choice in [0, 1] as [Int64] {
            var exact = Array([fact(a, a), fact(b, b)].prefix(type == "Neg" ? 1 : 2))
            if type == "Where" {
              exact.insert(ValueFact(.bool, [1], value: .integers([choice])), at: 0)
            }
            guard let value = try inferred(type, exact)[0]?.value?.reals.first else { continue }
            if let low { #expect(low <= value, "\(type) of \(a) and \(b), \(ranges)") }
            if let high { #expect(value <= high, "\(type) of \(a) and \(b), \(ranges)") }
          }
        }
      }
    }
  }
}
