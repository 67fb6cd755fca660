// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Attention in its variants, with caches and carried states.
enum AttentionOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("Attention") { context throws(OperatorFault) in try attention(&context) },
    ElementwiseOperators.sameShape("RotaryEmbedding"),
    OperatorRule("LinearAttention") { context throws(OperatorFault) in
      let (q, k) = (try context.input(0, rank: 3), try context.input(1, rank: 3))
      let v = try context.input(2, rank: 3)
      let queryHeads = try heads("q_num_heads", dividing: q.shape[2], context)
      let heads = try heads("kv_num_heads", dividing: k.shape[2], context)
      guard v.shape[2] % heads == 0 else { throw .attributeValue("kv_num_heads") }
      let width = v.shape[2] / heads
      context.setOutput(
        0, q.elementType, [q.shape[0], q.shape[1], try Extents.product(queryHeads, width)])
      let state = context.optional(3)?.elementType ?? q.elementType
      context.setOutput(1, state, [q.shape[0], heads, k.shape[2] / heads, width])
    },
    OperatorRule("CausalConvWithState") { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rank: 3), try context.input(1, rank: 3))
      context.setOutput(0, x.elementType, x.shape)
      context.setOutput(1, x.elementType, [x.shape[0], x.shape[1], max(w.shape[2] - 1, 0)])
    },
  ]

  /// The number of heads that an attribute states, which divides what they are packed into.
  static func heads(
    _ name: String, dividing extent: Int, _ context: OperatorContext
  ) throws(OperatorFault) -> Int {
    guard let heads = try context.int(name) else { throw .missingAttribute(name) }
    guard heads > 0, extent % heads == 0 else { throw .attributeValue(name) }
    return heads
  }

  /// Queries, keys and values come as (batch, heads, steps, width), or packed as (batch, steps,
  /// heads · width).
  private static func attention(_ context: inout OperatorContext) throws(OperatorFault) {
    let (q, k, v) = (try context.input(0), try context.input(1), try context.input(2))
    func unpacked(_ x: ValueFact, _ name: String, _ index: Int) throws(OperatorFault) -> [Int] {
      if x.rank == 4 { return x.shape }
      guard x.rank == 3 else { throw .rank(input: index, shape: x.shape, needed: "3 or 4 axes") }
      let heads = try heads(name, dividing: x.shape[2], context)
      return [x.shape[0], heads, x.shape[1], x.shape[2] / heads]
    }
    let queries = try unpacked(q, "q_num_heads", 0)
    let keys = try unpacked(k, "kv_num_heads", 1)
    let values = try unpacked(v, "kv_num_heads", 2)
    let past = try context.hasInput(4) ? context.input(4, rank: 4).shape[2] : 0
    let total = try Extents.sum(past, keys[2])
    context.setOutput(
      0, q.elementType,
      q.rank == 4
        ? [queries[0], queries[1], queries[2], values[3]]
        : [queries[0], queries[2], try Extents.product(queries[1], values[3])])
    context.setOutput(1, k.elementType, [keys[0], keys[1], total, keys[3]])
    context.setOutput(2, v.elementType, [values[0], values[1], total, values[3]])
    context.setOutput(3, q.elementType, [queries[0], queries[1], queries[2], total])
  }

  /// Rules of ONNX's preview domain.
  static let previewRules: [OperatorRule] = [
    OperatorRule("FlexAttention") { context throws(OperatorFault) in
      let (q, v) = (try context.input(0, rank: 4), try context.input(2, rank: 4))
      context.setOutput(0, q.elementType, Array(q.shape[..<3]) + [v.shape[3]])
    }
  ]
}
