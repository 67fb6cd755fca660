// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Interval arithmetic on small tensors, element by element (R. E. Moore, Interval Analysis, 1966).
extension KnownValue {
  /// Bounds from both sides; `nil` where there is none.
  typealias Bounds = (low: KnownValue?, high: KnownValue?)

  /// How an operation's extreme results follow from the extremes of its operands.
  enum Monotony: Sendable {
    /// Grows with both operands, as a sum does.
    case rising
    /// Grows with the first operand and falls with the second, as a difference does.
    case falling
    /// Each extreme is at one of the four corners, as that of a product is.
    case corners
    /// As ``corners``, where the second operand is positive, as a quotient's and a shift's are.
    case cornersOfPositive
  }

  /// The smaller of two elements each.
  static func smaller(_ a: KnownValue, _ b: KnownValue) -> KnownValue? {
    choosing(a, b, { min($0, $1) }, { min($0, $1) })
  }

  /// The larger of two elements each.
  static func larger(_ a: KnownValue, _ b: KnownValue) -> KnownValue? {
    choosing(a, b, { max($0, $1) }, { max($0, $1) })
  }

  private static func choosing(
    _ a: KnownValue, _ b: KnownValue, _ integer: (Int64, Int64) -> Int64,
    _ real: (Double, Double) -> Double
  ) -> KnownValue? {
    guard a.count == b.count else { return nil }
    return switch (a, b) {
    case (.integers(let x), .integers(let y)): .integers(zip(x, y).map(integer))
    case (.reals(let x), .reals(let y)):
      x.contains(where: \.isNaN) || y.contains(where: \.isNaN) ? nil : .reals(zip(x, y).map(real))
    default: nil
    }
  }

  /// Whether every element is above a number.
  func isAbove(_ limit: Int) -> Bool {
    switch self {
    case .integers(let values): values.allSatisfy { $0 > limit }
    case .reals(let values): values.allSatisfy { $0 > Double(limit) }
    }
  }

  /// Whether sums and products of two such elements fit into 64 bits.
  var isFarFromWrapping: Bool {
    switch self {
    case .integers(let values): values.allSatisfy { $0.magnitude < 1 << 31 }
    case .reals: true
    }
  }

  /// What bounds the results of an operation on operands that lie in ranges.
  ///
  /// - Parameter evaluate: The operation on elements of both operands; `nil` where it overflows.
  static func ranged(
    _ a: Bounds, _ b: Bounds, _ monotony: Monotony,
    _ evaluate: (KnownValue, KnownValue) -> KnownValue?
  ) -> Bounds {
    func at(_ x: KnownValue?, _ y: KnownValue?) -> KnownValue? {
      guard let x, let y else { return nil }
      return evaluate(x, y)
    }
    switch monotony {
    case .rising: return (at(a.low, b.low), at(a.high, b.high))
    case .falling: return (at(a.low, b.high), at(a.high, b.low))
    case .corners, .cornersOfPositive:
      if case .cornersOfPositive = monotony, b.low?.isAbove(0) != true { return (nil, nil) }
      if a.low == nil, let factor = b.low, factor == b.high, factor.isAbove(-1) {
        // A known factor or divisor keeps what is above it above.
        return (nil, at(a.high, factor))
      }
      var bounds: Bounds = (nil, nil)
      for (index, corner) in [
        at(a.low, b.low), at(a.low, b.high), at(a.high, b.low), at(a.high, b.high),
      ].enumerated() {
        guard let corner else { return (nil, nil) }
        guard index > 0, let low = bounds.low, let high = bounds.high else {
          bounds = (corner, corner)
          continue
        }
        bounds = (smaller(low, corner), larger(high, corner))
        guard bounds.low != nil, bounds.high != nil else { return (nil, nil) }
      }
      return bounds
    }
  }
}
