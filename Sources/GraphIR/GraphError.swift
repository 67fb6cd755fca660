// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a graph, a schedule, a patch or a graph's text.
@nonexhaustive public enum GraphError: Error, Hashable, Sendable {
  /// A shape has a negative extent, or its bytes do not fit.
  case invalidShape(tensor: String, shape: [Int])
  /// There are more of something than IDs.
  case tooMany(String)
  /// Two tensors have one name.
  case duplicateTensor(String)
  /// A node, an input or an output names a tensor that the graph does not have.
  case unknownTensor(at: String)
  /// A tensor is made by a node that does not list it, or by none and is no source.
  case noProducer(tensor: String)
  /// Two nodes make one tensor, or a node makes a graph input or a weight.
  case severalProducers(tensor: String)
  /// A node uses a tensor that a later node makes; file order must be an order of execution.
  case useBeforeDefinition(node: String, tensor: String)
  /// An effect speaks of an operand that the node does not have.
  case invalidEffect(node: String)
  /// Two effects of one node make one output a view or an update.
  case conflictingEffects(node: String, tensor: String)
  /// A view or an update reaches past the storage it is in, or an optional view changes the size.
  case invalidAlias(node: String, tensor: String)
  /// A tensor is read after its bytes were overwritten in place.
  case staleRead(by: String, tensor: String)
  /// A control dependency points backwards or to no node.
  case invalidControlDependency(before: UInt32, after: UInt32)
  /// The sizes of all tensors together do not fit.
  case sizeOverflow
  /// The nodes depend on each other in a circle; some of them, in order.
  case cycle(nodes: [String])
  /// A schedule does not name every node once.
  case notAPermutation(nodes: Int, steps: Int)
  /// A schedule runs a node before one that it needs.
  case outOfOrder(node: String, needs: String)
  /// A patch removes what is still used, or speaks of what is not there.
  case invalidPatch(label: String, reason: String)
  /// A pass broke the graph, or did not report what it did.
  case pass(name: String, reason: String)
  /// A graph's text cannot be read.
  case text(line: Int, reason: String)
}

extension GraphError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidShape(let tensor, let shape):
      "tensor '\(tensor)' of shape \(shape) has a negative extent or more bytes than can be counted"
    case .tooMany(let what): "the graph has more \(what) than can be numbered"
    case .duplicateTensor(let name): "two tensors are named '\(name)'"
    case .unknownTensor(let place): "\(place) names a tensor that the graph does not have"
    case .noProducer(let tensor): "tensor '\(tensor)' is made by no node and is no input or weight"
    case .severalProducers(let tensor): "tensor '\(tensor)' is made more than once"
    case .useBeforeDefinition(let node, let tensor):
      "node '\(node)' uses '\(tensor)', which a later node makes"
    case .invalidEffect(let node): "an effect of node '\(node)' names an operand it does not have"
    case .conflictingEffects(let node, let tensor):
      "two effects of node '\(node)' claim the bytes of '\(tensor)'"
    case .invalidAlias(let node, let tensor):
      "'\(tensor)' shares bytes at node '\(node)' but does not fit into them"
    case .staleRead(let reader, let tensor):
      "\(reader) reads '\(tensor)' after its bytes were overwritten in place"
    case .invalidControlDependency(let before, let after):
      "the control dependency of node \(after) on node \(before) does not follow file order"
    case .sizeOverflow: "the tensors together have more bytes than can be counted"
    case .cycle(let nodes):
      "the nodes depend on each other in a circle: \(nodes.joined(separator: " -> "))"
    case .notAPermutation(let nodes, let steps):
      "the order has \(steps) steps and does not name each of the \(nodes) nodes once"
    case .outOfOrder(let node, let needs): "node '\(node)' runs before '\(needs)', which it needs"
    case .invalidPatch(let label, let reason): "patch '\(label)': \(reason)"
    case .pass(let name, let reason): "pass '\(name)': \(reason)"
    case .text(let line, let reason): "line \(line): \(reason)"
    }
  }
}
