// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Extents that data, or operands without values, decide.
@Suite struct `Upper bounds` {
  private func fact(
    _ type: String, _ inputs: [ValueFact?], _ attributes: [String: ONNXAttribute.Value] = [:]
  ) -> ValueFact? {
    guard let facts = try? inferred(type, inputs, attributes) else { return nil }
    return facts[0]
  }

  @Test func `bounds that do not fit together bound the result by the larger`() {
    let (some, exact) = (bounded(floats(12, 2)), floats(7, 2))
    #expect(fact("Add", [some, exact])?.shape == [12, 2])
    #expect(fact("Add", [exact, some])?.shape == [12, 2])
    #expect(fact("Where", [bounded(ValueFact(.bool, [12])), floats(7), floats(1)])?.shape == [12])
    #expect(fact("Sum", [exact, exact, some])?.shape == [12, 2])
    #expect(fact("Add", [floats(12, 2), exact]) == nil)
    #expect(fact("MatMul", [floats(3, 7), some])?.shape == [3, 2])
    #expect(fact("Gemm", [floats(3, 7), some])?.shape == [3, 2])
    #expect(fact("Concat", [exact, some], ["axis": .int(1)])?.shape == [12, 4])
    #expect(fact("Expand", [some, known(7, 2)])?.shape == [12, 2])
    // Elements of operands that only may fit are not combined.
    var values = bounded(known(1, 2, 3))
    #expect(fact("Add", [values, known(1, 2)])?.value == nil)
    values.isUpperBound = false
    #expect(fact("Add", [values, known(1, 2, 3)])?.value == .integers([2, 4, 6]))
  }

  @Test func `axes that are known only at run time leave bounds`() {
    let (x, axes) = (floats(2, 3, 0), ValueFact(.int64, [1]))
    #expect(fact("ReduceSum", [x, axes])?.shape == [2, 3, 1])
    #expect(fact("ReduceSum", [x, axes])?.isUpperBound == true)
    #expect(fact("ReduceMax", [floats(2, 5, 3), axes], ["keepdims": .int(0)])?.shape == [5, 5])
    #expect(fact("ReduceSum", [x, ValueFact(.int64, [0])])?.shape == [1, 1, 1])
    #expect(fact("Slice", [floats(4, 5), axes, axes, axes])?.shape == [4, 5])
    let pieces = try? inferred("Split", [floats(6, 2), ValueFact(.int64, [2])], outputs: 2)
    #expect(pieces?.map { $0?.shape } == [[6, 2], [6, 2]])
  }

  @Test func `a range grows with its limit, or with its start where it falls`() {
    #expect(fact("Range", [scalar(0), bounded(scalar(9)), scalar(2)])?.shape == [5])
    #expect(fact("Range", [bounded(scalar(9)), scalar(0), scalar(-2)])?.shape == [5])
    #expect(fact("Range", [scalar(9), bounded(scalar(0)), scalar(-2)]) == nil)
    #expect(fact("Range", [bounded(scalar(0)), scalar(9), scalar(2)]) == nil)
  }

  @Test func `what a bounded part leaves of an exact whole is not known`() {
    #expect(fact("Reshape", [floats(12), bounded(known(6, -1))]) == nil)
    #expect(fact("Reshape", [bounded(floats(6, 4)), bounded(known(6, -1))])?.shape == [6, 4])
    #expect(fact("ReduceProd", [bounded(known(-1, 5))])?.value == nil)
    #expect(fact("ReduceProd", [bounded(known(3, 5))])?.value == nil)
    var counts = bounded(known(3, 5))
    counts.leastValue = .integers([0, 0])
    #expect(fact("ReduceProd", [counts])?.value == .integers([15]))
  }

  /// The largest of a row, of a number of elements that is an input.
  private func largest(stated shape: [TensorDimension]) throws -> (shape: [Int]?, isBound: Bool) {
    let graph = try imported {
      $0.value(11, "x", shape: [3, 9])
      $0.value(11, "k", type: 7, shape: [1])
      $0.node("TopK", ["x", "k"], ["y", "i"])
      $0.value(12, "y", shape: shape)
    }.graph
    return (graph.shape("y"), graph.tensor("y").map { graph[$0].isUpperBound } ?? false)
  }

  @Test func `what the file states is taken where it keeps to the bound of an open operand`() throws
  {
    #expect(try largest(stated: [3, 4]) == ([3, 4], false))
    #expect(try largest(stated: [3, 10]) == ([3, 9], true))
    #expect(try largest(stated: [3]) == ([3, 9], true))
  }

  @Test func `what data decides is not what one run of it stated`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [3, 4])
      $0.node("NonZero", ["x"], ["y"])
      $0.value(12, "y", type: 7, shape: [2, 5])
    }.graph
    #expect(graph.shape("y") == [2, 12])
  }

  @Test func `bounds that a rule refuses leave the word to the file`() throws {
    let graph = try imported {
      $0.value(11, "x", shape: [3, 4])
      $0.value(11, "z", shape: [7, 3])
      $0.node("NonZero", ["x"], ["places"])
      $0.node("Cast", ["places"], ["p"]) { $0.int("to", 1) }
      $0.node("Einsum", ["p", "z"], ["y"]) { $0.text("equation", "ij,jk->ik") }
      $0.value(12, "y", shape: [2, 3])
    }.graph
    #expect(graph.shape("y") == [2, 3])
  }
}
