// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite struct `Names` {
  private func insert(_ text: String, into table: inout ONNXNameTable) -> ONNXNameID? {
    Array(text.utf8).withUnsafeBytes { table.insert($0) }
  }

  @Test func `the empty name is always there`() {
    var table = ONNXNameTable()
    #expect(table.count == 1)
    #expect(table[.absent] == "")
    #expect(table.id(of: "") == .absent)
    #expect(insert("", into: &table) == .absent)
    #expect(table.count == 1)
  }

  @Test(arguments: Seeds.first(20))
  func `a name has one number, in order of first mention`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    var table = ONNXNameTable()
    var order = [""]
    for _ in 0..<500 {
      let name = String(Int.random(in: 0..<300, using: &random), radix: 36)
      let id = insert(name, into: &table)
      if !order.contains(name) { order.append(name) }
      #expect(id.map { Int($0.index) } == order.firstIndex(of: name))
    }
    #expect(table.count == order.count)
    #expect((0..<table.count).map { table[ONNXNameID(index: Int32($0))] } == order)
    #expect(order.allSatisfy { table.id(of: $0).map { table[$0] } == $0 })
    #expect(table.id(of: "never mentioned") == nil)
  }
}
