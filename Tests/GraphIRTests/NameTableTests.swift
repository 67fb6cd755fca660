// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@Suite struct NameTableTests {
  @Test func `equal names share an ID and read back as written`() {
    var table = NameTable()
    var ids: [NameID] = []
    for index in 0..<5000 { ids.append(table.intern("tensor/\(index % 1700)·é")) }
    #expect(table.count == 1701)
    for index in 0..<5000 {
      #expect(ids[index] == ids[index % 1700])
      #expect(table[ids[index]] == "tensor/\(index % 1700)·é")
    }
  }

  @Test func `a name that was never added has no ID`() {
    var table = NameTable()
    let id = table.intern("a")
    #expect(table.id(of: "a") == id)
    #expect(table.id(of: "b") == nil)
    #expect(table.id(of: "") == NameID(0))
  }

  @Test func `names may hold any bytes and any length`() {
    var table = NameTable()
    let names = ["\0", "\0\0", String(repeating: "x", count: 10_000), "é", "e\u{301}", " "]
    let ids = names.map { table.intern($0) }
    #expect(ids == names.indices.map { NameID($0 + 1) })
    for (name, id) in zip(names, ids) {
      #expect(table.id(of: name) == id)
      #expect(Array(table.utf8(id)) == Array(name.utf8))
    }
  }
}
