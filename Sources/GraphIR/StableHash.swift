// SPDX-License-Identifier: Apache-2.0

/// A 64-bit hash that is the same in every process and on every machine.
///
/// Swift's own `Hasher` is seeded anew in each process, so nothing written to a file may use it.
/// Each word is mixed by a 64-bit multiply and rotate, with a final avalanche. Not cryptographic.
public struct StableHash: Sendable {
  private var state: UInt64 = 0x243F_6A88_85A3_08D3

  public init() {}

  /// Feeds one word.
  public mutating func combine(_ word: UInt64) {
    state = (state ^ word) &* 0x9FB2_1C65_1E98_DF25
    state ^= state >> 32
  }

  /// Feeds an integer.
  public mutating func combine(_ value: Int) { combine(UInt64(bitPattern: Int64(value))) }

  /// Feeds bytes, preceded by their count so that neighbours cannot merge.
  public mutating func combine(_ bytes: some Collection<UInt8>) {
    combine(bytes.count)
    var word: UInt64 = 0
    var shift: UInt64 = 0
    for byte in bytes {
      word |= UInt64(byte) << shift
      shift += 8
      if shift == 64 {
        combine(word)
        word = 0
        shift = 0
      }
    }
    if shift > 0 { combine(word) }
  }

  /// Feeds a string's UTF-8 bytes.
  public mutating func combine(_ text: String) {
    var text = text
    text.withUTF8 { combine($0) }
  }

  /// The hash of everything fed so far.
  public var value: UInt64 {
    var z = state
    z = (z ^ (z >> 29)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 32)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 29)
  }
}
