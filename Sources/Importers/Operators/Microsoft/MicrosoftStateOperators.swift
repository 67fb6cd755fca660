// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's operators that carry a state from step to step: linear attention, causal
/// convolution, the selection of what sparse attention reads, and recurrent networks.
enum MicrosoftStateOperators {
  static let rules: [OperatorRule] =
    linear + indexing + [
      RecurrentOperators.recurrent("AttnLSTM", gates: 4),
      OperatorRule("DynamicQuantizeLSTM") { context throws(OperatorFault) in
        // Its weights are turned: (directions, features, gates · hidden).
        let (x, w) = (try context.input(0, rank: 3), try context.input(1, rank: 3))
        let hidden = try context.int("hidden_size", default: w.shape[2] / 4)
        guard hidden >= 0, try Extents.product(hidden, 4) == w.shape[2] else {
          throw .attributeValue("hidden_size")
        }
        let (steps, batch, directions) = (x.shape[0], x.shape[1], w.shape[0])
        context.setOutput(0, x.elementType, [steps, directions, batch, hidden])
        context.setOutput(1, x.elementType, [directions, batch, hidden])
        context.setOutput(2, x.elementType, [directions, batch, hidden])
      },
    ]

  // MARK: Linear attention, causal convolution

  private static let linear: [OperatorRule] = [
    OperatorRule("LinearAttention") { context throws(OperatorFault) in
      let (q, k) = (try context.input(0, rank: 3), try context.input(1, rank: 3))
      let v = try context.input(2, rank: 3)
      let queries = try AttentionOperators.heads("q_num_heads", dividing: q.shape[2], context)
      let keys = try AttentionOperators.heads("kv_num_heads", dividing: k.shape[2], context)
      guard v.shape[2] % keys == 0 else { throw .attributeValue("kv_num_heads") }
      let width = v.shape[2] / keys
      context.setOutput(
        0, q.elementType,
        [q.shape[0], q.shape[1], try Extents.product(max(queries, keys), width)])
      let state = context.optional(3)?.elementType ?? q.elementType
      let slot = [q.shape[0], keys, k.shape[2] / keys, width]
      context.setOutput(1, state, try window(context) + slot)
    },
    OperatorRule("GatedDeltaNet") { context throws(OperatorFault) in
      try setDeltaNet(&context)
    },
    OperatorRule("CausalConvWithState") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 3)
      context.setOutput(0, x.elementType, x.shape)
      if context.hasInput(3) {
        let state = try context.input(3)
        context.setOutput(1, state.elementType, state.shape)
        return
      }
      guard try context.int("ndim", default: 1) == 1 else { return }
      let steps = try kept(context.input(1, rankAtLeast: 1).shape.last ?? 1, context)
      var slot = x.shape
      slot[try context.flag("channels_last") ? 1 : 2] = steps
      context.setOutput(1, x.elementType, try window(context) + slot)
    },
    OperatorRule("VarlenCausalConvWithState") { context throws(OperatorFault) in
      let (x, state) = (try context.input(0, rank: 2), try context.input(4, rank: 3))
      let capacity = try capacity("state_update_capacity", context)
      context.setOutput(0, x.elementType, x.shape)
      context.setOutput(1, state.elementType, state.shape)
      context.setOutput(2, x.elementType, [state.shape[0], capacity, x.shape[1]])
    },
  ]

  /// The steps that a causal convolution carries over.
  private static func kept(
    _ taps: Int, _ context: OperatorContext
  ) throws(OperatorFault) -> Int {
    let dilation = try context.int("dilation", default: 1)
    guard dilation >= 1 else { throw .attributeValue("dilation") }
    return try Extents.product(max(taps - 1, 0), dilation)
  }

  /// The leading axis of states that hold one slot for each of the last positions.
  private static func window(_ context: OperatorContext) throws(OperatorFault) -> [Int] {
    let slots = try context.int("state_window", default: 0)
    guard slots >= 0 else { throw .attributeValue("state_window") }
    return slots > 0 ? [slots] : []
  }

  private static func capacity(
    _ name: String, _ context: OperatorContext
  ) throws(OperatorFault) -> Int {
    let capacity = try context.int(name, default: 0)
    guard capacity >= 0, capacity <= OperatorContext.extentLimit else {
      throw .attributeValue(name)
    }
    return capacity
  }

  /// Queries, keys and values are (tokens, heads, width), or (batch, steps, heads, width), or packed
  /// side by side, where the state tells heads and widths.
  private static func setDeltaNet(_ context: inout OperatorContext) throws(OperatorFault) {
    let q = try context.input(0, rankAtLeast: 2)
    let state = try context.hasInput(6) ? context.input(6, rank: 4) : nil
    let outer: [Int]
    let (valueHeads, valueWidth, width): (Int, Int, Int)
    var keyHeads: Int
    if context.hasInput(1) {
      let (k, v) = (try context.input(1, rankAtLeast: 3), try context.input(2, rankAtLeast: 3))
      outer = Array(q.shape.dropLast(2))
      (valueHeads, valueWidth) = (v.shape[v.rank - 2], v.shape[v.rank - 1])
      (keyHeads, width) = (k.shape[k.rank - 2], k.shape[k.rank - 1])
    } else {
      guard let state else { throw .missingInput(6) }
      outer = Array(q.shape.dropLast())
      (valueHeads, valueWidth, width) = (state.shape[1], state.shape[2], state.shape[3])
      let rows = q.shape[q.rank - 1] - (try Extents.product(valueHeads, valueWidth))
      guard width > 0, rows >= 0 else {
        throw .extents(q.shape, state.shape, reason: "packed rows are not those of the state")
      }
      keyHeads = rows / 2 / width
    }
    keyHeads = max(keyHeads, 0)
    context.setOutput(0, q.elementType, outer + [max(keyHeads, valueHeads), valueWidth])
    var batch = state?.shape[0] ?? 0
    if state == nil, context.hasInput(3) { batch = try context.input(3, rank: 1).shape[0] - 1 }
    context.setOutput(1, .float32, [max(batch, 0), valueHeads, valueWidth, width])
    let row = try Extents.sum(
      try Extents.sum(valueHeads, try Extents.product(keyHeads, width)),
      try Extents.product(valueHeads, valueWidth))
    let captured = try capacity("state_update_capacity", context)
    context.setOutput(2, .float32, [max(batch, 0), try Extents.product(captured, row)])
  }

  // MARK: What sparse attention reads, hashes of tokens

  private static let indexing: [OperatorRule] = [
    OperatorRule("SparseAttentionIndexer") { context throws(OperatorFault) in
      let (q, past) = (try context.input(0, rank: 3), try context.input(7, rank: 3))
      context.setOutput(0, .int32, [q.shape[0], q.shape[1], try selected(context)])
      if context.hasInput(12) {
        context.setOutput(1, past.elementType, past.shape)
      } else if try context.string("policy_mode", default: "") == "qsa" {
        context.setOutput(
          1, past.elementType, [past.shape[0], past.shape[1] + q.shape[1], past.shape[2]])
      }
    },
    OperatorRule("PackedSparseAttentionIndexer") { context throws(OperatorFault) in
      let q = try context.input(0, rank: 2)
      context.setOutput(0, .int32, [q.shape[0], try selected(context)])
      context.setOutput(1, .int32, [q.shape[0]])
      for (output, input) in [12, 13, 14, 15].enumerated() where context.hasInput(input) {
        let state = try context.input(input)
        context.setOutput(output + 2, state.elementType, state.shape)
      }
      let keys = try context.input(12, rank: 3)
      let captured = try capacity("state_update_capacity", context)
      context.setOutput(6, keys.elementType, [keys.shape[0], captured, keys.shape[2]])
    },
    OperatorRule("NGramHashMapping") { context throws(OperatorFault) in
      let ids = try context.input(0, rank: 2)
      let (grams, hashes) = try hashing(context)
      context.setOutput(0, ids.elementType, ids.shape + [hashes])
      context.setOutput(1, ids.elementType, [ids.shape[0], grams])
    },
    OperatorRule("VarlenNGramHashMapping") { context throws(OperatorFault) in
      let ids = try context.input(0, rank: 1)
      let batch = max(try context.input(3, rank: 1).shape[0] - 1, 0)
      let (grams, hashes) = try hashing(context)
      context.setOutput(0, ids.elementType, ids.shape + [hashes])
      context.setOutput(1, ids.elementType, [batch, grams])
      context.setOutput(2, .int32, [batch, grams])
      let captured = try capacity("state_update_capacity", context)
      context.setOutput(3, ids.elementType, [batch, captured, grams])
    },
  ]

  /// How many entries are selected for each query.
  private static func selected(_ context: OperatorContext) throws(OperatorFault) -> Int {
    switch try context.string("policy_mode", default: "") {
    case "qsa":
      let ratio = try capacity("compress_ratio", context)
      return max(try Extents.sum(try capacity("token_budget", context), ratio) - 1, 0)
    case "csa": return try capacity("index_topk", context)
    default: throw .attributeValue("policy_mode")
    }
  }

  /// How many tokens before the first are looked at, and how many hashes each token gets.
  private static func hashing(
    _ context: OperatorContext
  ) throws(OperatorFault) -> (grams: Int, hashes: Int) {
    let largest = try capacity("max_ngram_size", context)
    guard largest >= 1 else { throw .attributeValue("max_ngram_size") }
    let heads = try capacity("n_head_per_ngram", context)
    return (largest - 1, try Extents.product(largest - 1, heads))
  }
}
