// SPDX-License-Identifier: Apache-2.0
public import TestSupport

/// Ways to spoil a file.
public enum ONNXDamage {
  /// A model that has something of everything.
  public static let everything = ProtobufWriter.model(
    more: {
      $0.message(14) {
        $0.string(1, "k")
        $0.string(2, "v")
      }
      $0.message(25) {
        $0.string(1, "F")
        $0.string(10, "local")
        $0.string(4, "x")
        $0.string(5, "y")
        $0.node("Relu", ["x"], ["y"], field: 7) {
          $0.attribute("r", kind: 2) { $0.string(21, "outer") }
        }
      }
    },
    graph: {
      $0.string(2, "g")
      $0.value(11, "x", shape: ["n", 3])
      $0.value(12, "y", shape: nil)
      $0.message(13) {
        $0.message(2) { $0.message(4) { $0.message(1) { $0.tensorType(1, 7, [1]) } } }
      }
      $0.tensor(5, "w", type: 7, dims: [3]) { $0.bytes(7, ProtobufWriter.varints([1, -1, 300])) }
      $0.tensor(5, "h", type: 10, dims: [2]) { $0.bytes(9, [0, 60, 0, 60]) }
      $0.tensor(5, "u", type: 22, dims: [3]) { $0.varint(5, 0x21) }
      $0.tensor(5, "s", type: 8, dims: [1]) { $0.string(6, "text") }
      $0.message(15) {
        $0.tensor(1, "z", type: 1, dims: [1]) { $0.fixed32(4, 0) }
        $0.tensor(2, type: 7, dims: [1]) { $0.varint(7, 0) }
        $0.varint(3, 9)
      }
      $0.node("If", ["c"], ["d"]) {
        $0.attribute("then", kind: 5) { $0.message(6) { $0.node("Neg", ["x"], ["t"]) } }
        $0.attribute("i", kind: 7) { $0.bytes(8, [1, 2, 3]) }
        $0.attribute("f", kind: 6) { $0.bytes(7, [0, 0, 128, 63]) }
        $0.attribute("t", kind: 4) { $0.tensor(5, type: 1, dims: []) { $0.fixed32(4, 0) } }
        $0.attribute("p", kind: 13) { $0.message(14) { $0.tensorType(1, 1, []) } }
      }
    })

  /// One to four small damages to a copy of bytes.
  public static func damaged(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard !bytes.isEmpty else { break }
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
      case 3: bytes.removeSubrange(place...)
      case 4: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
      case 5:
        bytes.removeSubrange(
          place..<min(place + Int.random(in: 1...8, using: &random), bytes.count))
      case 6:
        let end = min(place + Int.random(in: 1...40, using: &random), bytes.count)
        bytes.insert(contentsOf: bytes[place..<end], at: place)
      default:
        // A length or number grown to absurdity.
        bytes.replaceSubrange(
          place...place,
          with: [UInt8](repeating: 0xFF, count: Int.random(in: 4...9, using: &random)) + [1])
      }
    }
    return bytes
  }
}
