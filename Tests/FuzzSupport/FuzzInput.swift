// SPDX-License-Identifier: Apache-2.0
public import Importers
import TestSupport

/// A damaged model: the same for the same seed and corpus.
public struct FuzzInput: Sendable {
  /// The model that it was made from.
  public let source: String
  /// What is read.
  public private(set) var bytes: [UInt8]
  /// How the source's open dimensions are bound.
  public let bindings: [DimensionBinding]

  /// Makes the input of a seed.
  public init?(seed: Int, of corpus: FuzzCorpus) {
    var random = SeededGenerator(seed: seed)
    guard let entry = corpus.pick(&random), let other = corpus.pick(&random) else { return nil }
    source = entry.name
    bytes = entry.bytes
    bindings = entry.bindings
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: bytes = ONNXDamage.damaged(bytes, &random)
      case 1: splice(other.bytes, &random)
      default:
        // Most damage keeps the lengths of messages right, so that it is not found at once.
        bytes = FieldDamage(other: other.bytes).damaged(bytes, &random)
      }
    }
  }

  /// The beginning of this file and the end of another, or some of it in the middle.
  private mutating func splice(_ other: [UInt8], _ random: inout SeededGenerator) {
    guard !bytes.isEmpty, !other.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    let start = Int.random(in: 0..<other.count, using: &random)
    if Bool.random(using: &random) {
      bytes.replaceSubrange(place..., with: other[start...])
    } else {
      let length = Int.random(in: 1...4096, using: &random)
      let end = min(place + length, bytes.count)
      bytes.replaceSubrange(place..<end, with: other[start..<min(start + length, other.count)])
    }
  }
}
