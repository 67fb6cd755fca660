// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Formulas in the place of dimensions' names.
@Suite struct `Dimension formulas` {
  private static let sizes = ["seq": 7, "batch": 2, "h": 30, "s0": 9, "p2o.Dim.0": 5]

  @Test(arguments: [
    ("seq*2", 14), ("batch + 1", 3), ("floor(h/2)", 15), ("floor(seq/2 + 1/2)", 4),
    ("((s0 - 1)//2) + 1", 5), ("2*batch*seq", 28), ("Max(batch, seq)", 7), ("min(3, seq)", 3),
    ("-1*(-seq)", 7), ("seq**2", 49), ("seq^2 - 1", 48), ("Mod(s0, 4)", 1), ("s0 % 4", 1),
    ("ceiling(seq/2)", 4), ("CeilDiv(s0, 2)", 5), ("(seq+1)/2", 4), ("p2o.Dim.0 * 3", 15),
    ("floor(-seq/2)", -4), ("1 + floor((h - 1)/4)", 8), ("FloorDiv(s0, 2)", 4),
  ])
  func `formulas are evaluated exactly`(_ text: String, _ value: Int) throws {
    let formula = try #require(DimensionExpression(text))
    #expect(formula.value { Self.sizes[$0] } == value)
  }

  @Test(arguments: [
    "", "seq", "12", "batch size", "seq +", "(seq", "seq)", "f(", "2seq", "a,b", "+", "seq//",
    String(repeating: "(", count: 3000), String(repeating: "a+", count: 500) + "a",
    String(repeating: "-", count: 1000) + "a",
  ])
  func `other texts are no formulas`(_ text: String) {
    #expect(DimensionExpression(text) == nil)
  }

  @Test(arguments: ["seq/2", "other + 1", "seq/0", "h % 0", "unheard(seq)", "seq**99", "2**8**8"])
  func `what comes to no number of elements has no value`(_ text: String) throws {
    let formula = try #require(DimensionExpression(text))
    #expect(formula.value { Self.sizes[$0] } == nil)
  }

  @Test func `sums and products that do not fit have no value`() throws {
    for text in ["a*a*a*a", "a+a+a+a", "0 - a - a - a - a", "a**8", "a/3 + a/5 + a/7"] {
      let formula = try #require(DimensionExpression(text))
      for number in [Int.max, Int.max - 1, Int.max / 2] { _ = formula.value { _ in number } }
    }
    #expect(DimensionExpression("a*a*a*a")?.value { _ in .max } == nil)
  }

  @Test(arguments: [
    ("seq*2", 14, 7), ("past + 1", 10, 9), ("floor(h/2)", 15, 30), ("2*past + 3", 9, 3),
    ("floor(h/2 + 1/2)", 8, 15), ("100 - past", 40, 60), ("past + past*3", 20, 5),
  ])
  func `the one open name is found`(_ text: String, _ total: Int, _ number: Int) throws {
    let formula = try #require(DimensionExpression(text))
    #expect(formula.solved(for: total) { _ in nil }?.number == number)
  }

  @Test func `what no number solves stays open`() throws {
    #expect(DimensionExpression("seq*2")?.solved(for: 15) { _ in nil } == nil)
    #expect(DimensionExpression("a + b")?.solved(for: 15) { _ in nil } == nil)
    #expect(DimensionExpression("seq*2")?.solved(for: .max) { _ in nil } == nil)
  }

  // MARK: In models

  private func model(_ writer: inout ProtobufWriter) {
    writer.value(11, "keys", shape: ["batch", "past"])
    writer.value(11, "mask", shape: ["batch", "past + 1"])
    writer.node("Neg", ["mask"], ["y"])
    writer.node("Opaque", ["keys"], ["z"], domain: "com.example")
    writer.value(12, "y", shape: nil)
    writer.value(12, "z", shape: ["batch", "2*past"])
  }

  private func shapes(_ bindings: [(String, Int)]) throws -> [[Int]?] {
    let graph = try imported(
      bindings: bindings.map { DimensionBinding($0.0, $0.1) }, graph: model
    ).graph
    return ["keys", "mask", "z"].map { graph.shape($0) }
  }

  @Test func `formulas follow from names, and names from formulas`() throws {
    let expected = [[2, 9], [2, 10], [2, 18]]
    #expect(try shapes([("batch", 2), ("past", 9)]) == expected)
    #expect(try shapes([("batch", 2), ("mask:1", 10)]) == expected)
    #expect(try shapes([("batch", 2), ("past + 1", 10)]) == expected)
    #expect(try shapes([("batch", 2), ("past + 1", 10), ("past", 9)]) == expected)
  }

  @Test func `what contradicts a formula is refused`() {
    func refusal(_ bindings: DimensionBinding...) -> String? {
      fault(bindings: bindings, graph: model)?.description
    }
    let batch = DimensionBinding("batch", 2)
    #expect(
      refusal(batch, DimensionBinding("past", 9), DimensionBinding("mask:1", 12))
        == "'past + 1' ('mask:1') cannot be 12 where 'past=9'")
    #expect(
      refusal(batch)
        == "a dimension is not bound: 'past' ('keys:1', 'mask:1'); say --dim past=…")
  }

  @Test func `a name that only looks like a formula is a name`() throws {
    let graph = try imported(bindings: [DimensionBinding("batch-size", 3)]) {
      $0.value(11, "x", shape: ["batch-size", 2])
      $0.node("Neg", ["x"], ["y"])
      $0.value(12, "y", shape: nil)
    }.graph
    #expect(graph.shape("y") == [3, 2])
  }

  @Test func `a formula whose result is no extent is refused`() {
    let error = fault(bindings: [DimensionBinding("n", 2)]) {
      $0.value(11, "a", shape: ["n"])
      $0.value(11, "x", shape: ["n - 5"])
      $0.node("Neg", ["x"], ["y"])
      $0.value(12, "y", shape: nil)
    }
    #expect(error?.description == "'n - 5' ('x:0') is no number of elements where 'n=2'")
  }
}
