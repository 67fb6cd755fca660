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
  /// Lower bounds of the extents where ``isUpperBound`` is set; `nil` if they may be 0. Where they
  /// are the extents themselves, only the elements are bounds.
  var leastShape: [Int]?
  /// Lower bounds of the elements of ``value`` where ``isUpperBound`` is set, if they are known.
  var leastValue: KnownValue?
  /// What every element of a tensor of integers lies within, however many there are; `nil` if that
  /// is not known. Truth values lie within 0 and 1 without it.
  var span: ClosedRange<Int64>?
  /// The members of a sequence, in order; the content of an optional, if it has any; the keys and
  /// the values of a map; the tensor whose largest elements a pooling's indices point to.
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

  /// Whether the extents are what every run has.
  var hasExactShape: Bool { !isUpperBound || leastShape == shape }

  /// The largest and the smallest that the elements can be; the same where they are known.
  var range: (low: KnownValue?, high: KnownValue?) {
    isUpperBound ? (leastValue, value) : (value, value)
  }

  /// What every element lies within, if that is known.
  var elementSpan: ClosedRange<Int64>? { span ?? (elementType == .bool ? 0...1 : nil) }

  /// Turns what holds of every element into a bound of each, where they are few.
  mutating func spreadSpan() {
    guard let span, value == nil, hasExactShape, elementType.isIntegral, elementType != .bool,
      elementCount <= Self.spreadLimit
    else { return }
    (isUpperBound, leastShape) = (true, shape)
    value = KnownValue.integers([span.upperBound]).repeated(elementCount)
    leastValue = KnownValue.integers([span.lowerBound]).repeated(elementCount)
  }

  /// The most elements that are bounded one by one for want of more knowledge.
  private static let spreadLimit = 64

  /// The least that is known: extents and elements that every run has at least.
  var lowered: ValueFact {
    guard isUpperBound else { return self }
    var fact = self
    fact.isUpperBound = false
    fact.shape = leastShape ?? Array(repeating: 0, count: rank)
    fact.value = leastValue?.count == fact.elementCount ? leastValue : nil
    fact.leastShape = nil
    fact.leastValue = nil
    fact.span = nil
    return fact
  }

  /// Takes the mark of a bound off where lower and upper bounds meet, and elements off that are not
  /// those of the shape.
  mutating func settle() {
    guard isUpperBound, kind == .tensor else { return }
    guard leastShape == shape else {
      value = nil
      leastValue = nil
      return
    }
    if value == nil || value == leastValue {
      isUpperBound = false
      leastShape = nil
      leastValue = nil
    } else if leastValue?.count != value?.count {
      leastValue = nil
    }
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
