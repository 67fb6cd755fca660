// SPDX-License-Identifier: Apache-2.0

/// Why the type or shape of a tensor cannot be found out.
@nonexhaustive
public enum ShapeFault: Hashable, Sendable {
  /// The operands of a node do not fit its operator.
  case operatorFault(node: String, operator: String, tensor: String, OperatorFault)
  /// Operators whose results neither a rule nor the file tells.
  case unknown([UnknownResults])
  /// Graphs that nodes run are nested into each other, and large, so that inferring them does not end
  /// soon.
  case tooMuchInBodies
  /// Tensors whose sizes only running the model tells, and for which nothing gives a bound; and the
  /// elements of small inputs of whole numbers that might tell, as `--dim` names them.
  case unbounded([UnboundedTensor], inputs: [String])
}

/// The nodes of one operator whose results are not known, for one reason.
public struct UnknownResults: Hashable, Sendable {
  /// The operator with its domain, such as `com.example::Warp`.
  public let `operator`: String
  /// How many nodes there are.
  public internal(set) var count: Int
  /// The name of the first.
  public let node: String
  /// The name of its first result that is not known.
  public let tensor: String
  /// Why its rule cannot tell; `nil` if the operator has no rule.
  public let reason: OperatorFault?
  /// What bindings have to give the elements of the graph input that would tell; empty if it is none.
  public let bindable: [String]
}

extension ShapeFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooMuchInBodies:
      return
        "the graphs that its nodes run are nested so deep, or are so large, that inferring every "
        + "turn of them takes too long"
    case .operatorFault(let node, let type, let tensor, let fault):
      return "node \(node.quoted) (\(type)), which makes \(tensor.quoted): \(fault)"
    case .unknown(let results):
      let list = results.map { result in
        let nodes = result.count == 1 ? "1 node" : "\(result.count) nodes"
        var reason = result.reason.map { ": \($0)" } ?? ""
        if !result.bindable.isEmpty {
          let flags = result.bindable.map { "--dim " + DimensionFault.shellWord("\($0)=…") }
          reason += "; say \(flags.joined(separator: " "))"
        }
        return "\(result.operator) (\(nodes), first \(result.node.quoted))\(reason)"
      }
      let names = results.prefix(3).map { "\($0.tensor.quoted)" }.joined(separator: ", ")
      return "needs shapes: the file gives none for \(names)"
        + (results.count > 3 ? " and others" : "")
        + "; what is not known is made by \(list.joined(separator: "; "))"
    case .unbounded(let tensors, let inputs):
      let names = tensors.prefix(5).map {
        "\($0.tensor.quoted) (\($0.operator) \($0.node.quoted))"
      }
      let rest = tensors.count > 5 ? " and \(tensors.count - 5) more" : ""
      let count =
        tensors.count == 1 ? "the size of a tensor is" : "the sizes of \(tensors.count) tensors are"
      return "\(count) known only when the model runs: \(names.joined(separator: ", "))\(rest); "
        + "say how large they can be: \(tensors.map(\.flag).joined(separator: " "))"
        + (inputs.isEmpty
          ? ""
          : "; or, if they follow from inputs, what those hold: "
            + inputs.map { "--dim " + DimensionFault.shellWord("\($0)=…") }.joined(separator: " "))
    }
  }
}
