// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import Testing

@Suite struct LayoutOracleTests {
  @Test(arguments: 0..<60)
  func `trying all orders is as good as trying all offsets`(seed: Int) {
    let kind = RandomBuffers(steps: 5, sizes: 1...5, alignments: [1, 2, 4])
    let buffers = kind.buffers(4, seed: seed)
    let least = LayoutOracle.leastHeight(of: buffers)
    #expect(LayoutOracle.leastHeightOverAllOffsets(of: buffers, limit: least) == least)
  }

  @Test(arguments: 0..<60)
  func `fixed buffers do not change that`(seed: Int) {
    let kind = RandomBuffers(steps: 5, sizes: 1...4, alignments: [1, 2], fixed: 2)
    let buffers = kind.buffers(4, seed: seed)
    let least = LayoutOracle.leastHeight(of: buffers)
    #expect(LayoutOracle.leastHeightOverAllOffsets(of: buffers, limit: least) == least)
  }
}
