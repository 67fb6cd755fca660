// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A name in an ``ONNXNameTable``: a dense number, cheap to index arrays with.
public struct ONNXNameID: Hashable, Sendable {
  /// The position in the table, from 0.
  public let index: Int32

  /// The empty name, which stands for an optional input or output that is left out.
  public static let absent = ONNXNameID(index: 0)
}

/// Distinct names in order of first mention, the first one empty.
///
/// Names are compared as bytes, so two that differ only in damaged text stay apart. All bytes
/// lie in one array; a name costs no allocation.
public struct ONNXNameTable: Sendable {
  private var bytes: [UInt8] = []

  /// Where each name ends in `bytes`; it begins where the one before it ends.
  private var ends: [Int] = [0]

  /// Open addressing over a power of two of slots, at most half of them taken: the name's hash
  /// in the upper half and its index in the lower, so that a look-up rarely goes further; or 0.
  private var slots: [UInt64] = Array(repeating: 0, count: 16)

  /// The table of just the empty name.
  init() {}

  /// How many names there are.
  public var count: Int { ends.count }

  /// The name's text; invalid UTF-8 is repaired.
  ///
  /// - Complexity: O(n), where n is its length: the text is made anew each time.
  public subscript(name: ONNXNameID) -> String {
    String(decoding: bytes[range(of: Int(name.index))], as: UTF8.self)
  }

  /// The name with a text, if the table has it.
  public func id(of text: String) -> ONNXNameID? {
    var text = text
    return text.withUTF8 { $0.isEmpty ? .absent : find(UnsafeRawBufferPointer($0)).name }
  }

  /// The name of bytes, added if it is new; `nil` if the table is full.
  mutating func insert(_ name: UnsafeRawBufferPointer) -> ONNXNameID? {
    if name.isEmpty { return .absent }
    let (found, slot, hash) = find(name)
    if let found { return found }
    guard let index = Int32(exactly: count) else { return nil }
    bytes.append(contentsOf: name)
    ends.append(bytes.count)
    slots[slot] = UInt64(hash) << 32 | UInt64(index)
    if count > slots.count / 2 { growSlots() }
    return ONNXNameID(index: index)
  }

  private func range(of index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  private func find(
    _ name: UnsafeRawBufferPointer
  ) -> (name: ONNXNameID?, slot: Int, hash: UInt32) {
    let hash = Self.hash(name)
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let index = Int32(truncatingIfNeeded: slots[slot])
      if slots[slot] >> 32 == UInt64(hash), isEqual(range(of: Int(index)), name) {
        return (ONNXNameID(index: index), slot, hash)
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return (nil, slot, hash)
  }

  private func isEqual(_ range: Range<Int>, _ name: UnsafeRawBufferPointer) -> Bool {
    // Neither is empty: the empty name is never looked up.
    guard range.count == name.count, let start = name.baseAddress else { return range.isEmpty }
    return bytes.withUnsafeBytes { all in
      all.baseAddress.map { memcmp($0 + range.lowerBound, start, range.count) == 0 } ?? false
    }
  }

  private mutating func growSlots() {
    let old = slots
    slots = Array(repeating: 0, count: 2 * old.count)
    for taken in old where taken != 0 {
      var slot = Int(taken >> 32) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = taken
    }
  }

  /// The standard library's keyed hash: a file cannot aim at collisions.
  private static func hash(_ name: UnsafeRawBufferPointer) -> UInt32 {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }
}
