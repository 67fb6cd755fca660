// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MemoryLayout

@Suite struct LayoutOrderTests {
  @Test(arguments: LayoutOrder.allCases)
  func `orders go by their keys`(order: LayoutOrder) throws {
    // Steps:  0 1 2 3 4 5 6 7   size  width  area  load
    //   0     ###               8     2      16    16
    //   1       #########       6     5      30    16
    //   2                   #   12    1      12    12
    //   3       ###########     2     6      12    16
    //   4                 #     8     1      8     10
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 8, lifetime: 0..<2), LayoutBuffer(size: 6, lifetime: 1..<6),
      LayoutBuffer(size: 12, lifetime: 7..<8), LayoutBuffer(size: 2, lifetime: 1..<7),
      LayoutBuffer(size: 8, lifetime: 6..<7),
    ])
    let expected: [Int32] =
      switch order {
      case .size: [2, 0, 4, 1, 3]
      case .area: [1, 0, 2, 3, 4]
      case .width: [3, 1, 0, 2, 4]
      case .load: [3, 1, 0, 2, 4]
      case .loadSize: [0, 1, 3, 2, 4]
      case .loadWidth: [3, 1, 0, 2, 4]
      }
    #expect(order.order(of: problem) == expected)
  }

  @Test func `equal buffers go by position`() throws {
    let twin = LayoutBuffer(size: 4, lifetime: 0..<2)
    let problem = try LayoutProblem(buffers: [twin, twin, twin])
    for order in LayoutOrder.allCases { #expect(order.order(of: problem) == [0, 1, 2]) }
  }
}
