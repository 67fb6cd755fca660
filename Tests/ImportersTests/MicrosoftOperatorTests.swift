// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Importers

/// Uses of onnxruntime's operators that it cannot run or infer itself where the tests run.
@Suite struct `Microsoft operators` {
  private func results(
    _ type: String, _ inputs: [ValueFact?], _ attributes: [String: ONNXAttribute.Value] = [:],
    outputs: Int = 1
  ) -> [ValueFact?]? {
    try? inferred(
      type, version: 1, domain: "com.microsoft", inputs, attributes, outputs: outputs)
  }

  private func shapes(
    _ type: String, _ inputs: [ValueFact?], _ attributes: [String: ONNXAttribute.Value] = [:],
    outputs: Int = 1
  ) -> [[Int]?]? {
    results(type, inputs, attributes, outputs: outputs)?.map { $0?.shape }
  }

  private let groups: [String: ONNXAttribute.Value] = [
    "num_heads": .int(4), "kv_num_heads": .int(2),
  ]

  @Test func `a cache holds at most what it held and what is added`() throws {
    let (q, k) = (floats(2, 3, 32), floats(2, 3, 16))
    let past = floats(2, 2, 5, 8)
    let open = ValueFact(.int32, [])
    let facts = try #require(
      results(
        "GroupQueryAttention", [q, k, k, past, past, ValueFact(.int32, [2]), open], groups,
        outputs: 3))
    #expect(facts.map { $0?.shape } == [[2, 3, 32], [2, 2, 8, 8], [2, 2, 8, 8]])
    #expect(facts.map { $0?.isUpperBound } == [false, true, true])
    let total = ValueFact(.int32, [], value: .integers([4]))
    #expect(
      shapes("GroupQueryAttention", [q, k, k, past, past, nil, total], groups, outputs: 3)
        == [[2, 3, 32], [2, 2, 5, 8], [2, 2, 5, 8]])
    #expect(shapes("GroupQueryAttention", [floats(2, 3, 30), k, k], groups) == nil)
  }

  @Test func `a decoder's caches follow from truth values`() {
    let (q, k) = (floats(3, 2, 32), floats(6, 2, 32))
    let old = floats(2, 4, 5, 8)
    func steps(_ cross: Bool?, _ past: Bool?, _ state: Bool?) -> ValueFact? {
      let truths = [cross, past, state].map { truth in
        ValueFact(.bool, [], value: truth.map { .integers([$0 ? 1 : 0]) })
      }
      return results(
        "DecoderAttention", [q, k, nil, nil, nil, nil, old, old] + truths + [nil],
        ["num_heads": .int(4)], outputs: 3)?[1]
    }
    #expect(steps(false, false, false)?.shape == [2, 4, 3, 8])
    #expect(steps(false, true, true)?.shape == [2, 4, 8, 8])
    #expect(steps(true, false, true)?.shape == [2, 4, 6, 8])
    #expect(steps(true, true, true)?.shape == [2, 4, 5, 8])
    #expect(steps(nil, true, true)?.shape == [2, 4, 8, 8])
    #expect(steps(nil, true, true)?.isUpperBound == true)
  }

  @Test func `weights of convolutions with channels last come in two orders`() {
    let x = floats(1, 7, 9, 4)
    #expect(shapes("NhwcConv", [x, floats(6, 4, 3, 2)]) == [[1, 5, 8, 6]])
    #expect(shapes("NhwcConv", [x, floats(6, 3, 2, 4)]) == [[1, 5, 8, 6]])
    // Where both fit, the stated window decides.
    let square = floats(6, 4, 3, 4)
    #expect(shapes("NhwcConv", [x, square], ["kernel_shape": .ints([3, 4])]) == [[1, 5, 6, 6]])
    #expect(shapes("NhwcConv", [x, square], ["kernel_shape": .ints([4, 3])]) == [[1, 4, 7, 6]])
    #expect(shapes("NhwcConv", [x, floats(6, 5, 3, 5)]) == nil)
  }

  @Test func `blocks of channels are filled up for either width of vectors`() throws {
    func reordered(_ channels: Int) -> ValueFact? {
      let facts = try? inferred(
        "ReorderInput", version: 1, domain: "com.microsoft.nchwc", [floats(1, channels, 5, 5)])
      return facts?[0]
    }
    #expect(reordered(16)?.shape == [1, 16, 5, 5])
    #expect(reordered(16)?.isUpperBound == false)
    #expect(reordered(12)?.shape == [1, 16, 5, 5])
    #expect(reordered(12)?.isUpperBound == false)
    #expect(reordered(20)?.shape == [1, 32, 5, 5])
    #expect(reordered(20)?.isUpperBound == true)
  }

  @Test func `searches fill sequences up to their length`() {
    let ids = ValueFact(.int32, [2, 7])
    let numbers = [20, 4, 3].map { ValueFact(.int32, [1], value: .integers([$0])) }
    let inputs = [ids, numbers[0], nil, numbers[1], numbers[2], floats(1)]
    #expect(
      shapes("BeamSearch", inputs, ["vocab_size": .int(100)], outputs: 3)
        == [[2, 3, 20], [2, 3], [20, 2, 4, 100]])
    #expect(shapes("BeamSearch", inputs, outputs: 3) == [[2, 3, 20], [2, 3], nil])
    #expect(shapes("GreedySearch", [ids, numbers[0]]) == [[2, 20]])
    #expect(
      shapes("Sampling", [ids, numbers[0]], ["vocab_size": .int(100)], outputs: 2)
        == [[2, 20], [2, 100]])
    #expect(
      shapes("WhisperBeamSearch", [floats(2, 80, 3000)] + inputs.dropFirst(), outputs: 5)
        == [[2, 3, 20], [2, 3], nil, nil, [2]])
    #expect(shapes("GreedySearch", [ids, ValueFact(.int32, [1])]) == nil)
  }

  @Test func `transforms of real numbers keep half of the spectrum`() {
    #expect(shapes("Rfft", [floats(2, 8)], ["signal_ndim": .int(1)]) == [[2, 5, 2]])
    #expect(shapes("Irfft", [floats(2, 5, 2)], ["signal_ndim": .int(1)]) == [[2, 8]])
    #expect(shapes("ComplexMul", [floats(2, 3, 2), floats(3, 2)]) == [[2, 3, 2]])
    #expect(
      shapes("ReduceSumInteger", [ValueFact(.int8, [2, 3])], ["axes": .ints([0])]) == [[1, 3]])
  }

  @Test func `sparse and packed weights state their form`() {
    var sparse = floats(3, 4)
    sparse.kind = .sparse
    #expect(shapes("SparseToDenseMatMul", [sparse, floats(4, 5)]) == [[3, 5]])
    #expect(
      shapes("MatMulFpQ4", [floats(2, 4), ValueFact(.uint8, [40]), known(4, 5)]) == [[2, 5]])
    #expect(
      shapes("DequantizeBFP", [ValueFact(.uint8, [40]), known(4, 5)], ["dtype": .int(10)])
        == [[4, 5]])
  }

  @Test func `selected entries have room for as many as the budget allows`() {
    let state = floats(2, 20, 8)
    let queries: [ValueFact?] = [floats(7, 16)] + Array(repeating: nil, count: 11)
    let lengths = ValueFact(.int32, [2, 2])
    #expect(
      shapes(
        "PackedSparseAttentionIndexer", queries + [state, floats(2, 3, 8), nil, lengths],
        [
          "policy_mode": .string("qsa"), "token_budget": .int(4), "compress_ratio": .int(2),
          "state_update_capacity": .int(3),
        ], outputs: 7)
        == [[7, 5], [7], [2, 20, 8], [2, 3, 8], nil, [2, 2], [2, 3, 8]])
  }

  @Test func `gradients have the form of what they are gradients of`() {
    let (dy, x) = (floats(2, 3), floats(4, 5))
    #expect(shapes("SliceGrad", [dy, known(4, 5)]) == [[4, 5]])
    #expect(shapes("GatherElementsGrad", [dy, known(4, 5), known(1)]) == [[4, 5]])
    #expect(shapes("GatherNDGrad", [known(4, 5), known(1), dy]) == [[4, 5]])
    #expect(shapes("BiasGeluGrad_dX", [x, x, floats(5)]) == [[4, 5]])
    #expect(
      shapes("InvertibleLayerNormalizationGrad", [x, x, floats(5), floats(5)], outputs: 3)
        == [[4, 5], [5], [5]])
    #expect(shapes("ReduceSumTraining", [x, known(1)], ["keepdims": .int(0)]) == [[4]])
    #expect(
      shapes("SoftmaxCrossEntropyLossInternal", [x, ValueFact(.int64, [4])], outputs: 2)
        == [[], [4, 5]])
    #expect(shapes("PassThrough", [x, dy], outputs: 2) == [[4, 5], [2, 3]])
    #expect(shapes("FakeQuant", [x], outputs: 2) == [[4, 5], [4, 5]])
  }

  @Test func `an optimizer updates sequences of tensors`() throws {
    let tensors = ValueFact.sequence(of: .float32, [floats(2), floats(3, 4)])
    let step = try #require(
      results(
        "AdamWOptimizer", [floats(1), known(1), tensors, tensors, tensors, tensors], outputs: 4))
    #expect(step.map { $0?.kind } == [.tensor, .sequence, .sequence, .sequence])
    #expect(step[0]?.elementType == .bool)
    #expect(step[3] == tensors)
  }
}
