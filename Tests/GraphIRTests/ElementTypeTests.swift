// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@Suite struct ElementTypeTests {
  @Test(arguments: ElementType.allCases) func `a name leads back to its type`(type: ElementType) {
    #expect(ElementType(name: type.name) == type)
  }

  @Test func `narrow elements are packed and the last byte is filled up`() {
    #expect(ElementType.int4.byteCount(of: [3]) == ByteCount(2))
    #expect(ElementType.uint2.byteCount(of: [5]) == ByteCount(2))
    #expect(ElementType.bool.byteCount(of: [5]) == ByteCount(5))
    #expect(ElementType.float32.byteCount(of: []) == ByteCount(4))
    #expect(ElementType.complex128.byteCount(of: [2, 3]) == ByteCount(96))
  }

  @Test func `an empty extent makes an empty tensor whatever the others are`() {
    #expect(ElementType.float32.byteCount(of: [Int.max, 0, Int.max]) == nil)
    #expect(ElementType.float32.byteCount(of: [1 << 40, 0, 7]) == .zero)
  }

  @Test func `sizes that do not fit and negative extents are refused`() {
    #expect(ElementType.float32.byteCount(of: [1 << 40, 1 << 40]) == nil)
    #expect(ElementType.float64.byteCount(of: [1 << 58]) == nil)
    #expect(ElementType.float32.byteCount(of: [-1]) == nil)
  }
}
