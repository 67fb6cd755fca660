// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// What is known of a value before the model runs.
///
/// Every dimension is bound before inference starts, so a shape is always numbers; where one
/// cannot be known there is no fact at all.
struct ValueFact: Hashable, Sendable {
  /// The type of an element; ``ElementType/undefined`` where no rule or file says.
  var elementType: ElementType
  /// What the value is made of.
  var kind: ValueKind = .tensor
  /// The extents; a scalar has none. Empty for what is no tensor.
  var shape: [Int]
  /// Whether the extents, or the elements of ``value``, are upper bounds of what data decides.
  var isUpperBound = false
  /// The elements, row-major, if they are known and few.
  var value: KnownValue?
  /// The members of a sequence, in order; the content of an optional, if it has any; the keys and
  /// the values of a map.
  var elements: [ValueFact] = []

  /// The fact of a dense tensor.
  init(_ elementType: ElementType, _ shape: [Int], value: KnownValue? = nil) {
    self.elementType = elementType
    self.shape = shape
    self.value = value
  }

  /// The fact of a sequence with members of one element type.
  static func sequence(of elementType: ElementType, _ elements: [ValueFact]) -> ValueFact {
    var fact = ValueFact(elementType, [])
    fact.kind = .sequence
    fact.elements = elements
    return fact
  }

  /// The fact of an optional with content, or of an empty one.
  static func optional(of elementType: ElementType, _ content: ValueFact?) -> ValueFact {
    var fact = ValueFact(elementType, [])
    fact.kind = .optional
    fact.elements = content.map { [$0] } ?? []
    return fact
  }

  /// The fact of a map with as many entries as `keys` and `values` have elements; the element type
  /// is that of the values.
  static func map(keys: ValueFact, values: ValueFact) -> ValueFact {
    var fact = ValueFact(values.elementType, [])
    fact.kind = .map
    fact.elements = [keys, values]
    return fact
  }

  /// The number of axes.
  var rank: Int { shape.count }

  /// The product of the extents, which the driver has checked to fit.
  var elementCount: Int { shape.reduce(1, *) }

  /// The elements as integers, if they are known and integers or truth values.
  var integers: [Int64]? {
    if case .integers(let values) = value { values } else { nil }
  }

  /// The elements as real numbers, if they are known.
  var reals: [Double]? { value?.reals }

  /// The bytes of a tensor, or of all members of a sequence; `nil` when they cannot be counted.
  var bytes: ByteCount? {
    switch kind {
    case .tensor: return elementType.byteCount(of: shape)
    case .sequence, .optional, .map:
      var total = ByteCount.zero
      for element in elements {
        guard let bytes = element.bytes, let sum = total.adding(bytes) else { return nil }
        total = sum
      }
      return total
    case .sparse: return nil
    }
  }
}
