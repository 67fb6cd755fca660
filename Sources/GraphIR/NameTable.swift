// SPDX-License-Identifier: Apache-2.0

/// Every name of a graph, stored once in one byte array.
///
/// Equal names get equal IDs, so the rest of the graph compares and hashes 32-bit numbers.
/// Open addressing over the byte array: no `String` is kept. The slots follow the standard library's
/// hash, whose seed differs from process to process, so that no file can be made to fill one run of
/// slots; IDs follow the order of insertion and do not depend on it.
public struct NameTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [UInt32] = []
  /// Slot -> name index + 1; 0 is free. The count is a power of two, at most two thirds full.
  private var slots: [UInt32]

  /// Makes a table that holds only the empty name, as ID 0.
  public init() {
    slots = Array(repeating: 0, count: 64)
    _ = intern("")
  }

  /// The number of distinct names, the empty one included.
  public var count: Int { ends.count }

  /// Whether a name of this length can still be added: all names together have less than 4 GiB.
  func hasRoom(forBytes count: Int) -> Bool {
    count < Int(UInt32.max) - bytes.count && ends.count < Int(UInt32.max) - 1
  }

  /// The name behind an ID.
  public subscript(id: NameID) -> String {
    String(decoding: bytes[range(of: id.index)], as: UTF8.self)
  }

  /// The UTF-8 bytes behind an ID.
  public func utf8(_ id: NameID) -> ArraySlice<UInt8> { bytes[range(of: id.index)] }

  /// Whether this is the name behind an ID, byte by byte.
  ///
  /// - Complexity: O(length), without an allocation.
  func holds(_ id: NameID, _ name: String) -> Bool {
    var name = name
    return name.withUTF8 { holds(id.index, $0) }
  }

  /// The ID of a name, if the table holds it.
  ///
  /// - Complexity: O(length) on average.
  public func id(of name: String) -> NameID? {
    var name = name
    return name.withUTF8 { utf8 in
      let slot = slot(for: utf8)
      return slots[slot] == 0 ? nil : NameID(rawValue: slots[slot] - 1)
    }
  }

  /// The ID of a name, added if it is new.
  ///
  /// - Precondition: All names together have less than 4 GiB.
  /// - Complexity: O(length) amortized.
  public mutating func intern(_ name: String) -> NameID {
    var name = name
    return name.withUTF8 { intern(utf8: $0) }
  }

  /// The ID of a name given as UTF-8, added if it is new.
  ///
  /// - Precondition: All names together have less than 4 GiB.
  /// - Complexity: O(length) amortized.
  public mutating func intern(utf8: UnsafeBufferPointer<UInt8>) -> NameID {
    let slot = slot(for: utf8)
    if slots[slot] != 0 { return NameID(rawValue: slots[slot] - 1) }
    bytes.append(contentsOf: utf8)
    ends.append(UInt32(bytes.count))
    slots[slot] = UInt32(ends.count)
    if ends.count * 3 > slots.count * 2 { grow() }
    return NameID(ends.count - 1)
  }

  private func range(of index: Int) -> Range<Int> {
    (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }

  private func slot(for utf8: UnsafeBufferPointer<UInt8>) -> Int {
    let mask = slots.count - 1
    var slot = Self.hash(utf8) & mask
    while slots[slot] != 0, !holds(Int(slots[slot]) - 1, utf8) { slot = (slot + 1) & mask }
    return slot
  }

  private static func hash(_ utf8: UnsafeBufferPointer<UInt8>) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(utf8))
    return hasher.finalize()
  }

  private func holds(_ index: Int, _ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
    let range = range(of: index)
    guard range.count == utf8.count else { return false }
    return bytes.withUnsafeBufferPointer { all in
      for offset in 0..<utf8.count where all[range.lowerBound + offset] != utf8[offset] {
        return false
      }
      return true
    }
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for index in 0..<ends.count {
      let hash = bytes.withUnsafeBufferPointer {
        Self.hash(UnsafeBufferPointer(rebasing: $0[range(of: index)]))
      }
      var slot = hash & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(index + 1)
    }
  }
}
