// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Importers

@Suite struct `Products, reductions, indices` {
  @Test func `matrix products`() {
    #expect(shapes("MatMul", [floats(2, 3), floats(3, 4)]) == [[2, 4]])
    #expect(shapes("MatMul", [floats(3), floats(3)]) == [[]])
    #expect(shapes("MatMul", [floats(3), floats(5, 3, 4)]) == [[5, 4]])
    #expect(shapes("MatMul", [floats(5, 2, 3), floats(3)]) == [[5, 2]])
    #expect(shapes("MatMul", [floats(1, 5, 2, 3), floats(7, 1, 3, 4)]) == [[7, 5, 2, 4]])
    #expect(refusal("MatMul", [floats(2, 3), floats(4, 5)]) != nil)
    #expect(refusal("MatMul", [floats(), floats(3)]) != nil)
    #expect(
      shapes("Gemm", [floats(3, 2), floats(5, 3)], ["transA": .int(1), "transB": .int(1)])
        == [[2, 5]])
    #expect(shapes("Gemm", [floats(2, 3), floats(3, 5), floats(5)]) == [[2, 5]])
    #expect(refusal("Gemm", [floats(2, 3), floats(3, 5), floats(4)]) != nil)
    #expect(refusal("Gemm", [floats(2, 3), floats(3, 5), floats(7, 2, 5)]) != nil)
    #expect(refusal("Gemm", [floats(1, 2, 3), floats(3, 5)]) != nil)
    #expect(
      shapes("Einsum", [floats(2, 3), floats(3, 4)], ["equation": .string("ij,jk->ik")])
        == [[2, 4]])
    #expect(shapes("Det", [floats(5, 3, 3)]) == [[5]])
  }

  @Test func `reductions drop axes or keep them as 1`() {
    let x = floats(2, 3, 4)
    #expect(shapes("ReduceMean", version: 13, [x], ["axes": .ints([1, -1])]) == [[2, 1, 1]])
    #expect(shapes("ReduceMean", version: 18, [x, known(1)], ["keepdims": .int(0)]) == [[2, 4]])
    #expect(shapes("ReduceSum", [x]) == [[1, 1, 1]])
    #expect(shapes("ReduceSum", [x], ["keepdims": .int(0)]) == [[]])
    #expect(shapes("ReduceSum", [x], ["noop_with_empty_axes": .int(1)]) == [[2, 3, 4]])
    #expect(refusal("ReduceMax", [x, known(3)]) == .axis(3, rank: 3))
    #expect(refusal("ReduceMax", [x, known(0, -3)]) == .repeatedAxis(-3))
    #expect(value("ReduceProd", [known(2, 3, 4)], ["keepdims": .int(0)]) == .integers([24]))
    #expect(value("ReduceMax", [reals(1, 5, 3)], ["keepdims": .int(0)]) == .reals([5]))
    #expect(value("ReduceProd", [known(.max, 2)]) == nil)
    #expect(shapes("ArgMax", [x], ["axis": .int(-1), "keepdims": .int(0)]) == [[2, 3]])
    #expect(value("CumSum", [known(1, 2, 3), scalar(0)]) == .integers([1, 3, 6]))
    #expect(value("CumSum", [known(1, 2, 3), scalar(0)], ["reverse": .int(1)]) == nil)
    #expect(
      shapes("TopK", [x, known(2)], ["axis": .int(1)], outputs: 2) == [[2, 2, 4], [2, 2, 4]])
    #expect(
      shapes("TopK", version: 1, [x], ["k": .int(1)], outputs: 2) == [[2, 3, 1], [2, 3, 1]])
    let unknown = try? inferred("TopK", [x, ValueFact(.int64, [1])], outputs: 2)
    #expect(unknown?[1]?.shape == [2, 3, 4])
    #expect(unknown?[1]?.isUpperBound == true)
  }

  @Test func `normalizations keep the shape and give statistics`() throws {
    let x = floats(2, 3, 4)
    let layer = try inferred(
      "LayerNormalization", [x, floats(4)], ["axis": .int(-1)], outputs: 3)
    #expect(layer.map { $0?.shape } == [[2, 3, 4], [2, 3, 1], [2, 3, 1]])
    let channel = floats(3)
    let batch = try inferred(
      "BatchNormalization", version: 15,
      [x, channel, channel, ValueFact(.float64, [3]), ValueFact(.float64, [3])],
      ["training_mode": .int(1)], outputs: 3)
    #expect(batch == [x, ValueFact(.float64, [3]), ValueFact(.float64, [3])])
    #expect(
      shapes(
        "BatchNormalization", version: 9,
        [x, channel, channel, channel, channel], outputs: 5)?.count == 5)
    #expect(refusal("Softmax", version: 13, [x], ["axis": .int(3)]) == .axis(3, rank: 3))
    #expect(refusal("Softmax", version: 11, [x], ["axis": .int(3)]) == nil)
    let mask = try inferred("Dropout", version: 12, [x], outputs: 2)
    #expect(mask == [x, ValueFact(.bool, [2, 3, 4])])
    let old = try inferred("Dropout", version: 9, [x], outputs: 2)
    #expect(old == [x, x])
  }

  @Test func `gathering`() {
    let x = floats(5, 6)
    #expect(shapes("Gather", [x, scalar(0)]) == [[6]])
    #expect(shapes("Gather", [x, ValueFact(.int64, [2, 3])], ["axis": .int(1)]) == [[5, 2, 3]])
    #expect(value("Gather", [known(7, 8, 9), scalar(-1)]) == .integers([9]))
    #expect(
      refusal("Gather", [known(7, 8, 9), scalar(3)])
        == .inputValue(input: 1, reason: "3 is outside an axis of 3"))
    let table = ValueFact(.int64, [2, 2], value: .integers([1, 2, 3, 4]))
    #expect(value("Gather", [table, known(1, 0)], ["axis": .int(1)]) == .integers([2, 1, 4, 3]))
    #expect(shapes("GatherElements", [x, ValueFact(.int64, [2, 6])]) == [[2, 6]])
    #expect(shapes("GatherND", [floats(2, 3, 4), ValueFact(.int64, [5, 2])]) == [[5, 4]])
    #expect(
      shapes("GatherND", [floats(2, 3, 4), ValueFact(.int64, [2, 1])], ["batch_dims": .int(1)])
        == [[2, 4]])
    #expect(refusal("GatherND", [floats(2, 3), ValueFact(.int64, [5, 3])]) != nil)
    #expect(shapes("ScatterND", [x, ValueFact(.int64, [1, 1]), floats(1, 6)]) == [[5, 6]])
    #expect(
      shapes("OneHot", [ValueFact(.int64, [2, 3]), scalar(7), floats(2)], ["axis": .int(1)])
        == [[2, 7, 3]])
    #expect(refusal("OneHot", [floats(2), scalar(-1), floats(2)]) != nil)
  }

  @Test func `what data decides is bounded`() throws {
    let x = floats(3, 4)
    var places = bounded(ValueFact(.int64, [2, 12]))
    places.leastShape = [2, 0]
    #expect(try inferred("NonZero", [x]) == [places])
    let sparse = ValueFact(.int64, [2, 2], value: .integers([0, 5, 0, 7]))
    #expect(
      try inferred("NonZero", [sparse])
        == [ValueFact(.int64, [2, 2], value: .integers([0, 1, 1, 1]))])
    let unique = try inferred("Unique", [x], outputs: 4)
    #expect(unique.map { $0?.shape } == [[12], [12], [12], [12]])
    #expect(unique.map { $0?.isUpperBound } == [true, true, false, true])
    #expect(
      shapes("Compress", [x, ValueFact(.bool, [3])], ["axis": .int(0)]) == [[3, 4]])
    let choice = ValueFact(.bool, [2], value: .integers([1, 0]))
    #expect(try inferred("Compress", [x, choice], ["axis": .int(0)]) == [floats(1, 4)])
    let boxes = try inferred(
      "NonMaxSuppression", [floats(2, 100, 4), floats(2, 5, 100), scalar(20)])
    var kept = bounded(ValueFact(.int64, [200, 3]))
    kept.leastShape = [0, 3]
    #expect(boxes == [kept])
    #expect(shapes("NonMaxSuppression", [floats(2, 100, 4), floats(2, 5, 100)]) == [[0, 3]])
  }

  @Test func `recurrent networks`() {
    let x = floats(7, 2, 3)
    #expect(
      shapes("LSTM", [x, floats(1, 16, 3), floats(1, 16, 4)], ["hidden_size": .int(4)], outputs: 3)
        == [[7, 1, 2, 4], [1, 2, 4], [1, 2, 4]])
    #expect(
      shapes(
        "GRU", [x, floats(2, 12, 3), floats(2, 12, 4)],
        ["hidden_size": .int(4), "direction": .string("bidirectional"), "layout": .int(1)],
        outputs: 2) == [[7, 2, 2, 4], [7, 2, 4]])
    #expect(
      refusal("LSTM", [x, floats(1, 15, 3), floats(1, 16, 4)], ["hidden_size": .int(4)]) != nil)
    #expect(refusal("RNN", [x, floats(2, 4, 3), floats(2, 4, 4)]) != nil)
    #expect(refusal("RNN", [x, floats(1, 4, 3)], ["direction": .string("up")]) != nil)
  }

  @Test func `losses`() {
    let scores = floats(4, 10, 6)
    let labels = ValueFact(.int64, [4, 6])
    #expect(shapes("SoftmaxCrossEntropyLoss", [scores, labels], outputs: 2) == [[], [4, 10, 6]])
    #expect(
      shapes("NegativeLogLikelihoodLoss", [scores, labels], ["reduction": .string("none")])
        == [[4, 6]])
    #expect(refusal("NegativeLogLikelihoodLoss", [scores, ValueFact(.int64, [4])]) != nil)
  }

  @Test func `sequences keep the form of each member`() throws {
    let x = floats(7, 2)
    let pieces = try #require(try inferred("SplitToSequence", [x, scalar(3)])[0])
    #expect(pieces.elements.map(\.shape) == [[3, 2], [3, 2], [1, 2]])
    #expect(pieces.bytes == ByteCount(56))
    let listed = try inferred("SplitToSequence", [x, known(0, 7)])
    #expect(listed[0]?.elements.map(\.shape) == [[0, 2], [7, 2]])
    let single = try inferred("SplitToSequence", [x], ["axis": .int(1), "keepdims": .int(0)])
    #expect(single[0]?.elements.map(\.shape) == [[7], [7]])
    #expect(refusal("SplitToSequence", [x, scalar(0)]) != nil)
    #expect(refusal("SplitToSequence", [floats(1 << 40), scalar(1)]) == .tooLarge)
    #expect(refusal("SplitToSequence", [floats(1 << 40)]) == .tooLarge)
    #expect(shapes("SequenceAt", [pieces, scalar(-1)]) == [[1, 2]])
    #expect(refusal("SequenceAt", [pieces, scalar(3)]) != nil)
    // Members that differ cannot be told apart without the position; equal ones need not be.
    #expect(refusal("SequenceAt", [pieces, ValueFact(.int64, [])]) == .unknownValue(input: 1))
    let alike = ValueFact.sequence(of: .float32, [floats(2), floats(2)])
    #expect(shapes("SequenceAt", [alike, ValueFact(.int64, [])]) == [[2]])
    #expect(value("SequenceLength", [pieces]) == .integers([3]))
    #expect(shapes("ConcatFromSequence", [pieces], ["axis": .int(0)]) == [[7, 2]])
    #expect(
      shapes("ConcatFromSequence", [alike], ["axis": .int(0), "new_axis": .int(1)]) == [[2, 2]])
    let longer = try inferred("SequenceInsert", [alike, floats(5), scalar(0)])
    #expect(longer[0]?.elements.map(\.shape) == [[5], [2], [2]])
    let shorter = try inferred("SequenceErase", [alike])
    #expect(shorter[0]?.elements.count == 1)
    #expect(refusal("SequenceErase", [.sequence(of: .float32, [])]) != nil)
    #expect(try inferred("SequenceConstruct", [x, x])[0]?.elements == [x, x])
  }

  @Test func `optionals`() throws {
    let full = try #require(try inferred("Optional", [floats(2)])[0])
    #expect(value("OptionalHasElement", [full]) == .integers([1]))
    #expect(try inferred("OptionalGetElement", [full]) == [floats(2)])
    let empty = try #require(
      try inferred("Optional", [], ["type": .type(.tensor(elementType: 1, shape: nil))])[0])
    #expect(value("OptionalHasElement", [empty]) == .integers([0]))
    #expect(value("OptionalHasElement", []) == .integers([0]))
    #expect(refusal("OptionalGetElement", [empty]) != nil)
  }

  @Test func `attention`() {
    #expect(
      shapes(
        "Attention", [floats(2, 5, 32), floats(2, 7, 16), floats(2, 7, 24)],
        ["q_num_heads": .int(4), "kv_num_heads": .int(2)], outputs: 4)
        == [[2, 5, 48], [2, 2, 7, 8], [2, 2, 7, 12], [2, 4, 5, 7]])
    #expect(
      shapes(
        "Attention",
        [
          floats(2, 4, 1, 8), floats(2, 4, 1, 8), floats(2, 4, 1, 8), nil, floats(2, 4, 9, 8),
          floats(2, 4, 9, 8),
        ], outputs: 2) == [[2, 4, 1, 8], [2, 4, 10, 8]])
    #expect(refusal("Attention", [floats(2, 5, 32), floats(2, 7, 16), floats(2, 7, 24)]) != nil)
  }

  @Test func `Fourier transforms`() {
    #expect(shapes("DFT", version: 17, [floats(1, 16, 1)], ["onesided": .int(1)]) == [[1, 9, 2]])
    #expect(shapes("DFT", [floats(3, 16, 2), scalar(20)]) == [[3, 20, 2]])
    #expect(shapes("DFT", [floats(3, 16, 1), nil, scalar(0)]) == [[3, 16, 2]])
    #expect(refusal("DFT", [floats(3, 16, 1), nil, scalar(2)]) != nil)
    #expect(shapes("STFT", [floats(1, 128, 1), scalar(8), floats(16)]) == [[1, 15, 9, 2]])
    #expect(refusal("STFT", [floats(1, 128, 1), scalar(0), floats(16)]) != nil)
    #expect(refusal("STFT", [floats(1, 8, 1), scalar(1), floats(16)]) != nil)
  }
}

@Suite struct `ONNX Runtime's own operators` {
  private func formed(
    _ type: String, _ inputs: [ValueFact?], _ attributes: [String: ONNXAttribute.Value] = [:],
    outputs: Int = 1
  ) -> [[Int]?]? {
    shapes(type, domain: "com.microsoft", inputs, attributes, outputs: outputs)
  }

  @Test func `fused products transpose matrices and stacks`() {
    #expect(
      formed(
        "FusedMatMul", [floats(5, 3, 2), floats(5, 4, 3)], ["transA": .int(1), "transB": .int(1)])
        == [[5, 2, 4]])
    #expect(
      formed("FusedMatMul", [floats(2, 5, 7, 3), floats(5, 7, 3, 4)], ["transBatchA": .int(1)])
        == [[5, 7, 2, 4]])
    #expect(formed("MatMulNBits", [floats(2, 3, 8)], ["N": .int(6), "K": .int(8)]) == [[2, 3, 6]])
    #expect(formed("FusedConv", [floats(1, 2, 5, 5), floats(3, 2, 3, 3)]) == [[1, 3, 3, 3]])
  }

  @Test func `normalizations with a skip give the sum, too`() {
    #expect(
      formed("SkipLayerNormalization", [floats(2, 3, 8), floats(2, 3, 8), floats(8)], outputs: 4)
        == [[2, 3, 8], [2, 3, 1], [2, 3, 1], [2, 3, 8]])
  }

  @Test func `gradients have the form of what they are gradients of`() {
    #expect(
      formed("ConvGrad", [floats(1, 4, 8, 8), floats(1, 3, 8, 8), floats(4, 3, 3, 3)], outputs: 3)
        == [[1, 3, 8, 8], [4, 3, 3, 3], [4]])
    #expect(
      formed("GatherGrad", [known(9, 4), ValueFact(.int64, [2]), floats(2, 4)]) == [[9, 4]])
    #expect(
      formed("ConcatTraining", [floats(2, 3), floats(2, 5)], ["axis": .int(1)], outputs: 2)
        == [[2, 8], [2]])
    #expect(
      formed("SplitTraining", [floats(6), known(2, 4)], ["axis": .int(0)], outputs: 2)
        == [[2], [4]])
    #expect(
      formed("InPlaceAccumulatorV2", [floats(7), floats(7)], outputs: 2) == [[1], [7]])
  }
}
