// SPDX-License-Identifier: Apache-2.0
import Cancellation
import Testing

@Suite struct StopConditionTests {
  @Test func `without a deadline and a flag nothing stops`() {
    let condition = StopCondition()
    #expect(!condition.canBeMet)
    #expect(!condition.isMet)
    #expect(condition.remaining == nil)
  }

  @Test func `a deadline stops when it has passed`() {
    let now = ContinuousClock.now
    #expect(StopCondition(deadline: now).isMet)
    #expect(StopCondition(deadline: now).remaining == .zero)
    let later = StopCondition(deadline: now + .seconds(3600))
    #expect(later.canBeMet)
    #expect(!later.isMet)
    #expect(later.remaining ?? .zero > .seconds(3000))
  }

  @Test func `a flag stops from when it is set, before any deadline`() {
    let flag = CancellationFlag()
    let condition = StopCondition(
      deadline: ContinuousClock.now + .seconds(3600), cancellation: flag)
    #expect(!condition.isMet)
    flag.cancel()
    #expect(condition.isMet)
    flag.cancel()
    #expect(flag.isCancelled)
  }

  @Test func `a parent sets its children, and no child its parent`() {
    let parent = CancellationFlag()
    let children = [CancellationFlag(parent: parent), CancellationFlag(parent: parent)]
    children[0].cancel()
    #expect(children.map(\.isCancelled) == [true, false])
    #expect(!parent.isCancelled)
    parent.cancel()
    #expect(children.map(\.isCancelled) == [true, true])
  }

  @Test func `flags are equal only if they are the same`() {
    let flag = CancellationFlag()
    #expect(flag == flag)
    #expect(flag != CancellationFlag())
    #expect(Set([flag, flag, CancellationFlag()]).count == 2)
  }
}
