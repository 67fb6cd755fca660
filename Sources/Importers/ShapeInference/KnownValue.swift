// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// The elements of a small tensor, row-major, known before the model runs.
///
/// Integers of every width and truth values (0 and 1) are kept as `Int64`, real numbers of every
/// width as `Double`, each already rounded to its own type, so that arithmetic gives what a
/// runtime gives. Unsigned 64-bit elements above `Int64.max` are not represented.
enum KnownValue: Hashable, Sendable {
  case integers([Int64])
  case reals([Double])

  /// The most elements that are kept. Shapes, axes, index lists and small masks are far below it.
  static let elementLimit = 4096

  /// The number of elements.
  var count: Int {
    switch self {
    case .integers(let values): values.count
    case .reals(let values): values.count
    }
  }

  /// The elements as real numbers.
  var reals: [Double] {
    switch self {
    case .integers(let values): values.map(Double.init)
    case .reals(let values): values
    }
  }

  /// A value of the same kind with the elements at `positions`.
  ///
  /// - Precondition: Every position is below ``count``.
  func picking(_ positions: [Int]) -> KnownValue {
    switch self {
    case .integers(let values): .integers(positions.map { values[$0] })
    case .reals(let values): .reals(positions.map { values[$0] })
    }
  }

  /// One value repeated.
  func repeated(_ count: Int) -> KnownValue {
    switch self {
    case .integers(let values):
      .integers((0..<count).flatMap { _ in values })
    case .reals(let values):
      .reals((0..<count).flatMap { _ in values })
    }
  }

  /// The elements of several values behind each other; `nil` when they mix kinds.
  static func joined(_ values: [KnownValue]) -> KnownValue? {
    var integers: [Int64] = []
    var reals: [Double] = []
    for value in values {
      switch value {
      case .integers(let more): integers += more
      case .reals(let more): reals += more
      }
    }
    if reals.isEmpty { return .integers(integers) }
    return integers.isEmpty ? .reals(reals) : nil
  }
}

// MARK: - Rounding to an element type

extension ElementType {
  /// Whether values of the type are integers or truth values that ``KnownValue`` keeps.
  var isIntegral: Bool {
    switch self {
    case .uint2, .int2, .uint4, .int4, .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64,
      .int64, .bool:
      true
    default: false
    }
  }

  /// Whether values of the type are real numbers that ``KnownValue`` keeps exactly.
  var isReal: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }

  /// The integer wrapped to the width of the type, as two's complement arithmetic does; `nil` for a
  /// ``uint64`` above `Int64.max` and for types that are not integers.
  func wrapped(_ value: Int64) -> Int64? {
    switch self {
    case .bool: value == 0 ? 0 : 1
    case .int2: (value << 62) >> 62
    case .uint2: value & 3
    case .int4: (value << 60) >> 60
    case .uint4: value & 15
    case .int8: Int64(Int8(truncatingIfNeeded: value))
    case .uint8: Int64(UInt8(truncatingIfNeeded: value))
    case .int16: Int64(Int16(truncatingIfNeeded: value))
    case .uint16: Int64(UInt16(truncatingIfNeeded: value))
    case .int32: Int64(Int32(truncatingIfNeeded: value))
    case .uint32: Int64(UInt32(truncatingIfNeeded: value))
    case .int64: value
    case .uint64: value >= 0 ? value : nil
    default: nil
    }
  }

  /// The real number rounded to the nearest of the type; `nil` for types that are not kept.
  func rounded(_ value: Double) -> Double? {
    switch self {
    case .float64: value
    case .float32: Double(Float(value))
    case .float16: Double(Float16(value))
    case .bfloat16: Self.roundedToBFloat16(value)
    default: nil
    }
  }

  /// Rounds to the upper half of a `Float`'s bits, ties to even.
  private static func roundedToBFloat16(_ value: Double) -> Double {
    let single = Float(value)
    guard single.isFinite else { return Double(single) }
    let bits = single.bitPattern
    let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000
    return Double(Float(bitPattern: rounded))
  }
}

extension KnownValue {
  /// The value as elements of another type, as Cast converts them.
  ///
  /// - Returns: `nil` when an element has no well-defined result (a real number out of an
  ///   integer's range, or not a number) or the type is not kept.
  func cast(to type: ElementType) -> KnownValue? {
    switch self {
    case .integers(let values):
      if type.isIntegral {
        return Self.integers(values) { type.wrapped($0) }
      }
      guard type.isReal else { return nil }
      return Self.reals(values) { type.rounded(Double($0)) }
    case .reals(let values):
      if type.isReal { return Self.reals(values) { type.rounded($0) } }
      guard type.isIntegral else { return nil }
      return Self.integers(values) { value in
        if type == .bool { return value == 0 ? 0 : 1 }
        guard let truncated = Int64(exactly: value.rounded(.towardZero)),
          type.wrapped(truncated) == truncated
        else { return nil }
        return truncated
      }
    }
  }

  /// Integers made one by one; `nil` when one of them cannot be made.
  static func integers<Source>(
    _ source: some Sequence<Source>, _ make: (Source) -> Int64?
  ) -> KnownValue? {
    var result: [Int64] = []
    result.reserveCapacity(source.underestimatedCount)
    for element in source {
      guard let value = make(element) else { return nil }
      result.append(value)
    }
    return .integers(result)
  }

  /// Real numbers made one by one; `nil` when one of them cannot be made.
  static func reals<Source>(
    _ source: some Sequence<Source>, _ make: (Source) -> Double?
  ) -> KnownValue? {
    var result: [Double] = []
    result.reserveCapacity(source.underestimatedCount)
    for element in source {
      guard let value = make(element) else { return nil }
      result.append(value)
    }
    return .reals(result)
  }
}
