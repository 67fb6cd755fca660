// SPDX-License-Identifier: Apache-2.0

/// A set of field numbers below 64.
struct FieldSet: Hashable, ExpressibleByArrayLiteral {
  private var bits: UInt64 = 0

  init(arrayLiteral numbers: Int...) {
    for number in numbers { insert(number) }
  }

  /// Whether the set has a number; never of one that it cannot hold.
  func contains(_ number: Int) -> Bool { number < 64 && bits & (1 << number) != 0 }

  /// Whether the sets have a number in common.
  func intersects(_ other: FieldSet) -> Bool { bits & other.bits != 0 }

  /// Adds a number, unless it is above 63.
  mutating func insert(_ number: Int) {
    if number < 64 { bits |= 1 << number }
  }
}
