// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Ordering

@Suite struct ParallelMapTests {
  @Test(arguments: [0, 1, 2, 3, 17], [1, 2, 3, 8, 40])
  func `every number has its own result, whatever the threads`(count: Int, jobs: Int) {
    let squares = ParallelMap.results(count: count, jobs: jobs) { $0 * $0 }
    #expect(squares == (0..<count).map { $0 * $0 })
  }
}
