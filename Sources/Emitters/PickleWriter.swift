// SPDX-License-Identifier: Apache-2.0

/// Writes Python values as a pickle of protocol 2: dictionaries, lists, tuples, strings, integers,
/// truth values and `None`.
///
/// Strings, and values that are kept, are written once and referred to after that, so that what
/// many records share costs some bytes in each.
struct PickleWriter {
  private(set) var bytes: [UInt8] = [0x80, 2]
  private var memo: [String: Int] = [:]
  private var memoCount = 0

  /// A value that was written before.
  struct Kept { fileprivate let number: Int }

  /// Ends the pickle; nothing may follow.
  mutating func finish() { bytes.append(UInt8(ascii: ".")) }

  /// Starts a dictionary, whose keys and values follow in turns.
  mutating func beginDictionary() { bytes += [UInt8(ascii: "}"), UInt8(ascii: "(")] }

  mutating func endDictionary() { bytes.append(UInt8(ascii: "u")) }

  /// Starts a list, whose elements follow.
  mutating func beginList() { bytes += [UInt8(ascii: "]"), UInt8(ascii: "(")] }

  mutating func endList() { bytes.append(UInt8(ascii: "e")) }

  /// Starts a tuple, whose elements follow.
  mutating func beginTuple() { bytes.append(UInt8(ascii: "(")) }

  mutating func endTuple() { bytes.append(UInt8(ascii: "t")) }

  /// Writes a key of a dictionary and an integer.
  mutating func member(_ key: String, _ value: Int) {
    string(key)
    int(value)
  }

  /// Writes a key of a dictionary and a string.
  mutating func member(_ key: String, _ value: String) {
    string(key)
    string(value)
  }

  /// Keeps the value that was written last.
  mutating func keep() -> Kept {
    let number = memoCount
    memoCount += 1
    if number < 256 {
      bytes.append(UInt8(ascii: "q"))
      bytes.append(UInt8(number))
    } else {
      bytes.append(UInt8(ascii: "r"))
      appendInt32(number)
    }
    return Kept(number: number)
  }

  /// Writes the very value that was kept.
  mutating func again(_ kept: Kept) {
    if kept.number < 256 {
      bytes.append(UInt8(ascii: "h"))
      bytes.append(UInt8(kept.number))
    } else {
      bytes.append(UInt8(ascii: "j"))
      appendInt32(kept.number)
    }
  }

  mutating func string(_ text: String) {
    if let number = memo[text] { return again(Kept(number: number)) }
    bytes.append(UInt8(ascii: "X"))
    appendInt32(text.utf8.count)
    bytes += text.utf8
    memo[text] = keep().number
  }

  mutating func int(_ value: Int) {
    switch value {
    case 0...0xFF:
      bytes.append(UInt8(ascii: "K"))
      bytes.append(UInt8(value))
    case Int(Int32.min)...Int(Int32.max):
      bytes.append(UInt8(ascii: "J"))
      appendInt32(value)
    default:
      bytes += [0x8A, 8]
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> shift))
      }
    }
  }

  mutating func bool(_ value: Bool) { bytes.append(value ? 0x88 : 0x89) }

  mutating func none() { bytes.append(UInt8(ascii: "N")) }

  private mutating func appendInt32(_ value: Int) {
    for shift in stride(from: 0, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
