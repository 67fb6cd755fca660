// SPDX-License-Identifier: Apache-2.0

/// Why a layout problem is not one, or why its answer cannot be trusted. Buffers are named by
/// their position.
@nonexhaustive
public enum LayoutError: Error, Hashable, Sendable {
  /// The size is below zero.
  case negativeSize(buffer: Int, size: Int)
  /// The lifetime holds no step, or its length does not fit an `Int`.
  case invalidLifetime(buffer: Int, lower: Int, upper: Int)
  /// The alignment is not a power of two.
  case invalidAlignment(buffer: Int, alignment: Int)
  /// The fixed offset is negative, no multiple of the alignment, or too large to compute with.
  case invalidFixedOffset(buffer: Int, offset: Int)
  /// Two buffers are fixed so that they share bytes while both live.
  case fixedOverlap(buffer: Int, other: Int)
  /// A tie, by its position, names a buffer that does not exist.
  case unknownTiedBuffer(tie: Int, buffer: Int)
  /// Other ties, or fixed offsets, put the two buffers at another distance.
  case contradictoryTie(buffer: Int, base: Int, distance: Int)
  /// The distance leaves the buffer unaligned wherever the one it is tied to is aligned.
  case misalignedTie(buffer: Int, base: Int, distance: Int)
  /// All sizes, distances and alignments together are too large to compute with.
  case totalTooLarge
  /// More buffers than 32-bit indices reach.
  case tooManyBuffers(Int)
  /// More ties than 32-bit indices reach.
  case tooManyTies(Int)
  /// A planner's layout broke a rule, which is a bug of the planner.
  case brokenPlanner(String, LayoutViolation)
  /// A planner claims a bound above the height of a valid layout, which is a bug of the planner.
  case brokenProof(String, bound: Int, height: Int)
  /// Somebody asked for the end of the work.
  case cancelled
}

extension LayoutError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .negativeSize(let buffer, let size):
      "buffer \(buffer) has the negative size \(size)"
    case .invalidLifetime(let buffer, let lower, let upper):
      "buffer \(buffer) lives from step \(lower) to before step \(upper), which is no lifetime"
    case .invalidAlignment(let buffer, let alignment):
      "buffer \(buffer) has alignment \(alignment), which is not a power of two"
    case .invalidFixedOffset(let buffer, let offset):
      "buffer \(buffer) is fixed at \(offset), which is negative, not aligned or too large"
    case .fixedOverlap(let buffer, let other):
      "buffers \(buffer) and \(other) are fixed to the same bytes at the same time"
    case .unknownTiedBuffer(let tie, let buffer):
      "tie \(tie) names buffer \(buffer), which does not exist"
    case .contradictoryTie(let buffer, let base, let distance):
      "buffer \(buffer) cannot lie \(distance) bytes above buffer \(base): something else puts them"
        + " at another distance"
    case .misalignedTie(let buffer, let base, let distance):
      "buffer \(buffer), \(distance) bytes above buffer \(base), is never aligned"
    case .cancelled: "the layout was cancelled"
    case .totalTooLarge:
      "all buffers together are too large to compute with"
    case .tooManyBuffers(let count):
      "\(count) buffers are more than can be planned at once"
    case .tooManyTies(let count):
      "\(count) ties are more than can be planned at once"
    case .brokenPlanner(let name, let violation):
      "the planner \(name) broke a rule, which is a bug: \(violation)"
    case .brokenProof(let name, let bound, let height):
      "the planner \(name) claims that no layout is below \(bound) bytes, but one of \(height) exists"
    }
  }
}
