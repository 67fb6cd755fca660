// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Elementwise evaluation of small tensors.
extension KnownValue {
  /// A function of one real number or one integer; `nil` where it is not evaluated.
  struct Unary: Sendable {
    var integer: (@Sendable (Int64) -> Int64?)?
    var real: (@Sendable (Double) -> Double)?
  }

  /// A function of two real numbers or two integers; `nil` where it is not evaluated.
  struct Binary: Sendable {
    var integer: (@Sendable (Int64, Int64) -> Int64?)?
    var real: (@Sendable (Double, Double) -> Double)?
  }

  /// The function of every element, rounded to `type`.
  func mapped(_ function: Unary, to type: ElementType) -> KnownValue? {
    switch self {
    case .integers(let values):
      guard let apply = function.integer else { return nil }
      return Self.integers(values) { value in apply(value).flatMap(type.wrapped) }
    case .reals(let values):
      guard let apply = function.real else { return nil }
      return Self.reals(values) { type.rounded(apply($0)) }
    }
  }

  /// The function of the elements of two broadcast operands, rounded to `type`.
  ///
  /// - Parameter shape: The shape of the result.
  /// - Returns: `nil` when an operand is not known, the kinds differ, or the result is too large.
  static func combining(
    _ a: ValueFact, _ b: ValueFact, shape: [Int], type: ElementType, _ function: Binary
  ) -> KnownValue? {
    guard let x = a.value, let y = b.value, Extents.hasElements(shape, atMost: elementLimit),
      Extents.canStretch(a.shape, to: shape), Extents.canStretch(b.shape, to: shape)
    else { return nil }
    switch (x, y) {
    case (.integers(let x), .integers(let y)):
      guard let apply = function.integer else { return nil }
      return integers(pairs(x, a.shape, y, b.shape, shape)) { pair in
        apply(pair.0, pair.1).flatMap(type.wrapped)
      }
    case (.reals(let x), .reals(let y)):
      guard let apply = function.real else { return nil }
      return reals(pairs(x, a.shape, y, b.shape, shape)) { type.rounded(apply($0.0, $0.1)) }
    default: return nil
    }
  }

  private static func pairs<Element>(
    _ x: [Element], _ xShape: [Int], _ y: [Element], _ yShape: [Int], _ shape: [Int]
  ) -> [(Element, Element)] {
    if xShape == yShape { return Array(zip(x, y)) }
    let xPositions = Extents.broadcastPositions(of: xShape, to: shape)
    let yPositions = Extents.broadcastPositions(of: yShape, to: shape)
    return zip(xPositions, yPositions).map { (x[$0], y[$1]) }
  }

  /// The elements of an operand stretched to a shape; `nil` when that has too many.
  func broadcast(from shape: [Int], to result: [Int]) -> KnownValue? {
    if shape == result { return self }
    guard Extents.hasElements(result, atMost: Self.elementLimit),
      Extents.canStretch(shape, to: result)
    else { return nil }
    return picking(Extents.broadcastPositions(of: shape, to: result))
  }
}
