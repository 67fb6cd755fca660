// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Importers

@Suite struct `Elementwise operators` {
  @Test func `integers divide toward zero and wrap`() {
    #expect(value("Div", [known(-7, 7), known(2)]) == .integers([-3, 3]))
    #expect(value("Div", [known(1), known(0)]) == nil)
    #expect(value("Div", [known(.min), known(-1)]) == nil)
    #expect(value("Mod", [known(-7, 7), known(3, -3)]) == .integers([2, -2]))
    #expect(value("Mod", [known(-7, 7), known(3, -3)], ["fmod": .int(1)]) == .integers([-1, 1]))
    #expect(value("Mod", [known(.min), known(-1)]) == .integers([0]))
    #expect(value("Mod", [known(1), known(0)]) == nil)
    #expect(value("Add", [known(.max), known(1)]) == .integers([.min]))
    let small = ValueFact(.int32, [1], value: .integers([1 << 30]))
    let four = ValueFact(.int32, [1], value: .integers([4]))
    #expect(value("Mul", [small, four]) == .integers([0]))
    #expect(value("Abs", [known(.min)]) == nil)
    #expect(value("Pow", [known(3, -2), known(3, 3)]) == .integers([27, -8]))
    #expect(value("Pow", [known(3), reals(2)]) == .integers([9]))
    #expect(value("Pow", [known(3), known(-1)]) == nil)
  }

  @Test func `floats round to their type after each step`() {
    let a = ValueFact(.float32, [], value: .reals([Double(Float(0.1))]))
    let b = ValueFact(.float32, [], value: .reals([Double(Float(0.2))]))
    #expect(value("Add", [a, b]) == .reals([Double(Float(0.1) + Float(0.2))]))
    #expect(value("Div", [reals(1), reals(3)]) == .reals([Double(Float(1) / 3)]))
    #expect(value("Round", [reals(0.5, 1.5, -2.5)]) == .reals([0, 2, -2]))
    #expect(value("Max", [reals(1), reals(3), reals(2)]) == .reals([3]))
    #expect(value("Max", [reals(1), ValueFact(.float32, [1])]) == nil)
  }

  @Test func `shapes broadcast, in old versions from an axis on`() {
    #expect(shapes("Mul", [floats(2, 1), floats(3)]) == [[2, 3]])
    #expect(
      shapes(
        "Add", version: 6, [floats(2, 3, 4), floats(3)],
        ["broadcast": .int(1), "axis": .int(1)]) == [[2, 3, 4]])
    #expect(
      refusal(
        "Add", version: 6, [floats(2, 3), floats(2, 3)],
        ["broadcast": .int(1), "axis": .int(1)]) != nil)
    #expect(shapes("Sum", [floats(2, 1), floats(3), floats(1, 1, 1)]) == [[1, 2, 3]])
    #expect(refusal("Add", [floats(2)]) == .missingInput(1))
    #expect(
      refusal("Add", [floats(2), .sequence(of: .float32, [])])
        == .valueKind(input: 1, needed: "tensor"))
  }

  @Test func `comparisons and choices`() throws {
    #expect(value("Equal", [known(1, 2), known(2)]) == .integers([0, 1]))
    #expect(value("Less", [reals(1, .nan), reals(2)]) == .integers([1, 0]))
    #expect(try inferred("Greater", [floats(2), floats(2)]) == [ValueFact(.bool, [2])])
    let choice = ValueFact(.bool, [3], value: .integers([1, 0, 1]))
    #expect(value("Where", [choice, known(1, 2, 3), known(9)]) == .integers([1, 9, 3]))
    #expect(value("Not", [choice]) == .integers([0, 1, 0]))
    #expect(value("And", [choice, choice]) == .integers([1, 0, 1]))
    // A choice that takes everything from one side needs only that side.
    let always = ValueFact(.bool, [], value: .integers([1]))
    #expect(value("Where", [always, known(4, 5), ValueFact(.int64, [2])]) == .integers([4, 5]))
    #expect(value("Where", [choice, known(1, 2, 3), ValueFact(.int64, [3])]) == nil)
    #expect(shapes("Where", [ValueFact(.bool, [2, 1]), floats(3), floats()]) == [[2, 3]])
  }

  @Test func `Clip takes its limits as attributes or inputs`() {
    let x = known(-5, 0, 5)
    #expect(value("Clip", [x, scalar(-1), scalar(3)]) == .integers([-1, 0, 3]))
    #expect(value("Clip", [x, nil, scalar(3)]) == .integers([-5, 0, 3]))
    #expect(value("Clip", [x, ValueFact(.int64, [])]) == nil)
    #expect(
      value("Clip", version: 6, [reals(-5, 5)], ["min": .float(-1), "max": .float(1)])
        == .reals([-1, 1]))
  }

  @Test func `casts`() throws {
    #expect(value("Cast", [reals(2.7)], ["to": .int(7)]) == .integers([2]))
    #expect(
      try inferred("Cast", version: 1, [floats(2)], ["to": .string("INT64")])[0]?.elementType
        == .int64)
    #expect(refusal("Cast", [floats(2)]) == .missingAttribute("to"))
    #expect(refusal("Cast", [floats(2)], ["to": .int(0)]) == .attributeValue("to"))
    #expect(refusal("Cast", [floats(2)], ["to": .string("LONG")]) == .attributeValue("to"))
    #expect(refusal("Cast", [floats(2)], ["to": .float(7)]) == .attributeKind("to"))
    #expect(value("CastLike", [reals(2.7), scalar(0)]) == .integers([2]))
  }

  @Test func `quantization changes types`() throws {
    let scale = ValueFact(.float32, [])
    let zero = ValueFact(.int8, [])
    #expect(try inferred("QuantizeLinear", [floats(2), scale, zero]) == [ValueFact(.int8, [2])])
    #expect(try inferred("QuantizeLinear", [floats(2), scale]) == [ValueFact(.uint8, [2])])
    #expect(
      try inferred("DequantizeLinear", [ValueFact(.int8, [2]), ValueFact(.float16, [])])
        == [ValueFact(.float16, [2])])
    #expect(
      try inferred("DynamicQuantizeLinear", [floats(2)], outputs: 3)
        == [ValueFact(.uint8, [2]), ValueFact(.float32, []), ValueFact(.uint8, [])])
  }
}
