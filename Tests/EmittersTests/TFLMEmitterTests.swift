// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct TFLMEmitterTests {
  /// Four bytes from a place, the lowest first, as a signed number.
  private func integer(_ bytes: [UInt8], _ index: Int) -> Int {
    let parts = bytes[(index * 4)..<(index * 4 + 4)].enumerated()
    let unsigned = parts.reduce(UInt32(0)) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
    return Int(Int32(bitPattern: unsigned))
  }

  @Test(arguments: Seeds.first(80))
  func `the blob has an offset or -1 for each tensor`(_ seed: Int) throws {
    let plan = try RandomPlan.plan(seed: seed)
    guard plan.options.alignment >= 16 else { return }
    let bytes = try TFLMEmitter().bytes(of: plan)
    #expect(bytes.count == 4 * (3 + plan.tensors.count))
    #expect(integer(bytes, 0) == 1)
    #expect(integer(bytes, 1) == 0)
    #expect(integer(bytes, 2) == plan.tensors.count)
    for (index, tensor) in plan.tensors.enumerated() {
      #expect(integer(bytes, 3 + index) == (tensor.space == "arena" ? tensor.offset ?? -1 : -1))
    }
  }

  @Test func `a plan in which tensors move has no place in formats of one offset each`() throws {
    let plan = try LadderPlan.plan()
    #expect(throws: EmissionError.severalOffsets) { try TFLMEmitter().bytes(of: plan) }
    #expect(throws: EmissionError.severalOffsets) { try CHeaderEmitter().bytes(of: plan) }
  }

  @Test func `an arena of 2 GiB is refused`() throws {
    var plan = try RandomPlan.plan(seed: 2)
    plan.summary.arenaBytes = 1 << 31
    #expect(throws: EmissionError.beyond32Bits(1 << 31)) { try TFLMEmitter().bytes(of: plan) }
  }

  @Test func `an offset that is no multiple of 16 is refused, and says what to do`() throws {
    var plan = try RandomPlan.plan(seed: 2)
    let index = try #require(plan.tensors.firstIndex { $0.space == "arena" && $0.offset != nil })
    plan.tensors[index].offset = 8
    let error = EmissionError.misaligned(
      tensor: plan.tensors[index].name, offset: 8, alignment: 16)
    #expect(throws: error) { try TFLMEmitter().bytes(of: plan) }
    #expect("\(error)".contains("--alignment 16"))
  }
}
