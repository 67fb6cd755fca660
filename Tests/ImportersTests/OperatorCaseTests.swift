// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
struct OperatorCaseTests {
  @Test(arguments: [
    ("node", 1800, 500), ("ort", 2500, 500), ("microsoft", 300, 0), ("ml", 200, 0),
    ("flow", 400, 0),
  ])
  func `single operators give the types, shapes and elements that were computed`(
    set: String, count: Int, values: Int
  ) throws {
    let found = try OperatorCases.differences(in: set)
    #expect(found.lines == [])
    #expect(found.count >= count)
    #expect(found.values >= values)
  }
}
