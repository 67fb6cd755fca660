// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// ONNX Runtime's fused attention: projections inside or outside, packed or padded, quantized, with
/// caches that grow or are as long as they will ever be.
enum MicrosoftAttentionOperators {
  static let rules: [OperatorRule] = projecting + separate + grouped + others

  // MARK: Projections inside

  private static let projecting: [OperatorRule] = [
    projecting("Attention", past: 4), projecting("DecoderMaskedSelfAttention", past: 4),
    projecting("PackedAttention", past: nil),
    projecting("QAttention", past: 8, type: 3),
    OperatorRule("QOrderedAttention") { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rank: 3), try context.input(7, rank: 2))
      context.setOutput(0, x.elementType, [x.shape[0], x.shape[1], w.shape[1]])
    },
    ElementwiseOperators.sameShape("LongformerAttention"),
    ElementwiseOperators.sameShape("QOrderedLongformerAttention"),
  ]

  /// The rule of attention whose input 1 holds the weights of queries, keys and values side by side.
  ///
  /// - Parameters:
  ///   - past: The input that holds keys and values of earlier steps, (2, batch, heads, steps,
  ///     width).
  ///   - type: The input of whose type the results are.
  private static func projecting(_ name: String, past: Int?, type: Int = 0) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let (x, w) = (try context.input(0, rankAtLeast: 2), try context.input(1, rank: 2))
      var widths = [w.shape[1] / 3, w.shape[1] / 3, w.shape[1] / 3]
      if let stated = try context.ints("qkv_hidden_sizes"), !stated.isEmpty {
        guard stated.count == 3, stated.allSatisfy({ $0 >= 0 }) else {
          throw .attributeValue("qkv_hidden_sizes")
        }
        widths = stated
      }
      let result = try context.input(type).elementType
      context.setOutput(0, result, Array(x.shape.dropLast()) + [widths[2]])
      guard let past, x.rank == 3 else { return }
      if context.hasInput(past) {
        let old = try context.input(past, rank: 5)
        var shape = old.shape
        if try !context.flag("past_present_share_buffer") { shape[3] += x.shape[1] }
        context.setOutput(1, old.elementType, shape)
      } else if context.outputs.count > 1 {
        let heads = try AttentionHeads(rows: widths[0], isPacked: false, context)
        context.setOutput(
          1, result, [2, x.shape[0], heads.queries, x.shape[1], heads.width])
      }
    }
  }

  // MARK: Projections outside

  private static let separate: [OperatorRule] = [
    OperatorRule("MultiHeadAttention") { context throws(OperatorFault) in
      try attend(&context, caches: 6, length: 8)
    },
    OperatorRule("DecoderMaskedMultiHeadAttention") { context throws(OperatorFault) in
      try attend(&context, caches: 5, length: 7)
    },
    OperatorRule("PackedMultiHeadAttention") { context throws(OperatorFault) in
      let q = try context.input(0, rankAtLeast: 2)
      let width =
        try q.rank == 4
        ? Extents.product(q.shape[1], q.shape[3]) : context.input(2, rank: 2).shape[1]
      context.setOutput(0, q.elementType, [q.shape[0], width])
    },
    OperatorRule("DecoderAttention") { context throws(OperatorFault) in
      try attendWithState(&context)
    },
  ]

  /// What the keys or the values of an attention are.
  private struct Memory {
    var steps: Int
    var heads: Int
    var width: Int
    /// Whether they come as a cache of an earlier run, to which nothing is added.
    var isCache: Bool

    var rows: Int {
      get throws(OperatorFault) { try Extents.product(heads, width) }
    }

    /// Reads (batch, steps, heads · width), (batch, steps, heads, 2, width) or (batch, heads, steps,
    /// width).
    init(_ fact: ValueFact, input: Int, heads: Int) throws(OperatorFault) {
      switch fact.rank {
      case 3:
        guard fact.shape[2] % heads == 0 else { throw .attributeValue("num_heads") }
        self.init(steps: fact.shape[1], heads: heads, width: fact.shape[2] / heads, isCache: false)
      case 4:
        self.init(
          steps: fact.shape[2], heads: fact.shape[1], width: fact.shape[3], isCache: true)
      case 5:
        self.init(
          steps: fact.shape[1], heads: fact.shape[2], width: fact.shape[4], isCache: false)
      default: throw .rank(input: input, shape: fact.shape, needed: "3 to 5 axes")
      }
    }

    init(steps: Int, heads: Int, width: Int, isCache: Bool) {
      self.steps = steps
      self.heads = heads
      self.width = width
      self.isCache = isCache
    }
  }

  /// Attention of queries to keys and values that are operands.
  ///
  /// - Parameters:
  ///   - caches: The input that holds the keys of earlier steps, before that of the values.
  ///   - length: The input that says how much of caches as long as they get is in use.
  private static func attend(
    _ context: inout OperatorContext, caches: Int, length: Int
  ) throws(OperatorFault) {
    let q = try context.input(0, rankAtLeast: 3)
    guard let heads = try context.int("num_heads"), heads > 0,
      heads <= OperatorContext.extentLimit
    else { throw .attributeValue("num_heads") }
    let (batch, steps) = (q.shape[0], q.shape[1])
    let keys: Memory
    let values: Memory
    if let key = context.optional(1) {
      keys = try Memory(key, input: 1, heads: heads)
      values = try context.hasInput(2) ? Memory(context.input(2), input: 2, heads: heads) : keys
    } else if q.rank == 5 {
      keys = try Memory(q, input: 0, heads: heads)
      values = keys
    } else {
      // Queries, keys and values of one width, side by side.
      guard q.shape[2] % 3 == 0, q.shape[2] / 3 % heads == 0 else {
        throw .attributeValue("num_heads")
      }
      keys = Memory(steps: steps, heads: heads, width: q.shape[2] / 3 / heads, isCache: false)
      values = keys
    }
    context.setOutput(0, q.elementType, [batch, steps, try values.rows])

    var total = keys.steps
    if context.hasInput(caches) {
      let old = try context.input(caches, rank: 4).shape[2]
      let isShared =
        try context.flag("past_present_share_buffer") || context.hasInput(length)
      total = isShared ? old : try Extents.sum(old, total)
    }
    context.setOutput(1, q.elementType, [batch, keys.heads, total, keys.width])
    context.setOutput(2, q.elementType, [batch, values.heads, total, values.width])
    context.setOutput(3, q.elementType, [batch, heads, steps, total])
  }

  /// Attention of a decoder that truth values tell whether it reads, and adds to, its caches.
  private static func attendWithState(
    _ context: inout OperatorContext
  ) throws(OperatorFault) {
    let (q, k) = (try context.input(0, rank: 3), try context.input(1, rank: 3))
    context.setOutput(0, q.elementType, q.shape)
    let heads = try AttentionHeads(rows: q.shape[2], isPacked: false, context)
    let old = try context.hasInput(6) ? context.input(6, rank: 4).shape[2] : 0
    func truth(_ index: Int) -> Bool? {
      context.optional(index)?.integers?.first.map { $0 != 0 }
    }
    let steps: Int?
    switch (truth(8), truth(9), truth(10)) {
    case (true?, true?, true?): steps = old
    case (true?, _?, _?): steps = k.shape[0]
    case (false?, true?, true?): steps = try Extents.sum(old, q.shape[0])
    case (false?, _?, _?): steps = q.shape[0]
    default: steps = nil
    }
    let most = max(try Extents.sum(old, q.shape[0]), k.shape[0])
    for output in 1...2 {
      var fact = ValueFact(
        q.elementType, [q.shape[1], heads.queries, steps ?? most, heads.width])
      fact.isUpperBound = steps == nil
      context.setOutput(output, fact)
    }
  }

  // MARK: Groups of heads with caches

  private static let grouped: [OperatorRule] = [
    OperatorRule("GroupQueryAttention") { context throws(OperatorFault) in
      try attendInGroups(&context)
    },
    inFixedCaches("DynamicSparseAttention"), inFixedCaches("SparseAttention"),
    paged("PagedAttention"), paged("SparsePagedAttention"),
  ]

  /// The rule of attention whose caches, inputs 3 and 4, are as long as they will ever be.
  private static func inFixedCaches(_ name: String) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let q = try context.input(0, rank: 3)
      let heads = try AttentionHeads(
        rows: q.shape[2], isPacked: !context.hasInput(1), context)
      context.setOutput(0, q.elementType, [q.shape[0], q.shape[1], try heads.rows])
      for (output, input) in [3, 4].enumerated() where context.hasInput(input) {
        let cache = try context.input(input)
        context.setOutput(output + 1, cache.elementType, cache.shape)
      }
    }
  }

  /// Keys and values of earlier steps come as inputs 3 and 4, (batch, heads, steps, width); a cache
  /// grows only where the steps there are in all, which input 6 tells, do not fit into it.
  private static func attendInGroups(_ context: inout OperatorContext) throws(OperatorFault) {
    let q = try context.input(0, rank: 3)
    let heads = try AttentionHeads(rows: q.shape[2], isPacked: !context.hasInput(1), context)
    let (batch, steps) = (q.shape[0], q.shape[1])
    context.setOutput(0, q.elementType, [batch, steps, try heads.rows])

    let added = try context.hasInput(1) ? context.input(1, rank: 3).shape[1] : steps
    var old = 0
    var cached = [heads.width, heads.width]
    var type = q.elementType
    if context.hasInput(3), context.hasInput(4) {
      let (keys, values) = (try context.input(3, rank: 4), try context.input(4, rank: 4))
      old = keys.shape[2]
      cached = [keys.shape[3], values.shape[3]]
      type = keys.elementType
    }
    var total = try Extents.sum(old, added)
    let stated = context.optional(6)
    let isKnown = stated?.integers?.count == 1 && stated?.isUpperBound == false
    if let stated = stated?.integers?.first, isKnown {
      total = max(old, try Extents.extent(stated, input: 6))
    }
    func set(_ output: Int, _ type: ElementType, _ shape: [Int]) {
      var fact = ValueFact(type, shape)
      fact.isUpperBound = !isKnown
      context.setOutput(output, fact)
    }
    set(1, type, [batch, heads.keys, total, cached[0]])
    set(2, type, [batch, heads.keys, total, cached[1]])
    set(3, q.elementType, [batch, heads.queries, steps, total])
  }

  /// The rule of attention over caches cut into pages, which are updated where they lie.
  private static func paged(_ name: String) -> OperatorRule {
    OperatorRule(name) { context throws(OperatorFault) in
      let q = try context.input(0, rank: 2)
      let heads = try AttentionHeads(
        rows: q.shape[1], isPacked: !context.hasInput(1), context)
      let stated = try context.int("v_head_size") ?? 0
      let width = stated > 0 ? stated : heads.width
      context.setOutput(
        0, q.elementType, [q.shape[0], try Extents.product(heads.queries, width)])
      for (output, input) in [3, 4].enumerated() where context.hasInput(input) {
        let cache = try context.input(input)
        context.setOutput(output + 1, cache.elementType, cache.shape)
      }
    }
  }

  // MARK: Around attention

  private static let others: [OperatorRule] = [
    ElementwiseOperators.sameShape("RotaryEmbedding"),
    ElementwiseOperators.sameShape("MRotaryEmbedding"),
    OperatorRule("GemmaRotaryEmbedding") { context throws(OperatorFault) in
      for (output, input) in [1, 3].enumerated() {
        let source = try context.input(input)
        context.setOutput(output, source.elementType, source.shape)
      }
    },
    OperatorRule("RelativePositionBias") { context throws(OperatorFault) in
      let table = try context.input(0, rank: 2)
      let queries = try Extents.extent(Int64(try context.integer(1)), input: 1)
      let keys = try Extents.extent(Int64(try context.integer(2)), input: 2)
      context.setOutput(0, table.elementType, [1, table.shape[1], queries, keys])
    },
    OperatorRule("GatedRelativePositionBias") { context throws(OperatorFault) in
      let queries = try context.input(0, rankAtLeast: 2)
      let positions = try context.input(2, rank: 4)
      // Packed queries have no axis for the batch; the offsets of their tokens have.
      let batch = try queries.rank == 3 ? queries.shape[0] : context.input(6, rank: 2).shape[0]
      context.setOutput(0, queries.elementType, [batch] + positions.shape[1...])
    },
    OperatorRule("RemovePadding") { context throws(OperatorFault) in
      let x = try context.input(0, rank: 3)
      let most = try Extents.product(x.shape[0], x.shape[1])
      let counts = context.optional(1)
      if let counts = counts?.integers, context.optional(1)?.isUpperBound == false {
        var total = 0
        for count in counts { total = try Extents.sum(total, try Extents.extent(count, input: 1)) }
        context.setOutput(0, x.elementType, [total, x.shape[2]])
      } else {
        context.setBound(0, x.elementType, [most, x.shape[2]])
      }
      context.setOutput(1, .int32, [x.shape[0], x.shape[1]])
      context.setOutput(2, .int32, [x.shape[0] + 1])
      context.setOutput(3, .int32, [1])
    },
    OperatorRule("RestorePadding") { context throws(OperatorFault) in
      let (x, offsets) = (try context.input(0, rank: 2), try context.input(1, rank: 2))
      context.setOutput(0, x.elementType, offsets.shape + [x.shape[1]])
    },
  ]
}
