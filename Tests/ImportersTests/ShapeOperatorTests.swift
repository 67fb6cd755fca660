// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Importers

@Suite struct `Operators on shapes` {
  @Test func `Shape gives all extents or a range of them`() {
    let x = floats(2, 3, 4)
    #expect(value("Shape", [x]) == .integers([2, 3, 4]))
    #expect(value("Shape", [x], ["start": .int(1)]) == .integers([3, 4]))
    #expect(value("Shape", [x], ["start": .int(-2), "end": .int(-1)]) == .integers([3]))
    #expect(value("Shape", [x], ["start": .int(-9), "end": .int(99)]) == .integers([2, 3, 4]))
    #expect(value("Shape", [x], ["start": .int(2), "end": .int(1)]) == .integers([]))
    #expect(value("Shape", [x], ["start": .int(.min), "end": .int(.max)]) != nil)
    #expect(value("Size", [x]) == .integers([24]))
  }

  @Test func `Reshape copies zeros, infers one extent, and keeps the number of elements`() {
    let x = floats(2, 3, 4)
    #expect(shapes("Reshape", [x, known(0, -1)]) == [[2, 12]])
    #expect(shapes("Reshape", [x, known(4, 6)]) == [[4, 6]])
    #expect(shapes("Reshape", version: 1, [x], ["shape": .ints([6, -1])]) == [[6, 4]])
    #expect(
      shapes("Reshape", [floats(0, 3), known(3, 0)], ["allowzero": .int(1)]) == [[3, 0]])
    #expect(value("Reshape", [known(1, 2), known(2, 1)]) == .integers([1, 2]))
    #expect(refusal("Reshape", [x, known(-1, -1)]) != nil)
    #expect(refusal("Reshape", [x, known(5, -1)]) != nil)
    #expect(refusal("Reshape", [x, known(5)]) != nil)
    #expect(refusal("Reshape", [x, known(2, 3, 4, 0)]) != nil)
    #expect(refusal("Reshape", [x, known(-2)]) != nil)
    #expect(refusal("Reshape", [floats(0), known(0, -1)]) != nil)
    #expect(refusal("Reshape", [x, known(.max, .max)]) == .tooLarge)
    #expect(
      refusal("Reshape", [x, ValueFact(.int64, [2])]) == .unknownValue(input: 1))
    #expect(refusal("Reshape", [x, reals(24)]) == .elementType(input: 1, "float32"))
  }

  @Test func `Squeeze and Unsqueeze take axes as an attribute or an input`() {
    let x = floats(1, 3, 1)
    #expect(shapes("Squeeze", version: 11, [x], ["axes": .ints([0])]) == [[3, 1]])
    #expect(shapes("Squeeze", version: 13, [x, known(-1)]) == [[1, 3]])
    #expect(shapes("Squeeze", [x]) == [[3]])
    #expect(refusal("Squeeze", [x, known(1)]) != nil)
    #expect(refusal("Squeeze", [x, known(3)]) == .axis(3, rank: 3))
    #expect(shapes("Unsqueeze", version: 11, [x], ["axes": .ints([0, 4])]) == [[1, 1, 3, 1, 1]])
    #expect(shapes("Unsqueeze", version: 13, [floats(3), known(-1, 0)]) == [[1, 3, 1]])
    #expect(refusal("Unsqueeze", [x, known(0, 0)]) == .repeatedAxis(0))
    #expect(refusal("Unsqueeze", [x]) == .missingInput(1))
  }

  @Test func `Flatten, Transpose, Expand and Tile`() {
    let x = floats(2, 3, 4)
    #expect(shapes("Flatten", [x]) == [[2, 12]])
    #expect(shapes("Flatten", [x], ["axis": .int(0)]) == [[1, 24]])
    #expect(shapes("Flatten", [x], ["axis": .int(-1)]) == [[6, 4]])
    #expect(shapes("Flatten", [x], ["axis": .int(3)]) == [[24, 1]])
    #expect(shapes("Flatten", [floats()]) == [[1, 1]])
    #expect(shapes("Transpose", [x]) == [[4, 3, 2]])
    #expect(shapes("Transpose", [x], ["perm": .ints([1, 0, 2])]) == [[3, 2, 4]])
    #expect(refusal("Transpose", [x], ["perm": .ints([1, 0])]) == .attributeValue("perm"))
    #expect(refusal("Transpose", [x], ["perm": .ints([1, 1, 0])]) == .repeatedAxis(1))
    #expect(shapes("Expand", [floats(3, 1), known(2, 1, 4)]) == [[2, 3, 4]])
    #expect(value("Expand", [known(7), known(3)]) == .integers([7, 7, 7]))
    #expect(refusal("Expand", [floats(3), known(2)]) != nil)
    #expect(refusal("Expand", [floats(1), known(1 << 40, 1 << 40)]) == .tooLarge)
    #expect(shapes("Tile", [floats(2, 3), known(2, 0)]) == [[4, 0]])
    #expect(value("Tile", [known(1, 2), known(2)]) == .integers([1, 2, 1, 2]))
    #expect(refusal("Tile", [floats(2, 3), known(2)]) != nil)
    #expect(refusal("Tile", [floats(1 << 40), known(1 << 40)]) == .tooLarge)
    #expect(shapes("Tile", version: 1, [floats(2, 3), scalar(4), scalar(1)]) == [[2, 12]])
  }

  @Test func `upper bounds pass where they stay bounds`() {
    let list = bounded(ValueFact(.int64, [6, 2]))
    #expect(shapes("Reshape", [list, known(-1, 3)]) == [[4, 3]])
    #expect(shapes("Reshape", [list, known(5)]) == [[5]])
    #expect(shapes("Squeeze", [bounded(floats(4, 1)), known(0)]) == [[1]])
    #expect(value("Add", [bounded(known(5)), known(2)]) == .integers([7]))
    #expect(value("Sub", [bounded(known(5)), known(2)]) == .integers([3]))
    #expect(value("Sub", [known(5), bounded(known(2))]) == nil)
    #expect(value("Mul", [bounded(known(5)), known(-2)]) == nil)
    // Without a lower bound of what is divided it may be negative; its quotient is not above, still.
    #expect(value("Div", [bounded(known(5)), known(2)]) == .integers([2]))
    #expect(value("Div", [known(5), bounded(known(2))]) == nil)
    // Cutting off the first elements leaves fewer the more are cut off.
    let x = floats(10)
    #expect(shapes("Slice", [x, bounded(known(4)), known(9)]) == [[10]])
    // An end below 0 would count from the back.
    #expect(shapes("Slice", [x, known(4), bounded(known(9))]) == [[10]])
    #expect(shapes("Slice", [x, known(4), ranged(0, 9)]) == [[5]])
    #expect(shapes("Slice", [x, ranged(3, 4), known(9)]) == [[6]])
    #expect(
      shapes("Slice", [x, known(9), bounded(known(4)), known(0), known(-1)]) == [[10]])
  }
}

@Suite struct `Cutting and joining` {
  @Test func `Concat adds extents along one axis`() {
    #expect(shapes("Concat", [floats(2, 3), floats(2, 5)], ["axis": .int(-1)]) == [[2, 8]])
    #expect(
      value("Concat", [known(1), known(2, 3)], ["axis": .int(0)]) == .integers([1, 2, 3]))
    let a = ValueFact(.int64, [2, 1], value: .integers([1, 4]))
    let b = ValueFact(.int64, [2, 2], value: .integers([2, 3, 5, 6]))
    #expect(value("Concat", [a, b], ["axis": .int(1)]) == .integers([1, 2, 3, 4, 5, 6]))
    #expect(value("Concat", [a, ValueFact(.int64, [2, 2])], ["axis": .int(1)]) == nil)
    #expect(refusal("Concat", [floats(2, 3), floats(3, 3)], ["axis": .int(1)]) != nil)
    #expect(refusal("Concat", [floats(2), floats(2, 1)], ["axis": .int(0)]) != nil)
    #expect(refusal("Concat", [], ["axis": .int(0)]) == .missingInput(0))
  }

  @Test func `Split cuts evenly, as given, or with a shorter last piece`() {
    let x = floats(2, 6)
    #expect(shapes("Split", version: 11, [x], ["axis": .int(1)], outputs: 2) == [[2, 3], [2, 3]])
    #expect(
      shapes("Split", version: 11, [x], ["axis": .int(1), "split": .ints([1, 5])], outputs: 2)
        == [[2, 1], [2, 5]])
    #expect(
      shapes("Split", version: 13, [x, known(0, 6)], ["axis": .int(1)], outputs: 2)
        == [[2, 0], [2, 6]])
    #expect(
      shapes("Split", version: 18, [floats(7)], ["num_outputs": .int(3)], outputs: 3)
        == [[3], [3], [1]])
    #expect(
      shapes("Split", version: 18, [floats(2)], ["num_outputs": .int(3)], outputs: 3)
        == [[1], [1], [0]])
    #expect(refusal("Split", version: 13, [floats(7)], [:], outputs: 2) != nil)
    #expect(refusal("Split", [x, known(1, 2)], ["axis": .int(1)], outputs: 2) != nil)
    #expect(refusal("Split", [x, known(1, 5)], ["axis": .int(1)], outputs: 3) != nil)
    #expect(refusal("Split", [x, known(-1, 7)], ["axis": .int(1)], outputs: 2) != nil)
    #expect(
      refusal("Split", [x], ["num_outputs": .int(.max)], outputs: 2) == nil)
  }

  @Test func `Slice cuts as Python does`() {
    let x = known(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    func cut(_ start: Int64, _ end: Int64, _ step: Int64 = 1) -> KnownValue? {
      value("Slice", [x, known(start), known(end), known(0), known(step)])
    }
    #expect(cut(2, 5) == .integers([2, 3, 4]))
    #expect(cut(-3, .max) == .integers([7, 8, 9]))
    #expect(cut(0, 10, 4) == .integers([0, 4, 8]))
    #expect(cut(8, 2, -3) == .integers([8, 5]))
    #expect(cut(-1, .min, -4) == .integers([9, 5, 1]))
    #expect(cut(5, 5) == .integers([]))
    #expect(cut(.min, .max, .max) == .integers([0]))
    #expect(cut(.max, .min, .min) == .integers([9]))
    #expect(refusal("Slice", [x, known(0), known(1), known(0), known(0)]) != nil)
    #expect(refusal("Slice", [x, known(0, 1), known(1), known(0)]) != nil)
    #expect(refusal("Slice", [x, known(0), known(1), known(5)]) == .axis(5, rank: 1))
    #expect(
      shapes("Slice", version: 9, [floats(4, 6)], ["starts": .ints([1]), "ends": .ints([-1])])
        == [[2, 6]])
    // What is known only at run time may leave everything.
    let result = try? inferred("Slice", [floats(4, 6), ValueFact(.int64, [1]), known(3)])
    #expect(result?[0]?.shape == [4, 6])
    #expect(result?[0]?.isUpperBound == true)
  }
}

@Suite struct `Making tensors` {
  @Test func `Constant takes one of several attributes`() throws {
    #expect(value("Constant", [], ["value_int": .int(7)]) == .integers([7]))
    #expect(value("Constant", [], ["value_floats": .floats([0.5])]) == .reals([0.5]))
    #expect(shapes("Constant", [], ["value_strings": .strings(["a", "b"])]) == [[2]])
    #expect(refusal("Constant", []) == .missingAttribute("value"))
    let stored = ValueFact(.int32, [2], value: .integers([1, 2]))
    let tensor = ONNXTensor(
      name: .absent, elementType: 6, dimensions: [2], elementCount: 2, storage: .absent,
      message: 0..<0)
    let result = try inferred("Constant", [], ["value": .tensor(tensor)], constant: stored)
    #expect(result == [stored])
    let filled = try inferred(
      "ConstantOfShape", [known(2, 1)], ["value": .tensor(tensor)],
      constant: ValueFact(.int64, [1], value: .integers([9])))
    #expect(filled == [ValueFact(.int64, [2, 1], value: .integers([9, 9]))])
  }

  @Test func `ConstantOfShape and Range have the extents that their operands say`() {
    #expect(shapes("ConstantOfShape", [known(2, 0, 3)]) == [[2, 0, 3]])
    #expect(shapes("ConstantOfShape", [ValueFact(.int64, [0], value: .integers([]))]) == [[]])
    #expect(refusal("ConstantOfShape", [known(-1)]) != nil)
    #expect(refusal("ConstantOfShape", [known(1 << 40, 1 << 40)]) == .tooLarge)
    #expect(value("Range", [scalar(3), scalar(9), scalar(3)]) == .integers([3, 6]))
    #expect(value("Range", [scalar(10), scalar(4), scalar(-4)]) == .integers([10, 6]))
    #expect(value("Range", [scalar(5), scalar(5), scalar(1)]) == .integers([]))
    #expect(shapes("Range", [scalar(0), scalar(1 << 40), scalar(1)]) == [[1 << 40]])
    #expect(refusal("Range", [scalar(.min), scalar(.max), scalar(1)]) == .tooLarge)
    #expect(refusal("Range", [scalar(0), scalar(5), scalar(0)]) != nil)
    #expect(
      refusal("Range", [scalar(0), ValueFact(.int64, []), scalar(1)]) == .unknownValue(input: 1))
    // A later start leaves less, so a bound of it bounds nothing.
    #expect(
      refusal("Range", [bounded(scalar(0)), scalar(5), scalar(1)]) == .unknownValue(input: 0))
    #expect(shapes("Range", [reals(0), reals(1), reals(0.3)]) == [[4]])
    #expect(shapes("Range", [reals(0), reals(-1e30), reals(0.3)]) == [[0]])
    #expect(refusal("Range", [reals(0), reals(1e30), reals(0.3)]) == .tooLarge)
    #expect(refusal("Range", [reals(0), reals(.nan), reals(0.3)]) == .tooLarge)
  }

  @Test func `random numbers and windows`() throws {
    let normal = try inferred(
      "RandomNormal", [], ["shape": .ints([2, 3]), "dtype": .int(10)])
    #expect(normal == [ValueFact(.float16, [2, 3])])
    #expect(refusal("RandomNormal", []) == .missingAttribute("shape"))
    #expect(refusal("RandomUniform", [], ["shape": .ints([-1])]) == .attributeValue("shape"))
    #expect(
      refusal("RandomUniform", [], ["shape": .ints([1]), "dtype": .int(99)])
        == .attributeValue("dtype"))
    let like = try inferred("RandomUniformLike", [floats(4)], ["dtype": .int(11)])
    #expect(like == [ValueFact(.float64, [4])])
    #expect(shapes("Multinomial", [floats(3, 10)], ["sample_size": .int(5)]) == [[3, 5]])
    #expect(shapes("HannWindow", [scalar(9)]) == [[9]])
    #expect(shapes("EyeLike", [floats(3, 4)]) == [[3, 4]])
    #expect(
      shapes("MelWeightMatrix", [scalar(8), scalar(16), scalar(1), scalar(0), scalar(9)])
        == [[9, 8]])
  }
}
