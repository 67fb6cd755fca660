// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Importers

@Suite struct SliceEffectsTests {
  private func fact(_ shape: [Int], _ type: ElementType = .float32) -> ValueFact {
    ValueFact(type, shape)
  }

  private func concat(_ parts: [ValueFact?], _ whole: ValueFact?, axis: Int) -> [Effect] {
    SliceEffects.concat.effects(inputs: parts, outputs: [whole], axis: axis)
  }

  @Test func `a Concat holds its operands where every extent before the axis is 1`() {
    let (a, b) = (fact([1, 2, 3]), fact([1, 4, 3]))
    let expected = [
      Effect(.mayHold, output: 0, of: 0), Effect(.mayHold, output: 0, of: 1, at: 24),
    ]
    #expect(concat([a, b], fact([1, 6, 3]), axis: 1) == expected)
    #expect(concat([a, b], fact([1, 6, 3]), axis: -2) == expected)
    #expect(concat([fact([2, 2]), fact([2, 4])], fact([2, 6]), axis: 1).isEmpty)
    #expect(concat([fact([2]), fact([3])], fact([5]), axis: 0).count == 2)
  }

  @Test func `a Split's results lie in its operand`() {
    let effects = SliceEffects.split.effects(
      inputs: [fact([4, 8]), nil], outputs: [fact([1, 8]), fact([3, 8])], axis: 0)
    #expect(
      effects == [
        Effect(.maySlice, output: 0, of: 0), Effect(.maySlice, output: 1, of: 0, at: 32),
      ])
  }

  @Test func `what lies behind a result that nobody wants is at no known place`() {
    let effects = SliceEffects.split.effects(
      inputs: [fact([4, 8])], outputs: [fact([1, 8]), nil, fact([1, 8])], axis: 0)
    #expect(effects == [Effect(.maySlice, output: 0, of: 0)])
  }

  @Test func `sizes that depend on data, half bytes and empty parts give none`() {
    var bounded = fact([2])
    bounded.isUpperBound = true
    #expect(concat([bounded, fact([3])], fact([5]), axis: 0).isEmpty)
    #expect(concat([fact([1], .int4), fact([1], .int4)], fact([2], .int4), axis: 0).isEmpty)
    #expect(concat([fact([0]), fact([5])], fact([5]), axis: 0).isEmpty)
    #expect(
      concat([fact([2]), fact([4])], fact([5]), axis: 0) == [Effect(.mayHold, output: 0, of: 0)])
    #expect(concat([fact([1, 2])], fact([1, 2]), axis: 5).isEmpty)
    #expect(concat([fact([1, 2])], fact([1, 2]), axis: .min).isEmpty)
  }

  @Test func `only Concat and Split of ONNX itself are meant`() {
    #expect(SliceEffects(domain: "", type: "Concat") == .concat)
    #expect(SliceEffects(domain: "", type: "Split") == .split)
    #expect(SliceEffects(domain: "com.example", type: "Split") == nil)
    #expect(SliceEffects(domain: "", type: "Slice") == nil)
  }
}
