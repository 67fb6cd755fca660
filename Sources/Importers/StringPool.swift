// SPDX-License-Identifier: Apache-2.0

/// Strings that occur again and again, made once and shared.
struct StringPool {
  private var names = ONNXNameTable()
  private var strings = [""]

  /// The string of bytes, with invalid UTF-8 repaired; `nil` if the pool is full.
  mutating func string(_ bytes: UnsafeRawBufferPointer) -> String? {
    index(of: bytes).map { strings[$0] }
  }

  /// The string's position in the pool, the same for the same bytes; `nil` if the pool is full.
  mutating func index(of bytes: UnsafeRawBufferPointer) -> Int? {
    guard let name = names.insert(bytes) else { return nil }
    if Int(name.index) == strings.count {
      strings.append(String(decoding: bytes, as: UTF8.self))
    }
    return Int(name.index)
  }

  /// The string at a position.
  subscript(index: Int) -> String { strings[index] }
}
