// SPDX-License-Identifier: Apache-2.0

/// A demand that one buffer begins a given number of bytes above another one.
///
/// Buffers joined by ties, directly or through others, are a rigid group: they move as one, and may
/// share bytes with each other, as a slice shares them with the whole it belongs to. What is outside
/// the group keeps clear of each member for as long as that member lives, so that the group is one
/// buffer whose footprint changes over time. A concatenation in place is a tie of each input to the
/// result, at the place of its slice.
public struct LayoutTie: Hashable, Sendable {
  /// The position of the buffer that begins higher, or lower where the distance is negative.
  public var buffer: Int

  /// The position of the buffer it is tied to.
  public var base: Int

  /// The offset of `buffer` less that of `base`, in bytes.
  public var distance: Int

  /// The demand that `buffer` begins `distance` bytes above `base`.
  public init(_ buffer: Int, to base: Int, distance: Int) {
    self.buffer = buffer
    self.base = base
    self.distance = distance
  }
}
