// SPDX-License-Identifier: Apache-2.0
import Gate
import Testing

@Suite struct ZooShardTests {
  @Test(arguments: [0, 1, 2, 3, 7, 95, 1000], [1, 2, 3, 8, 100])
  func `parts lie behind one another and are of nearly one size`(_ runs: Int, _ count: Int) throws {
    var end = 0
    for part in 1...count {
      let shard = try #require(ZooShard(parsing: "\(part)/\(count)"))
      let range = shard.range(of: runs)
      #expect(range.lowerBound == end)
      #expect(range.count == runs / count || range.count == runs / count + 1)
      end = range.upperBound
    }
    #expect(end == runs)
  }

  @Test(arguments: [
    "", "1", "/", "0/2", "3/2", "-1/2", "1/0", "1/2/3", "a/b", "1/", "/2", "9223372036854775808/1",
  ])
  func `what is no part is refused`(_ text: String) {
    #expect(ZooShard(parsing: text) == nil)
  }

  @Test func `a part of very many does not overflow`() throws {
    let shard = try #require(ZooShard(parsing: "\(Int.max)/\(Int.max)"))
    #expect(shard.range(of: 1000) == 999..<1000)
  }
}
