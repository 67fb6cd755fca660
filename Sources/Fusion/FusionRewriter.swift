// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Puts groups of blocks, and merges, into rewrites of a graph.
struct FusionRewriter {
  let analysis: FusionAnalysis
  private var view: FusionView { analysis.view }
  private var graph: Graph { view.graph }

  // MARK: Blocks

  /// Makes a group one wide block, or several where it is cut along the hidden axis.
  ///
  /// - Parameter pieces: How many wide blocks to make, of as many hidden units each.
  func add(_ group: FusionGroup, pieces: Int, to rewrite: inout Rewrite) {
    let blocks = group.members.map { analysis.blocks[$0] }
    rewrite.prefix = "fused.ffn" + group.members.map(String.init).joined(separator: "-")
    // Where the blocks share a stream, the one with a norm of its own is asked for it.
    let source = blocks.first { !isSkip($0.norm) } ?? blocks[0]
    let (first, last) = (group.isSequential ? blocks[0] : source, blocks[blocks.count - 1])
    let anchor = last.down.node
    let folds = analysis.foldsNorms(group.members)
    let input =
      folds ? unscaled(first, of: blocks, in: &rewrite) : first.up[0].input
    // The biases of sums that vanish.
    let vanishing = group.isSequential ? blocks.dropLast().flatMap(\.sum.biases) : []
    var results: [TensorID] = []
    for (piece, slices) in HiddenSlice.parts(of: blocks, count: pieces).enumerated() {
      let wide = WideBlock(
        of: slices, reading: input, foldsNorms: folds,
        extraBiases: piece == 0 ? vanishing : [], in: view)
      results.append(wide.add(to: &rewrite, at: anchor))
    }
    var result = results[0]
    for other in results.dropFirst() { result = rewrite.addSum(result, other, "sum", at: anchor) }

    rewrite.redirect(last.down.output, to: result, at: anchor)
    dropScale(of: last, in: &rewrite)
    if group.isSequential {
      // The last sum stays, of the stream that goes into the first block.
      rewrite.redirect(last.streamLeaf, to: blocks[0].streamLeaf, at: last.sum.root)
    } else {
      removeSummands(of: Array(blocks.dropLast()), keeping: last, in: &rewrite)
    }
  }

  private func isSkip(_ norm: Norm) -> Bool {
    norm.fusedNode.map { view.role(of: $0).isSkipNorm } ?? false
  }

  /// The norm of a block without its scale and bias.
  private func unscaled(
    _ block: FFNBlock, of blocks: [FFNBlock], in rewrite: inout Rewrite
  ) -> TensorID {
    let norm = block.norm
    if norm.scale == nil && norm.bias == nil { return block.up[0].input }
    if let unscaled = norm.unscaled { return converted(unscaled, by: norm, in: &rewrite) }
    guard let node = norm.fusedNode, let old = view.result(of: node), let scale = norm.scale else {
      preconditionFailure("a scaled norm has a node that scales")
    }
    let result = rewrite.addActivation(
      "normalized", graph[old].elementType, Array(graph.shape(of: old)))
    var inputs = Array(graph.inputs(of: node))
    let first = view.role(of: node).isSkipNorm ? 2 : 1
    inputs[first] = rewrite.addWeight(
      "ones", graph[inputs[first]].elementType, Array(graph.shape(of: scale)), .fill(1))
    if norm.kind == .layerNorm, inputs.count > first + 1 { inputs[first + 1] = .absent }
    while inputs.last?.isAbsent == true { inputs.removeLast() }
    var outputs: [TensorID] = [result]
    if view.role(of: node).isSkipNorm, isReadOnly(old, by: blocks) {
      // One node makes both the sum and what is normalized of it.
      outputs += graph.outputs(of: node).dropFirst().map { output in
        output.isAbsent || view.readers(of: output).isEmpty && !view.isOutput[output.index]
          ? .absent : output
      }
      rewrite.remove(node)
    }
    rewrite.addCopy(of: node, inputs: inputs, outputs: outputs, at: node)
    return converted(result, by: norm, in: &rewrite)
  }

  /// What is normalized in the type that the projections read.
  private func converted(
    _ normalized: TensorID, by norm: Norm, in rewrite: inout Rewrite
  ) -> TensorID {
    var result = normalized
    for node in norm.conversions {
      guard let old = view.result(of: node) else { continue }
      let next = rewrite.addActivation(
        "converted", graph[old].elementType, Array(graph.shape(of: old)))
      rewrite.addCopy(of: node, inputs: [result], outputs: [next], at: node)
      result = next
    }
    return result
  }

  private func isReadOnly(_ tensor: TensorID, by blocks: [FFNBlock]) -> Bool {
    let inside = Set(blocks.flatMap(\.nodes))
    return !view.isOutput[tensor.index]
      && view.readers(of: tensor).allSatisfy { inside.contains($0) }
  }

  /// Takes out what multiplies a block's result, which is in its matrix by now.
  private func dropScale(of block: FFNBlock, in rewrite: inout Rewrite) {
    guard block.outputScale != nil,
      let node = block.outputPath.first(where: { view.role(of: $0) == .pointwise }),
      let result = view.result(of: node),
      let input = graph.inputs(of: node).first(where: { !$0.isAbsent && view.stored($0) == nil })
    else { return }
    rewrite.redirect(result, to: input, at: node)
    rewrite.remove(node)
  }

  /// Writes a sum anew without some of its summands.
  private func removeSummands(
    of blocks: [FFNBlock], keeping kept: FFNBlock, in rewrite: inout Rewrite
  ) {
    let sum = kept.sum
    let gone = Set(blocks.map(\.leaf))
    let leaves = sum.leaves.filter { !gone.contains($0) }
    let anchor = sum.root
    // What the kept leaf is read as; the patch's own nodes read what they name.
    func current(_ leaf: TensorID) -> TensorID { rewrite.target(of: leaf) }
    var total = current(leaves[0])
    var rest = leaves.dropFirst().map(current)
    let inner = sum.isSkipNorm ? sum.biases.dropLast(skipBiasCount(sum)) : sum.biases[...]
    rest += inner
    guard sum.isSkipNorm, let last = rest.popLast() else {
      guard let result = sum.result else { return }
      rewrite.remove(sum.root)
      for node in sum.inner { rewrite.remove(node) }
      guard let last = rest.popLast() else {
        // Nothing else is summed.
        rewrite.addNode(
          "Identity", inputs: [total], outputs: [result],
          effects: [Effect(.mayAlias, output: 0, of: 0)], at: anchor)
        return
      }
      for other in rest { total = rewrite.addSum(total, other, "sum", at: anchor) }
      rewrite.addSum(total, last, into: result, at: anchor)
      return
    }
    for node in sum.inner { rewrite.remove(node) }
    for other in rest { total = rewrite.addSum(total, other, "sum", at: anchor) }
    var inputs = Array(graph.inputs(of: sum.root))
    (inputs[0], inputs[1]) = (total, last)
    rewrite.remove(sum.root)
    rewrite.addCopy(
      of: sum.root, inputs: inputs, outputs: Array(graph.outputs(of: sum.root)), at: anchor)
  }

  /// Whether the last of a sum's biases is an operand of its root.
  private func skipBiasCount(_ sum: ResidualSum) -> Int {
    let place = view.role(of: sum.root) == .skipLayerNorm ? 4 : 3
    return view.operand(place, of: sum.root) == nil ? 0 : 1
  }

  // MARK: Merges

  /// Makes projections of one input one product.
  func add(_ merge: ProjectionMerge, number: Int, to rewrite: inout Rewrite) {
    let projections = merge.projections
    rewrite.prefix = "fused.\(merge.kind.rawValue)\(number)"
    let first = projections[0]
    let anchor = first.node
    let hasBias = projections.contains { $0.bias != nil }
    let biases = projections.map { projection in
      WeightRecipe.VectorPart(
        count: projection.outputWidth,
        terms: projection.bias.map {
          [
            .vector(
              graph.name(of: $0), range: 0..<projection.outputWidth, scale: nil)
          ]
        } ?? [])
    }
    let widths = projections.map(\.outputWidth)
    let product = rewrite.addProjection(
      like: first, reading: first.input, type: graph[first.weight.tensor].elementType,
      parts: projections.map {
        WeightRecipe.MatrixPart(
          source: graph.name(of: $0.weight.tensor), rows: $0.inputWidth, columns: $0.outputWidth,
          isTransposed: $0.isTransposed, range: 0..<$0.outputWidth, factor: $0.factor)
      }, along: .columns, rows: first.inputWidth, columns: widths.reduce(0, +),
      biases: hasBias ? biases : nil, name: "projection", at: anchor)
    // The parts keep the names of what they were.
    for projection in projections {
      if let producer = view.producer(of: projection.output) { rewrite.remove(producer) }
    }
    rewrite.addSplit(product, into: widths, outputs: projections.map(\.output), at: anchor)
  }

  // MARK: Attention

  /// The rewrite that takes an attention layer out: what follows reads the stream that went in.
  ///
  /// Source: He et al., "What Matters in Transformers? Not All Attention is Needed", arXiv 2406.15786.
  func rewrite(dropping layer: AttentionLayer) -> Rewrite? {
    guard let result = layer.result,
      ([layer.sum.root] + layer.sum.inner).allSatisfy({ view.role(of: $0) != .quantizedAdd })
    else { return nil }
    var rewrite = Rewrite("drop attention", for: view)
    rewrite.prefix = "dropped"
    let leaves = layer.sum.leaves.filter { $0 != layer.leaf }
    let root = layer.sum.root
    guard leaves.count > 1 else {
      // What is added besides is the bias of the layer's last projection, which goes with it.
      if layer.sum.isSkipNorm {
        guard addNorm(of: layer.streamLeaf, like: root, to: &rewrite) else { return nil }
      }
      rewrite.redirect(result, to: layer.streamLeaf, at: root)
      rewrite.remove(root)
      return rewrite
    }
    guard !layer.sum.isSkipNorm, layer.sum.biases.isEmpty else { return nil }
    rewrite.remove(root)
    for node in layer.sum.inner { rewrite.remove(node) }
    var total = leaves[0]
    for other in leaves.dropFirst().dropLast() {
      total = rewrite.addSum(total, other, "sum", at: root)
    }
    rewrite.addSum(total, leaves[leaves.count - 1], into: result, at: root)
    return rewrite
  }

  /// Adds the norm of a node that sums first, of one tensor alone, into the tensor that the node
  /// makes.
  private func addNorm(
    of input: TensorID, like node: NodeID, to rewrite: inout Rewrite
  ) -> Bool {
    guard let output = view.result(of: node), let scale = view.operand(2, of: node) else {
      return false
    }
    let isRMS = view.role(of: node) == .skipRMSNorm
    var inputs = [input, scale]
    if !isRMS, let bias = view.operand(3, of: node) { inputs.append(bias) }
    let epsilon = view.real("epsilon", of: node, default: 1e-12)
    rewrite.addNode(
      isRMS ? "SimplifiedLayerNormalization" : "LayerNormalization", inputs: inputs,
      outputs: [output],
      attributes: [Attribute("axis", .int(-1)), Attribute("epsilon", .float(epsilon))], at: node)
    return true
  }
}
