// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A graph as the search for feed-forward blocks sees it: who reads what, which tensors are the same
/// rows under another name, which are constants.
///
/// Making it costs O(graph). Positions in `readers` are those of the graph, ascending.
struct FusionView {
  let graph: Graph
  let values: StaticValues
  /// By node, what it is.
  let roles: [OperatorRole]
  /// By tensor, the tensor that has the same elements in rows of the same length: identities,
  /// dropout that drops nothing, reshapes that keep the last axis and quantisation are looked through.
  private(set) var canonical: [TensorID]
  /// By tensor, whether it is its canonical tensor but for quantisation, which rounds.
  private(set) var isQuantized: [Bool]
  /// The version of ONNX's own operators that the graph uses.
  let opset: Int
  /// By tensor, whether the caller gets it.
  private(set) var isOutput: [Bool]
  /// Whether the graph is a step of training, which is not rewritten.
  let isTraining: Bool

  /// By tensor, whether it is an input of the graph and stands for a weight.
  private(set) var isGiven: [Bool]

  private var readerStart: [Int]
  private var readerNodes: [NodeID]

  init(of graph: Graph, values: StaticValues) {
    self.graph = graph
    self.values = values
    let kinds = graph.operatorKinds.map(OperatorRole.init)
    var roles = graph.nodes.map { kinds[$0.kind.index] }
    opset = graph.operatorKinds.reduce(0) { $1.domain.isEmpty ? max($0, $1.version) : $0 }
    isTraining = graph.isTrainingStep
    for node in graph.nodeIDs {
      if graph.kind(of: node).type == "Dropout" {
        // The importer makes the result a view exactly where nothing is dropped.
        if graph.effects(of: node).contains(where: { $0.kind == .mayAlias || $0.kind == .alias }) {
          roles[node.index] = .identity
        }
      } else if roles[node.index] == .cast, let input = graph.inputs(of: node).first,
        let output = graph.outputs(of: node).first, !input.isAbsent, !output.isAbsent,
        graph[input].elementType == graph[output].elementType
      {
        roles[node.index] = .identity
      }
    }
    self.roles = roles

    var counts = [Int](repeating: 0, count: graph.tensors.count + 1)
    func isForward(_ node: NodeID) -> Bool {
      graph[node].phase == .unspecified || graph[node].phase == .forward
    }
    func eachRead(_ body: (Int, NodeID) -> Void) {
      for node in graph.nodeIDs where isForward(node) {
        let inputs = graph.inputs(of: node)
        for (position, tensor) in inputs.enumerated() where !tensor.isAbsent {
          // A node that reads a tensor twice is one reader.
          if inputs.prefix(position).contains(tensor) { continue }
          body(tensor.index, node)
        }
      }
    }
    eachRead { tensor, _ in counts[tensor + 1] += 1 }
    for index in 1..<counts.count { counts[index] += counts[index - 1] }
    readerStart = counts
    var next = counts
    var readers = [NodeID](repeating: NodeID(0), count: counts[counts.count - 1])
    eachRead { tensor, node in
      readers[next[tensor]] = node
      next[tensor] += 1
    }
    readerNodes = readers

    isOutput = [Bool](repeating: false, count: graph.tensors.count)
    for output in graph.outputs { isOutput[output.index] = true }
    canonical = Array(graph.tensorIDs)
    isQuantized = [Bool](repeating: false, count: graph.tensors.count)
    isGiven = isQuantized
    var casts: [Conversion: TensorID] = [:]
    for node in graph.nodeIDs {
      guard let input = graph.inputs(of: node).first, let output = graph.outputs(of: node).first,
        !input.isAbsent, !output.isAbsent
      else { continue }
      switch roles[node.index] {
      case .identity: rename(output, input)
      case .reshape where keepsRows(input, output): rename(output, input)
      case .quantize, .dequantize:
        // Weights that are stored quantised are constants; those that are made so on the way count
        // as activations here, which does not matter: constants are asked for first.
        guard graph[input].producer != nil || !graph[input].role.isResident else { continue }
        rename(output, input)
        isQuantized[output.index] = true
      case .cast:
        // The same conversion of the same tensor, made twice.
        let conversion = Conversion(
          source: canonical[input.index], type: graph[output].elementType)
        if let first = casts[conversion] {
          canonical[output.index] = first
          isQuantized[output.index] = isQuantized[input.index]
        } else {
          casts[conversion] = output
        }
      default: continue
      }
    }
    isGiven = givenWeights()
  }

  /// Makes a tensor another name of one.
  private mutating func rename(_ tensor: TensorID, _ source: TensorID) {
    canonical[tensor.index] = canonical[source.index]
    isQuantized[tensor.index] = isQuantized[source.index]
  }

  private struct Conversion: Hashable {
    var source: TensorID
    var type: ElementType
  }

  /// Whether a reshape keeps the last axis, so that what is done along it stays the same.
  private func keepsRows(_ input: TensorID, _ output: TensorID) -> Bool {
    guard let from = graph.shape(of: input).last, let to = graph.shape(of: output).last else {
      return false
    }
    return from == to && graph[input].bytes == graph[output].bytes
  }

  /// The nodes that read a tensor, ascending; of a training step the forward ones.
  func readers(of tensor: TensorID) -> ArraySlice<NodeID> {
    readerNodes[readerStart[tensor.index]..<readerStart[tensor.index + 1]]
  }

  /// The only reader of a tensor that is no output.
  func soleReader(of tensor: TensorID) -> NodeID? {
    let all = readers(of: tensor)
    guard all.count == 1, !isOutput[tensor.index] else { return nil }
    return all.first
  }

  func role(of node: NodeID) -> OperatorRole { roles[node.index] }

  func producer(of tensor: TensorID) -> NodeID? {
    tensor.isAbsent ? nil : graph[tensor].producer
  }

  /// Result 0 of a node.
  func result(of node: NodeID) -> TensorID? {
    guard let output = graph.outputs(of: node).first, !output.isAbsent else { return nil }
    return output
  }

  /// One operand of a node; `nil` where it is left out.
  func operand(_ position: Int, of node: NodeID) -> TensorID? {
    let inputs = graph.inputs(of: node)
    guard position < inputs.count else { return nil }
    let tensor = inputs[inputs.startIndex + position]
    return tensor.isAbsent ? nil : tensor
  }

  func attribute(_ name: String, of node: NodeID) -> AttributeValue? {
    graph.attributes(of: node).first { $0.name == name }?.value
  }

  func integer(_ name: String, of node: NodeID, default value: Int = 0) -> Int {
    if case .int(let number) = attribute(name, of: node) { Int(clamping: number) } else { value }
  }

  func real(_ name: String, of node: NodeID, default value: Float) -> Float {
    switch attribute(name, of: node) {
    case .float(let number): number
    case .int(let number): Float(number)
    default: value
    }
  }

  // MARK: Constants

  /// A constant, and how it comes to where it is read.
  struct Stored: Hashable {
    /// The weight, constant or parameter itself.
    var tensor: TensorID
    /// Whether a matrix is read transposed.
    var isTransposed = false
    /// Whether it is stored quantised.
    var isQuantized = false
  }

  /// Where a tensor is stored, if it is a constant but for its name, its type, a transposition or a
  /// scale.
  func stored(_ tensor: TensorID) -> Stored? {
    var result = Stored(tensor: tensor)
    for _ in 0..<8 {
      guard let node = graph[result.tensor].producer else {
        return graph[result.tensor].role.isResident || isGiven[result.tensor.index] ? result : nil
      }
      guard let input = operand(0, of: node) else { return nil }
      switch roles[node.index] {
      case .identity, .cast: break
      case .transpose where isMatrixTransposition(node): result.isTransposed.toggle()
      case .quantize, .dequantize: result.isQuantized = true
      default: return nil
      }
      result.tensor = input
    }
    return nil
  }

  private func isMatrixTransposition(_ node: NodeID) -> Bool {
    guard let input = operand(0, of: node), graph.shape(of: input).count == 2 else { return false }
    guard case .ints(let order) = attribute("perm", of: node) else { return true }
    return order == [1, 0]
  }

  /// A constant of one number for each place of the last axis, quantised or not.
  func vector(_ tensor: TensorID, count: Int) -> TensorID? {
    guard let found = stored(tensor), graph[found.tensor].kind == .tensor else { return nil }
    let shape = graph.shape(of: found.tensor)
    guard shape.last == count, shape.dropLast().allSatisfy({ $0 == 1 }), count > 1 else {
      return nil
    }
    return found.tensor
  }

  /// The number that a constant of one element is.
  func scalar(_ tensor: TensorID) -> Double? {
    guard let found = stored(tensor), !found.isQuantized,
      let elements = values[graph.name(of: found.tensor)], elements.count == 1
    else { return nil }
    return elements[0]
  }

  /// Whether a constant has one element, known or not.
  func isScalar(_ tensor: TensorID) -> Bool {
    guard let found = stored(tensor) else { return false }
    return graph.shape(of: found.tensor).allSatisfy { $0 == 1 }
  }

  /// The length of a tensor's rows.
  func width(of tensor: TensorID) -> Int? {
    graph[tensor].kind == .tensor ? graph.shape(of: tensor).last : nil
  }
}
