// SPDX-License-Identifier: Apache-2.0

/// What is to be placed: some bytes that are needed from one step to another.
///
/// A plain record; `LayoutProblem` checks it.
public struct LayoutBuffer: Hashable, Sendable {
  /// Bytes. A buffer of zero bytes occupies nothing.
  public var size: Int

  /// The first step at which the bytes are needed.
  public var lower: Int

  /// The step after the last one at which the bytes are needed: another buffer may have the same
  /// bytes from here on.
  public var upper: Int

  /// A power of two; the offset is to be a multiple of it.
  public var alignment: Int

  /// Where the buffer has to be, in bytes from the arena's start; nil where that is open.
  public var fixedOffset: Int?

  /// A buffer from the bounds of its life, which may be out of order until a problem checks them.
  public init(
    size: Int, lower: Int, upper: Int, alignment: Int = 1, fixedOffset: Int? = nil
  ) {
    self.size = size
    self.lower = lower
    self.upper = upper
    self.alignment = alignment
    self.fixedOffset = fixedOffset
  }

  /// A buffer from its life, half-open.
  public init(
    size: Int, lifetime: Range<Int>, alignment: Int = 1, fixedOffset: Int? = nil
  ) {
    self.init(
      size: size, lower: lifetime.lowerBound, upper: lifetime.upperBound, alignment: alignment,
      fixedOffset: fixedOffset)
  }
}
