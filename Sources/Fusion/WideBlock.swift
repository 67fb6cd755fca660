// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Writes hidden units of several feed-forward blocks of one input as one block: first matrices beside
/// each other, last ones below each other.
///
/// Source: Bercovich et al., "FFN Fusion", arXiv 2503.18908, Theorem 3.1. Deviations: scales and biases
/// of norms go into the matrices (`W1 ← diag(s) W1`, `b1 ← b1 + b W1`), scales of results into the last
/// ones (`W2 ← W2 diag(l)`); biases, hidden vectors and packed gates are put together, too.
struct WideBlock {
  /// What of which blocks, in the order in which the hidden units stand.
  let slices: [HiddenSlice]
  /// What the first projections are to read.
  let input: TensorID
  /// Whether that is normalized without scale and bias, so that those go into the matrices.
  let foldsNorms: Bool
  /// Further vectors that are added to the result.
  let extraBiases: [TensorID]
  /// The element type of the matrices.
  private let type: ElementType
  private let view: FusionView
  /// The block whose operators are copied.
  private var model: FFNBlock { slices[slices.count - 1].block }

  init(
    of slices: [HiddenSlice], reading input: TensorID, foldsNorms: Bool,
    extraBiases: [TensorID] = [],
    in view: FusionView
  ) {
    self.slices = slices
    self.input = input
    self.foldsNorms = foldsNorms
    self.extraBiases = extraBiases
    self.view = view
    type = view.graph[slices[0].block.down.weight.tensor].elementType
  }

  /// The number of hidden units.
  var width: Int { slices.reduce(0) { $0 + $1.units.count } }

  /// Adds the block's nodes and weights and returns its result.
  func add(to rewrite: inout Rewrite, at anchor: NodeID) -> TensorID {
    let expression = model.expression
    var ups: [[TensorID]] = []
    for slot in expression.projections.indices {
      ups.append(addUp(slot, to: &rewrite, at: anchor))
    }
    var values: [TensorID] = []
    for (index, term) in expression.terms.enumerated() {
      switch term {
      case .projected(let slot, let part, _): values.append(ups[slot][part])
      case .scalar, .unknownScalar: values.append(expression.tensors[index] ?? .absent)
      case .absent: values.append(.absent)
      case .vector(let slot):
        let used = expression.tensors[index].map { view.graph[$0].elementType } ?? type
        values.append(addVector(slot, as: used, to: &rewrite, at: anchor))
      case .operation(let kind, let attributes, let operands):
        guard let basis = expression.nodes[index] else {
          // In one operator with the projection.
          values.append(values[operands[0]])
          continue
        }
        let inputs = operands.map { values[$0] }
        var shape: [Int] = []
        for input in inputs where !input.isAbsent && rewrite.shape(of: input).count > shape.count {
          shape = rewrite.shape(of: input)
        }
        let result = rewrite.addActivation(
          "hidden", view.graph[view.result(of: basis) ?? .absent].elementType,
          Array(shape.dropLast()) + [width])
        if kind == view.graph.kind(of: basis) {
          rewrite.addCopy(of: basis, inputs: inputs, outputs: [result], at: anchor)
        } else {
          rewrite.addNode(
            kind, inputs: inputs, outputs: [result], attributes: attributes, at: anchor)
        }
        values.append(result)
      }
    }
    return addDown(values[values.count - 1], to: &rewrite, at: anchor)
  }

  // MARK: Projections

  /// Adds a first projection, and cuts it where it holds several parts.
  private func addUp(_ slot: Int, to rewrite: inout Rewrite, at anchor: NodeID) -> [TensorID] {
    let parts = model.expression.cuts[slot] == nil ? 1 : parts(of: slot)
    var matrices: [WeightRecipe.MatrixPart] = []
    var biases: [WeightRecipe.VectorPart] = []
    var hasBias = false
    for part in 0..<parts {
      for slice in slices {
        let (block, projection) = (slice.block, slice.block.up[slot])
        let first = part * (projection.outputWidth / parts)
        let range = first + slice.units.lowerBound..<first + slice.units.upperBound
        var matrix = self.matrix(projection, range)
        var terms: [WeightRecipe.VectorTerm] = []
        if let bias = projection.bias {
          terms.append(.vector(view.graph.name(of: bias), range: range, scale: nil))
        }
        if foldsNorms {
          if let bias = block.norm.bias {
            terms.append(.product(view.graph.name(of: bias), matrix))
          }
          matrix.rowScale = block.norm.scale.map { view.graph.name(of: $0) }
        }
        matrices.append(matrix)
        biases.append(WeightRecipe.VectorPart(count: range.count, terms: terms))
        hasBias = hasBias || !terms.isEmpty
      }
    }
    let total = width * parts
    let result = addProjection(
      like: model.up[slot], reading: input, matrices, .columns,
      rows: model.down.outputWidth, columns: total, biases: hasBias ? biases : nil, "up\(slot)",
      to: &rewrite, at: anchor)
    guard parts > 1 else { return [result] }
    return rewrite.addSplit(
      result, into: Array(repeating: width, count: parts), at: anchor)
  }

  private func parts(of slot: Int) -> Int {
    for term in model.expression.terms {
      if case .projected(slot, _, let parts) = term { return parts }
    }
    return 1
  }

  private func addDown(
    _ hidden: TensorID, to rewrite: inout Rewrite, at anchor: NodeID
  ) -> TensorID {
    var matrices: [WeightRecipe.MatrixPart] = []
    var terms: [WeightRecipe.VectorTerm] = []
    let columns = model.down.outputWidth
    for slice in slices {
      let block = slice.block
      let scale = block.outputScale.map { scale -> WeightRecipe.Scale in
        switch scale {
        case .vector(let tensor): WeightRecipe.Scale.vector(view.graph.name(of: tensor))
        case .scalar(let number): .number(number)
        }
      }
      var matrix = self.matrix(block.down, 0..<columns)
      matrix.columnScale = scale
      if slice.units.count < block.expression.width { matrix.rowRange = slice.units }
      matrices.append(matrix)
      // Of the slices of a block one adds its bias.
      if slice.units.lowerBound == 0, let bias = block.down.bias {
        terms.append(.vector(view.graph.name(of: bias), range: 0..<columns, scale: scale))
      }
    }
    for bias in extraBiases {
      terms.append(.vector(view.graph.name(of: bias), range: 0..<columns, scale: nil))
    }
    let bias = terms.isEmpty ? nil : [WeightRecipe.VectorPart(count: columns, terms: terms)]
    return addProjection(
      like: model.down, reading: hidden, matrices, .rows, rows: width, columns: columns,
      biases: bias, "down", to: &rewrite, at: anchor)
  }

  private func matrix(
    _ projection: Projection, _ range: Range<Int>
  ) -> WeightRecipe.MatrixPart {
    WeightRecipe.MatrixPart(
      source: view.graph.name(of: projection.weight.tensor), rows: projection.inputWidth,
      columns: projection.outputWidth, isTransposed: projection.isTransposed, range: range,
      factor: projection.factor)
  }

  /// A vector over hidden units, of all blocks.
  private func addVector(
    _ slot: Int, as used: ElementType, to rewrite: inout Rewrite, at anchor: NodeID
  ) -> TensorID {
    let vector = model.expression.vectors[slot]
    let parts = slices.map { slice in
      WeightRecipe.VectorPart(
        count: slice.units.count,
        terms: [
          .vector(
            view.graph.name(of: slice.block.expression.vectors[slot]), range: slice.units,
            scale: nil)
        ])
    }
    return rewrite.addParameter(
      "hidden.vector", view.graph[vector].elementType,
      view.graph.shape(of: vector).dropLast() + [width], .vector(parts), as: used, at: anchor)
  }

  private func addProjection(
    like basis: Projection, reading input: TensorID, _ parts: [WeightRecipe.MatrixPart],
    _ axis: WeightRecipe.Axis, rows: Int, columns: Int, biases: [WeightRecipe.VectorPart]?,
    _ name: String, to rewrite: inout Rewrite, at anchor: NodeID
  ) -> TensorID {
    rewrite.addProjection(
      like: basis, reading: input, type: type, parts: parts, along: axis, rows: rows,
      columns: columns, biases: biases, name: name, at: anchor)
  }
}

extension Rewrite {
  /// Adds a product with a new matrix, and its bias.
  ///
  /// A Gemm stays one where what it reads has two axes; all else becomes MatMul and Add, which take
  /// any number of axes.
  mutating func addProjection(
    like basis: Projection, reading input: TensorID, type: ElementType,
    parts: [WeightRecipe.MatrixPart], along axis: WeightRecipe.Axis, rows: Int, columns: Int,
    biases: [WeightRecipe.VectorPart]?, name: String, at anchor: NodeID
  ) -> TensorID {
    let role = view.role(of: basis.node)
    // A factor is in the matrix.
    let isGemm =
      (role == .gemm || role == .fusedGemm) && shape(of: input).count == 2 && basis.factor == 1
    let isTransposed = isGemm && view.integer("transB", of: basis.node) != 0
    let outputType = view.graph[basis.product].elementType
    let weight = addParameter(
      "\(name).weight", type, isTransposed ? [columns, rows] : [rows, columns],
      .matrix(parts: parts, along: axis, isTransposed: isTransposed), as: outputType, at: anchor)
    let bias = biases.map {
      addParameter("\(name).bias", type, [columns], .vector($0), as: outputType, at: anchor)
    }
    let product = addActivation(
      name, outputType, shape(of: input).dropLast() + [columns])
    if isGemm {
      addCopy(
        of: basis.node, inputs: [input, weight] + (bias.map { [$0] } ?? []), outputs: [product],
        at: anchor)
      return product
    }
    addNode("MatMul", inputs: [input, weight], outputs: [product], at: anchor)
    guard let bias else { return product }
    return addSum(product, bias, "\(name).biased", at: anchor)
  }

  /// Adds a weight that is stored in one type and used in another, as what it is made of is.
  mutating func addParameter(
    _ name: String, _ type: ElementType, _ shape: [Int], _ content: WeightRecipe.Content,
    as used: ElementType, at anchor: NodeID
  ) -> TensorID {
    let weight = addWeight(name, type, shape, content)
    guard type != used else { return weight }
    let result = addActivation("\(name).cast", used, shape)
    addNode(
      "Cast", inputs: [weight], outputs: [result],
      attributes: [Attribute("to", .int(Int64(used.rawValue)))], at: anchor)
    return result
  }

  /// Cuts a tensor along its last axis.
  mutating func addSplit(_ tensor: TensorID, into widths: [Int], at anchor: NodeID) -> [TensorID] {
    let shape = shape(of: tensor)
    let type = elementType(of: tensor)
    let outputs = widths.map { addActivation("part", type, shape.dropLast() + [$0]) }
    addSplit(tensor, into: widths, outputs: outputs, at: anchor)
    return outputs
  }

  /// As above, into tensors that are there.
  mutating func addSplit(
    _ tensor: TensorID, into widths: [Int], outputs: [TensorID], at anchor: NodeID
  ) {
    let sizes = widths.map(Int64.init)
    let axis = Attribute("axis", .int(Int64(shape(of: tensor).count - 1)))
    if opset >= 13 {
      let stated = addWeight("sizes", .int64, [sizes.count], .integers(sizes))
      addNode("Split", inputs: [tensor, stated], outputs: outputs, attributes: [axis], at: anchor)
    } else {
      addNode(
        "Split", inputs: [tensor], outputs: outputs,
        attributes: [axis, Attribute("split", .ints(sizes))], at: anchor)
    }
  }
}
