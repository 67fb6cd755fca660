// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// A graph input that is a sequence or a map, or may be one: how many members it has, the caller says.
///
/// `--dim name=3` gives the number of members or entries, `--dim name:0=5` the extent of an axis of every
/// member, and `--dim name[1]:0=7` that of one.
struct ContainerInput: Hashable {
  /// What the caller may give.
  static let extents = 0...OperatorContext.extentLimit

  /// The shape of a member of a sequence, as far as the file states it; no axes for entries of a map.
  let memberShape: [ONNXDimension]?
  /// Whether there may be nothing at all.
  let isOptional: Bool
  private let type: ONNXType

  /// The input of a type, if it is such a one.
  init?(_ type: ONNXType) {
    var inner = type
    if case .optional(let content) = type { inner = content }
    switch inner {
    case .sequence(.tensor(_, let shape)): memberShape = shape
    case .map(_, .tensor): memberShape = []
    default: return nil
    }
    isOptional = inner != type
    self.type = inner
  }

  /// What is known of the input.
  ///
  /// - Parameter shapes: The shape of each member; of a map, an empty one for each entry.
  func fact(_ shapes: [[Int]]) -> ValueFact {
    var fact: ValueFact
    switch type {
    case .map(let key, let value):
      let keys = ElementType(onnxNumber: key) ?? .undefined
      fact = .map(
        keys: ValueFact(keys, [shapes.count]),
        values: ValueFact(value.elementType, [shapes.count]))
    default:
      let element = type.elementType
      fact = .sequence(of: element, shapes.map { ValueFact(element, $0) })
    }
    guard isOptional else { return fact }
    fact = .optional(of: fact.elementType, fact)
    // Whether there is anything, the caller decides.
    fact.isUpperBound = true
    return fact
  }
}
