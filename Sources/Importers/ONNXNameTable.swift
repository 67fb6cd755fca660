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

  /// The hash of each name.
  private var hashes: [Int]

  /// Open addressing, a power of two of them: the index of a name, or -1.
  private var slots: [Int32]

  /// The table of just the empty name.
  init() {
    let hash = [UInt8]().withUnsafeBytes(Self.hash)
    hashes = [hash]
    slots = Array(repeating: -1, count: 16)
    slots[hash & 15] = 0
  }

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
    return text.withUTF8 { find(UnsafeRawBufferPointer($0)).name }
  }

  /// The name of bytes, added if it is new; `nil` if the table is full.
  mutating func insert(_ name: UnsafeRawBufferPointer) -> ONNXNameID? {
    if name.isEmpty { return .absent }
    let (found, slot, hash) = find(name)
    if let found { return found }
    guard let index = Int32(exactly: count) else { return nil }
    bytes.append(contentsOf: name)
    ends.append(bytes.count)
    hashes.append(hash)
    slots[slot] = index
    if count > slots.count / 2 { growSlots() }
    return ONNXNameID(index: index)
  }

  private func range(of index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  private func find(
    _ name: UnsafeRawBufferPointer
  ) -> (name: ONNXNameID?, slot: Int, hash: Int) {
    let hash = Self.hash(name)
    var slot = hash & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if hashes[index] == hash, isEqual(range(of: index), name) {
        return (ONNXNameID(index: slots[slot]), slot, hash)
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
    slots = Array(repeating: -1, count: 2 * slots.count)
    for index in hashes.indices {
      var slot = hashes[index] & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
  }

  /// The standard library's keyed hash: a file cannot aim at collisions.
  private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    return hasher.finalize()
  }
}
