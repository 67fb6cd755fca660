// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

@Suite struct `Known values` {
  @Test(arguments: [
    (ElementType.int8, 200, -56), (.uint8, -1, 255), (.int16, 40000, -25536), (.uint16, -1, 65535),
    (.int32, 1 << 31, -(1 << 31)), (.uint32, -1, (1 << 32) - 1), (.int64, -7, -7), (.bool, 9, 1),
    (.int4, 9, -7), (.uint4, 17, 1), (.int2, 3, -1), (.uint2, 7, 3), (.uint64, 5, 5),
  ])
  func `integers wrap to the width of their type`(type: ElementType, given: Int64, result: Int64) {
    #expect(type.wrapped(given) == result)
  }

  @Test func `what a type cannot hold is not known`() {
    #expect(ElementType.uint64.wrapped(-1) == nil)
    #expect(ElementType.float32.wrapped(1) == nil)
    #expect(ElementType.int64.rounded(1) == nil)
    #expect(ElementType.float8e5m2.rounded(1) == nil)
  }

  @Test func `real numbers round to the nearest of their type`() {
    #expect(ElementType.float32.rounded(0.1) == Double(Float(0.1)))
    #expect(ElementType.float64.rounded(0.1) == 0.1)
    #expect(ElementType.float16.rounded(2049) == 2048)
    #expect(ElementType.float16.rounded(1e6) == .infinity)
    // Eight bits of precision, ties to even.
    #expect(ElementType.bfloat16.rounded(257) == 256)
    #expect(ElementType.bfloat16.rounded(259) == 260)
    #expect(ElementType.bfloat16.rounded(-1.00390625) == -1)
    #expect(ElementType.bfloat16.rounded(.infinity) == .infinity)
    #expect(ElementType.bfloat16.rounded(.nan)?.isNaN == true)
  }

  @Test func `casts cut off, wrap, and know nothing of what has no result`() {
    #expect(KnownValue.reals([2.9, -2.9, 0]).cast(to: .int32) == .integers([2, -2, 0]))
    #expect(KnownValue.reals([0.2, 0, .nan]).cast(to: .bool) == .integers([1, 0, 1]))
    #expect(KnownValue.reals([300]).cast(to: .int8) == nil)
    #expect(KnownValue.reals([.nan]).cast(to: .int64) == nil)
    #expect(KnownValue.reals([1e300]).cast(to: .int64) == nil)
    #expect(KnownValue.integers([300, -1]).cast(to: .uint8) == .integers([44, 255]))
    #expect(KnownValue.integers([1 << 24 + 1]).cast(to: .float32) == .reals([0x1p24]))
    #expect(KnownValue.integers([1]).cast(to: .string) == nil)
    #expect(KnownValue.integers([1]).cast(to: .complex64) == nil)
  }

  @Test func `values are picked, repeated and joined`() {
    #expect(KnownValue.integers([5, 6, 7]).picking([2, 0]) == .integers([7, 5]))
    #expect(KnownValue.reals([1]).repeated(3) == .reals([1, 1, 1]))
    #expect(
      KnownValue.joined([.integers([1]), .integers([]), .integers([2])]) == .integers([1, 2]))
    #expect(KnownValue.joined([.integers([1]), .reals([2])]) == nil)
    #expect(KnownValue.joined([.reals([1]), .integers([])]) == .reals([1]))
  }
}

@Suite struct `Arithmetic on shapes` {
  @Test func `shapes are stretched to each other`() throws {
    #expect(try Extents.broadcast([2, 1, 4], [3, 1]) == [2, 3, 4])
    #expect(try Extents.broadcast([], [3]) == [3])
    #expect(try Extents.broadcast([0], [1]) == [0])
    #expect(try Extents.broadcast([[2, 1], [1, 3], [1]]) == [2, 3])
    #expect(throws: OperatorFault.notBroadcastable([2], [3])) { try Extents.broadcast([2], [3]) }
    #expect(throws: OperatorFault.notBroadcastable([0], [2])) { try Extents.broadcast([0], [2]) }
  }

  @Test func `axes count from either end, none twice`() throws {
    #expect(try Extents.axes([0, -1], rank: 3) == [0, 2])
    #expect(throws: OperatorFault.axis(3, rank: 3)) { try Extents.axis(3, rank: 3) }
    #expect(throws: OperatorFault.axis(-4, rank: 3)) { try Extents.axis(-4, rank: 3) }
    #expect(throws: OperatorFault.axis(.min, rank: 0)) { try Extents.axis(.min, rank: 0) }
    #expect(throws: OperatorFault.repeatedAxis(-3)) { try Extents.axes([0, -3], rank: 3) }
  }

  @Test func `what does not fit is reported`() {
    #expect(throws: OperatorFault.tooLarge) { try Extents.product([1 << 40, 1 << 40]) }
    #expect(throws: OperatorFault.tooLarge) { try Extents.product(1 << 40, 1 << 40) }
    #expect(throws: OperatorFault.tooLarge) { try Extents.sum(.max, 1) }
    #expect(throws: OperatorFault.inputValue(input: 1, reason: "-2 is no extent")) {
      try Extents.extent(-2, input: 1)
    }
    #expect(throws: OperatorFault.tooLarge) { try Extents.extent(.max, input: 1) }
  }

  @Test(arguments: Seeds.first(50))
  func `broadcast positions are those of plain indexing`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let rank = Int.random(in: 0...4, using: &random)
    let result = (0..<rank).map { _ in Int.random(in: 1...3, using: &random) }
    let shape = result.map { Bool.random(using: &random) ? 1 : $0 }
      .suffix(Int.random(in: 0...rank, using: &random))
    let positions = Extents.broadcastPositions(of: Array(shape), to: result)
    #expect(positions.count == result.reduce(1, *))
    for (linear, position) in positions.enumerated() {
      var (rest, index) = (linear, [Int]())
      for extent in result.reversed() {
        index.insert(rest % extent, at: 0)
        rest /= extent
      }
      var expected = 0
      for (axis, extent) in shape.enumerated() {
        let coordinate = index[rank - shape.count + axis]
        expected = expected * extent + (extent == 1 ? 0 : coordinate)
      }
      #expect(position == expected)
    }
  }

  @Test func `an equation of Einstein's gives its result's shape`() throws {
    func shape(_ equation: String, _ shapes: [Int]...) throws -> [Int] {
      try EinsumEquation(equation).shape(of: shapes)
    }
    #expect(try shape("ij, jk -> ik", [2, 3], [3, 4]) == [2, 4])
    #expect(try shape("bij,bjk", [5, 2, 3], [5, 3, 4]) == [2, 4])
    #expect(try shape("ba", [2, 3]) == [3, 2])
    #expect(try shape("...ij->...ji", [7, 2, 3]) == [7, 3, 2])
    #expect(try shape("i...,i...->...", [2, 5, 1], [2, 1, 6]) == [5, 6])
    #expect(try shape("ij->", [2, 3]) == [])
    for broken in ["i", "ij->k", "i1->i", "......->", "ij,->", "->->", "i.j"] {
      #expect(throws: OperatorFault.self, "\(broken)") { try shape(broken, [2, 3]) }
    }
    #expect(throws: OperatorFault.self) { try shape("ij,jk->ik", [2, 3], [4, 5]) }
  }
}
