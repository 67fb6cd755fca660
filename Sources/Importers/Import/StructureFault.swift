// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// What is wrong with the names and the order of a model's graph.
@nonexhaustive
public enum StructureFault: Hashable, Sendable {
  /// A tensor is defined twice; what defines it, such as a node's name.
  case definedTwice(tensor: String, by: [String])
  /// A node or the list of outputs names a tensor that nothing defines.
  case undefined(tensor: String, at: String)
  /// Nodes need each other in a circle, each the next.
  case cycle(nodes: [String])
  /// A stored tensor has an element type of unknown number.
  case elementType(tensor: String, number: Int32)
  /// A stored value is of a kind that planning cannot size.
  case unsized(tensor: String)
  /// What is found does not make a valid graph.
  case graph(GraphError)
  /// An attribute or entry that states how a training graph shares memory says what cannot be.
  case convention(place: String, entry: String)
  /// A function calls itself, directly or through others.
  case recursion(function: String)
  /// A call gives a function more operands than it takes, or wants more results than it makes.
  case call(node: String, function: String)
  /// Functions call each other so often that the graph would have more nodes than are taken on.
  case tooManyCalls(limit: Int)
}

extension StructureFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .definedTwice(let tensor, let owners):
      "tensor \(tensor.quoted) is defined twice, by \(owners.joined(separator: " and "))"
    case .undefined(let tensor, let place):
      "\(place) needs tensor \(tensor.quoted), which nothing defines"
    case .cycle(let nodes):
      "the nodes need each other in a circle: "
        + nodes.prefix(20).map(\.quoted).joined(separator: " needs ")
        + (nodes.count > 20 ? " and \(nodes.count - 20) more" : "")
    case .elementType(let tensor, let number):
      "tensor \(tensor.quoted) has elements of type number \(number), which is unknown"
    case .unsized(let tensor): "the size of \(tensor.quoted) cannot be told"
    case .graph(let error): error.description
    case .recursion(let function): "function \(function.quoted) calls itself"
    case .call(let node, let function):
      "node \(node.quoted) has more inputs or outputs than the function \(function.quoted) that it calls"
    case .tooManyCalls(let limit):
      "its functions call each other so often that there would be more than \(limit) nodes"
    case .convention(let place, let entry): "\(place): \(entry.quoted) says what cannot be"
    }
  }
}
