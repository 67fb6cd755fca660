// SPDX-License-Identifier: Apache-2.0
import Cancellation
import Synchronization
import TestSupport
import Testing

@testable import Ordering

@Suite struct TeamTests {
  /// Results of a run whose tasks take odd amounts of work, up to the first that is refused.
  private static func results(jobs: Int, count: Int, last: Int, seed: Int) -> [Int] {
    var taken: [Int] = []
    Team(jobs: jobs).run(count, deadline: .never) { index, deadline in
      var random = SeededGenerator(seed: seed * 1000 + index)
      let steps = Int.random(in: 0..<3000, using: &random)
      var sum = index
      for step in 0..<steps where !deadline.isOver { sum &+= step }
      return deadline.isOver ? -1 : sum
    } take: { index, value in
      taken.append(value)
      return index != last
    }
    return taken
  }

  @Test(arguments: 0..<40)
  func `what is taken does not depend on the threads`(seed: Int) {
    let (count, last) = (seed % 13, seed % 7 + (seed % 3) * 4)
    let alone = Self.results(jobs: 1, count: count, last: last, seed: seed)
    #expect(alone.count == min(count, last + 1))
    #expect(!alone.contains(-1))
    for jobs in [2, 3, 8] {
      #expect(Self.results(jobs: jobs, count: count, last: last, seed: seed) == alone)
    }
  }

  @Test func `tasks after a refusal are told to stop`() {
    // The second task would never end by itself.
    var taken: [Int] = []
    Team(jobs: 2).run(2, deadline: .never) { index, deadline in
      while index == 1, !deadline.isOver {}
      return index
    } take: { index, _ in
      taken.append(index)
      return false
    }
    #expect(taken == [0])
  }

  @Test func `tasks run at the same time`() {
    // Each of two waits for the other.
    final class Shared: Sendable {
      let arrived = Atomic(0)
    }
    let shared = Shared()
    var taken = 0
    Team(jobs: 2).run(2, deadline: Deadline(after: .seconds(60))) { _, deadline in
      shared.arrived.add(1, ordering: .sequentiallyConsistent)
      while shared.arrived.load(ordering: .sequentiallyConsistent) < 2, !deadline.isOver {}
      return shared.arrived.load(ordering: .sequentiallyConsistent)
    } take: { _, count in
      taken += count
      return true
    }
    #expect(taken == 4)
  }

  @Test func `a signal ends a deadline that has none`() {
    let signal = CancellationFlag()
    let deadline = Deadline.never.orOn(signal)
    #expect(!deadline.isOver)
    signal.cancel()
    #expect(deadline.isOver)
    #expect(!Deadline.never.isOver)
    #expect(Deadline(after: .zero).isOver)
    #expect(Deadline(after: .zero).orOn(CancellationFlag()).isOver)
  }
}
