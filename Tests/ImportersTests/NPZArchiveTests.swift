// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

struct NPZArchiveTests {
  /// A stored ZIP archive with one entry, as `numpy.savez` lays it out.
  static func archive(
    _ name: String, _ content: [UInt8], method: Int64 = 0, comment: [UInt8] = []
  ) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let title = Array(name.utf8)
    let facts =
      number(Int(method), 2) + number(0, 8) + number(content.count, 4) + number(content.count, 4)
      + number(title.count, 2)
    let local = number(0x0403_4B50, 4) + number(20, 2) + number(0, 2) + facts + number(0, 2) + title
    let central =
      number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + number(0, 2) + facts + number(0, 2)
      + number(comment.count, 2) + number(0, 2) + number(0, 2) + number(0, 4) + number(0, 4) + title
      + comment
    let end =
      number(0x0605_4B50, 4) + number(0, 4) + number(1, 2) + number(1, 2)
      + number(central.count, 4) + number(local.count + content.count, 4) + number(0, 2)
    return local + content + central + end
  }

  static func array(_ descriptor: String, _ shape: String, _ elements: [UInt8]) -> [UInt8] {
    let header =
      "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(shape)), }\n"
    let count = header.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)]
      + Array(header.utf8) + elements
  }

  private static let floats: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]

  private func read(_ bytes: [UInt8]) throws -> NPYArray? {
    try NPZArchive(MappedFile(bytes: bytes)).array("a")
  }

  @Test func `arrays are read where they lie`() throws {
    let bytes = Self.archive("a.npy", Self.array("<f4", "2, 1", Self.floats), comment: [7])
    let array = try #require(try read(bytes))
    #expect(array.shape == [2, 1] && array.elements == [1, 2])
    let halves = Self.archive("a.npy", Self.array("<f2", "2,", [0, 60, 0, 64]))
    #expect(try read(halves)?.elements == [1, 2])
    #expect(try NPZArchive(MappedFile(bytes: bytes)).names == ["a"])
    #expect(try NPZArchive(MappedFile(bytes: bytes)).array("b") == nil)
  }

  @Test func `what is not as it should be is refused with the reason`() throws {
    #expect(throws: ArchiveError.compressed("a.npy")) {
      try read(Self.archive("a.npy", Self.array("<f4", "2", Self.floats), method: 8))
    }
    #expect(throws: ArchiveError.notAnArchive) { try read(Array("not a zip".utf8)) }
    for (descriptor, shape) in [
      ("<i8", "1"), (">f4", "2"), ("<f4", "3"), ("<f4", "9223372036854775807, 4"), ("<f4", "-2"),
    ] {
      #expect(throws: ArchiveError.self) {
        try read(Self.archive("a.npy", Self.array(descriptor, shape, Self.floats)))
      }
    }
  }

  @Test(arguments: Seeds.first(400))
  func `damaged archives are read or refused`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    var bytes = Self.archive("a.npy", Self.array("<f4", "2, 1", Self.floats))
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
    }
    if Bool.random(using: &random) {
      bytes.removeLast(Int.random(in: 0..<bytes.count - 1, using: &random))
    }
    do { _ = try read(bytes) } catch is ArchiveError {} catch is ImportError {}
  }
}
