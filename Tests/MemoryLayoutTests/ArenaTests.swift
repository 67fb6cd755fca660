// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MemoryLayout

@Suite struct ArenaTests {
  @Test func `the smallest free block that is large enough is taken`() {
    var arena = Arena()
    let sizes = [10, 1, 6, 1, 8, 1]
    let blocks = sizes.map { arena.allocate(size: $0, alignment: 1) }
    #expect(blocks.map(\.offset) == [0, 10, 11, 17, 18, 26])
    for position in [0, 2, 4] { arena.release(blocks[position].block) }
    #expect(arena.allocate(size: 7, alignment: 1).offset == 18)
    #expect(arena.allocate(size: 6, alignment: 1).offset == 11)
    #expect(arena.allocate(size: 11, alignment: 1).offset == 27)
    #expect(arena.extent == 38)
  }

  @Test func `neighbours are joined and the last block grows`() {
    var arena = Arena()
    let first = arena.allocate(size: 4, alignment: 1)
    let second = arena.allocate(size: 4, alignment: 1)
    let third = arena.allocate(size: 4, alignment: 1)
    arena.release(first.block)
    arena.release(third.block)
    arena.release(second.block)
    #expect(arena.allocate(size: 20, alignment: 1).offset == 0)
    #expect(arena.extent == 20)
  }

  @Test func `alignment leaves the padding free`() {
    var arena = Arena()
    _ = arena.allocate(size: 5, alignment: 1)
    #expect(arena.allocate(size: 8, alignment: 16).offset == 16)
    #expect(arena.allocate(size: 11, alignment: 1).offset == 5)
    #expect(arena.extent == 24)
  }

  @Test(arguments: 0..<30)
  func `best fit is that of a list of free ranges`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    var arena = Arena()
    var live: [(block: Int32, range: Range<Int>)] = []
    var extent = 0
    for _ in 0..<150 {
      if live.count > 3, Int.random(in: 0..<5, using: &random) < 2 {
        let position = Int.random(in: 0..<live.count, using: &random)
        arena.release(live.remove(at: position).block)
        continue
      }
      let size = Int.random(in: 1...12, using: &random)
      var gaps: [Range<Int>] = []
      var floor = 0
      for range in live.map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if range.lowerBound > floor { gaps.append(floor..<range.lowerBound) }
        floor = range.upperBound
      }
      if extent > floor { gaps.append(floor..<extent) }
      let expected =
        gaps.filter { $0.count >= size }
        .min { ($0.count, $0.lowerBound) < ($1.count, $1.lowerBound) }?.lowerBound ?? floor
      let (block, offset) = arena.allocate(size: size, alignment: 1)
      #expect(offset == expected)
      live.append((block, offset..<offset + size))
      extent = max(extent, offset + size)
      #expect(arena.extent == extent)
    }
  }

  @Test(arguments: 0..<20)
  func `free blocks stay in order of size and offset`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    var blocks = FreeBlocks()
    var present: [(size: Int, offset: Int, block: Int32)] = []
    for _ in 0..<400 {
      if present.count > 20, Bool.random(using: &random) {
        let position = Int.random(in: 0..<present.count, using: &random)
        blocks.remove(present.remove(at: position).block)
      } else if let block = (0..<Int32(200)).first(where: { number in
        !present.contains { $0.block == number }
      }) {
        let size = Int.random(in: 1...30, using: &random)
        let offset = Int.random(in: 0...1000, using: &random)
        blocks.insert(block, size: size, offset: offset)
        present.append((size, offset, block))
      }
      let wanted = Int.random(in: 0...32, using: &random)
      let expected = present.filter { $0.size >= wanted }.min { $0 < $1 }?.block
      #expect(blocks.smallest(ofAtLeast: wanted) == expected)
    }
  }
}
