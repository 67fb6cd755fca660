// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Whose bytes the inputs and the results of a body are.
///
/// A value that lies in an operand or a result of the node is ``TensorRole/outer``: the graph around the
/// body has counted it. All else is in the body's own arena, inputs from its first step to their last
/// use, results to the end of the turn.
///
/// - **If**: the results of the branch are written where the node's are.
/// - **Loop**, **Scan**: what is carried into a turn lies in the node's result for it, which begins as a
///   copy of the operand; what the turn makes of it lies in the body's arena and is copied over the old
///   state when the turn ends, so that each is there twice. A turn's slices of other results are written
///   where the whole has them, and slices of operands read there, where they are one piece: along the
///   first axis.
/// - **SequenceMap**: members are read and written where the sequences have them.
struct BodyPlacement {
  /// By input of the body.
  let inputs: [TensorRole]
  /// By result of the body.
  let outputs: [TensorRole]

  /// The placement for a node's body.
  ///
  /// - Parameter results: The bytes of each of the node's results; `nil` where it has none.
  init(
    of body: InferredBody, _ kind: BodyOperator, node: ONNXNode, in graph: ONNXGraph,
    results: [ByteCount?]
  ) {
    let inner = body.structure.graph
    let parameters = body.structure.fedInputs.map { inner.inputs[$0].name }
    /// Whether the node has the result, and a value fits where that is: a state that shrinks from turn
    /// to turn does not.
    func hasRoom(_ index: Int, for name: ONNXNameID) -> Bool {
      guard index < results.count, let room = results[index], let bytes = body.facts[name]?.bytes
      else { return false }
      return bytes <= room
    }
    switch kind {
    case .conditional:
      inputs = []
      outputs = inner.outputs.enumerated().map { hasRoom($0, for: $1.name) ? .outer : .output }
    case .sequenceMap:
      inputs = parameters.map { _ in .outer }
      outputs = inner.outputs.enumerated().map { hasRoom($0, for: $1.name) ? .outer : .output }
    case .loop, .scan:
      let isLoop = kind == .loop
      // Besides the state: the turn and the condition, or slices.
      let sliced: Int
      if case .int(let count) = graph.attribute("num_scan_inputs", of: node) {
        sliced = Int(clamping: count)
      } else {
        sliced = 0
      }
      let carried = max(0, parameters.count - (isLoop ? 2 : sliced))
      let firstInput = isLoop ? 2 : 0
      let firstOutput = isLoop ? 1 : 0
      func isFirstAxis(_ attribute: String, _ index: Int) -> Bool {
        guard case .ints(let axes) = graph.attribute(attribute, of: node) else { return true }
        return !axes.indices.contains(index) || axes[index] == 0
      }
      // A state that becomes another's must not be overwritten before it is copied.
      var isMoved: Set<ONNXNameID> = []
      for index in 0..<carried where firstOutput + index < inner.outputs.count {
        let name = inner.outputs[firstOutput + index].name
        if parameters[firstInput + index] != name { isMoved.insert(name) }
      }
      inputs = parameters.indices.map { index in
        if index < firstInput { return .input }
        let state = index - firstInput
        if state < carried {
          return hasRoom(state, for: parameters[index]) && !isMoved.contains(parameters[index])
            ? .outer : .input
        }
        return isFirstAxis("scan_input_axes", state - carried) ? .outer : .input
      }
      outputs = inner.outputs.indices.map { index in
        let slice = index - firstOutput - carried
        guard slice >= 0, hasRoom(index - firstOutput, for: inner.outputs[index].name) else {
          return .output
        }
        return isFirstAxis("scan_output_axes", slice) ? .outer : .output
      }
    }
  }
}
