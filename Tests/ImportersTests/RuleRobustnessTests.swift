// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Stored tensors for tests that have no file: every one is the same.
struct FixedConstant: ConstantReader {
  var value = ValueFact(.float32, [1], value: .reals([0]))
  func fact(of tensor: ONNXTensor) throws(OperatorFault) -> ValueFact { value }
}

/// Random operands and attributes, hostile ones among them.
struct RandomContext {
  var generator: SeededGenerator

  private static let extents = [
    0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 1 << 20, 1 << 31, 1 << 47, 1 << 48,
  ]
  private static let numbers: [Int64] = [
    0, 0, 1, 1, 2, 3, 4, -1, -1, -2, -3, 5, 7, 8, 100, -100, 1 << 20, 1 << 31, 1 << 32, 1 << 48,
    1 << 62, -(1 << 62), .max, .max - 1, .min, .min + 1,
  ]
  private static let reals: [Double] = [
    0, 1, 2, 0.5, -1, 1e-30, 1e30, 1e300, .infinity, -.infinity, .nan, 3.7, 4,
  ]
  private static let types: [ElementType] = [
    .float32, .float32, .int64, .int64, .int32, .bool, .uint8, .uint64, .float16, .bfloat16,
    .float64, .string, .int4, .complex64, .undefined,
  ]
  static let attributes = [
    "axis", "axes", "allowzero", "alpha", "auto_pad", "batch_dims", "blocksize", "broadcast",
    "ceil_mode", "coordinate_transformation_mode", "dilations", "direction", "dtype", "end", "ends",
    "equation", "exclusive", "fmod", "group", "hidden_size", "inverse", "is_causal", "k",
    "keepdims",
    "keep_aspect_ratio_policy", "kernel_shape", "kv_num_heads", "layout", "max", "maxsplit", "min",
    "new_axis", "ngram_indexes", "noop_with_empty_axes", "num_outputs", "onesided", "output_dtype",
    "output_height", "output_padding", "output_shape", "output_width", "pads", "perm",
    "pooled_shape", "q_num_heads", "reduction", "repeats", "reverse", "sample_size", "scales",
    "shape", "split", "start", "starts", "stash_type", "steps", "strides", "to", "value",
    "value_ints", "bits", "border", "capacity", "channels", "channels_last", "compress_ratio",
    "dim",
    "dilation", "gather_axis", "index_topk", "K", "max_ngram_size", "max_output_boxes",
    "n_head_per_ngram", "n_targets", "N", "ndim", "num_branches", "num_heads", "pooled_size",
    "policy_mode", "positive", "qkv_hidden_sizes", "scale", "size", "state_update_capacity",
    "state_window", "step", "targets", "token_budget", "transA", "transB", "transBatchA",
    "transBatchB", "v_head_size", "vocab_size", "classlabels_int64s", "classlabels_ints",
    "vectors_per_class", "cats_int64s", "int64_vocabulary", "max_map", "xs",
  ]
  private static let texts = [
    "NOTSET", "SAME_UPPER", "VALID", "bidirectional", "forward", "none", "not_larger",
    "not_smaller", "tf_crop_and_resize", "ij,jk->ik", "...i,...i->...", "LEFT", "constant", "",
    "qsa", "csa",
  ]

  mutating func element<Value>(_ values: [Value]) -> Value {
    values[Int.random(in: values.indices, using: &generator)]
  }

  mutating func chance(_ part: Int) -> Bool { Int.random(in: 0..<part, using: &generator) == 0 }

  mutating func count(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }

  /// A fact within the limits that rules rely on.
  mutating func fact(depth: Int = 0) -> ValueFact? {
    if chance(12) { return nil }
    if depth == 0, chance(12) {
      let elements = (0..<count(0...3)).compactMap { _ in fact(depth: 1) }
      return .sequence(of: element(Self.types), elements)
    }
    while true {
      let rank = count(0...5)
      var fact = ValueFact(element(Self.types), (0..<rank).map { _ in element(Self.extents) })
      if chance(2) { fact.shape = fact.shape.map { min($0, 8) } }
      if chance(3) { fact.shape = [count(0...4)] }
      guard (try? fact.checkForm()) != nil else { continue }
      fact.isUpperBound = chance(8)
      if fact.elementCount <= 64, chance(3) == false {
        let indices = 0..<fact.elementCount
        if fact.elementType.isIntegral {
          fact.value = .integers(indices.map { _ in element(Self.numbers) })
        } else if fact.elementType.isReal {
          fact.value = .reals(indices.map { _ in element(Self.reals) })
        }
      }
      return fact
    }
  }

  mutating func attribute() -> ONNXAttribute {
    let value: ONNXAttribute.Value =
      switch count(0...9) {
      case 0...3: .int(element(Self.numbers))
      case 4...6: .ints((0..<count(0...5)).map { _ in element(Self.numbers) })
      case 7: .string(element(Self.texts))
      case 8: .float(Float(element(Self.reals)))
      default: .floats((0..<count(0...4)).map { _ in Float(element(Self.reals)) })
      }
    return ONNXAttribute(name: element(Self.attributes), value: value)
  }
}

struct RuleRobustnessTests {
  @Test(arguments: Seeds.first(16))
  func `every rule answers or throws, whatever the operands`(seed: Int) {
    var random = RandomContext(generator: SeededGenerator(seed: seed))
    for (domain, rule) in RuleTable.standard.all {
      for _ in 0..<25 {
        let inputs = (0..<random.count(0...6)).map { _ in random.fact() }
        let attributes = (0..<random.count(0...6)).map { _ in random.attribute() }
        var context = OperatorContext(
          domain: domain, type: rule.type, version: random.count(1...24), inputs: inputs,
          attributes: FlatList(attributes, start: 0, count: attributes.count),
          constants: FixedConstant(),
          outputCount: random.count(0...4))
        guard (try? rule.infer(&context)) != nil else { continue }
        for case let fact? in context.outputs where (try? fact.checkForm()) != nil {
          for tensor in [fact] + fact.elements {
            guard let value = tensor.value else { continue }
            #expect(
              value.count == tensor.elementCount && value.count <= KnownValue.elementLimit,
              "\(rule.type) of \(inputs) with \(attributes)")
          }
        }
      }
    }
  }
}
