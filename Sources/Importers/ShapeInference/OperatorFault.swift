// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Why the results of one node cannot be inferred.
///
/// Says nothing of where: the importer adds node, operator and tensor (see
/// ``ShapeFault/operatorFault(node:operator:tensor:_:)``). Inputs count from 0.
@nonexhaustive
public enum OperatorFault: Error, Hashable, Sendable {
  /// The operator needs an input that the node does not have.
  case missingInput(Int)
  /// The operator needs an attribute that the node does not have.
  case missingAttribute(String)
  /// The node has more outputs than the operator makes.
  case tooManyOutputs(Int)
  /// An attribute holds another kind of value than the operator takes.
  case attributeKind(String)
  /// An attribute's value is none that the operator takes.
  case attributeValue(String)
  /// The shapes of operands cannot be broadcast together.
  case notBroadcastable([Int], [Int])
  /// An input has a number of axes that the operator does not take.
  case rank(input: Int, shape: [Int], needed: String)
  /// An axis is outside the axes of what it speaks of.
  case axis(Int, rank: Int)
  /// An axis is named twice.
  case repeatedAxis(Int)
  /// Two extents that must agree do not.
  case extents([Int], [Int], reason: String)
  /// An input is of an element type that the operator does not take.
  case elementType(input: Int, String)
  /// An input is a sequence where a tensor is needed, or the other way around.
  case valueKind(input: Int, needed: String)
  /// The elements of an input that decide the shape are known only when the model runs.
  case unknownValue(input: Int)
  /// The elements of an input are none that the operator takes.
  case inputValue(input: Int, reason: String)
  /// A result would have more elements, axes or members than are taken on.
  case tooLarge
  /// The node uses the operator in a way that no rule covers.
  case unsupported(String)
}

extension OperatorFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingInput(let index): "input \(index) is missing"
    case .missingAttribute(let name): "attribute '\(name)' is missing"
    case .tooManyOutputs(let count): "it has \(count) outputs, more than the operator makes"
    case .attributeKind(let name): "attribute '\(name)' holds the wrong kind of value"
    case .attributeValue(let name): "attribute '\(name)' has a value that the operator cannot take"
    case .notBroadcastable(let a, let b): "inputs of shape \(a) and \(b) cannot be broadcast"
    case .rank(let input, let shape, let needed):
      "input \(input) has shape \(shape) where \(needed) is needed"
    case .axis(let axis, let rank): "axis \(axis) is outside a shape of \(rank) axes"
    case .repeatedAxis(let axis): "axis \(axis) is named twice"
    case .extents(let a, let b, let reason): "shapes \(a) and \(b) do not agree: \(reason)"
    case .elementType(let input, let type):
      "input \(input) has elements of type \(type), which the operator cannot take"
    case .valueKind(let input, let needed): "input \(input) is no \(needed)"
    case .unknownValue(let input):
      "the elements of input \(input) decide the shape and are known only when the model runs"
    case .inputValue(let input, let reason): "the elements of input \(input): \(reason)"
    case .tooLarge: "the result has more elements, axes or members than can be counted"
    case .unsupported(let what): "\(what) is not supported"
    }
  }
}
