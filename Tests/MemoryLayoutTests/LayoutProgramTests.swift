// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming
import MemoryLayout
import Testing

@Suite struct LayoutProgramTests {
  @Test func `the program of three buffers, in units of eight bytes`() throws {
    // 0 and 1 live together, 1 and 2 as well, all three at step 1; the known height is 8.
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 4, lifetime: 0..<2), LayoutBuffer(size: 2, lifetime: 0..<3),
      LayoutBuffer(size: 1, lifetime: 1..<3),
    ])
    let known = LayoutSolution(offsets: [0, 4, 7], height: 8)
    let model = LayoutProgram(for: problem, notAbove: known)
    #expect(model.unit == 8)
    #expect(model.branchingOrder.map(\.rawValue) == [4, 5, 6])
    #expect(
      model.program.lpText == """
        \\ layout
        Minimize
         objective: height
        Subject To
         top(0): - height + offset(0) <= -0.5
         top(1): - height + offset(1) <= -0.25
         top(2): - height + offset(2) <= -0.125
         above(0,1): offset(0) - offset(1) + below(0,1) <= 0.5
         above(1,0): - offset(0) + offset(1) - below(0,1) <= -0.25
         above(0,2): offset(0) - offset(2) + below(0,2) <= 0.5
         above(2,0): - offset(0) + offset(2) - below(0,2) <= -0.125
         above(1,2): offset(1) - offset(2) + below(1,2) <= 0.75
         above(2,1): - offset(1) + offset(2) - below(1,2) <= -0.125
         under(0,0): offset(0) + 0.25 below(0,1) + 0.125 below(0,2) >= 0.375
         over(0,0): - height + offset(0) + 0.25 below(0,1) + 0.125 below(0,2) <= -0.5
         under(0,1): offset(1) - 0.5 below(0,1) + 0.125 below(1,2) >= 0.125
         over(0,1): - height + offset(1) - 0.5 below(0,1) + 0.125 below(1,2) <= -0.75
         under(0,2): offset(2) - 0.5 below(0,2) - 0.25 below(1,2) >= 0
         over(0,2): - height + offset(2) - 0.5 below(0,2) - 0.25 below(1,2) <= -0.875
        Bounds
         0.875 <= height <= 1
         0 <= offset(0) <= 0.5
         0 <= offset(1) <= 0.75
         0 <= offset(2) <= 0.875
         0 <= below(0,1) <= 1
         0 <= below(0,2) <= 1
         0 <= below(1,2) <= 1
        Generals
         below(0,1)
         below(0,2)
         below(1,2)
        End

        """)
  }

  @Test func `what lifetimes and bounds decide is decided`() throws {
    let twin = LayoutBuffer(size: 3, lifetime: 0..<2)
    let problem = try LayoutProblem(buffers: [
      twin, twin,
      LayoutBuffer(size: 4, lifetime: 5..<6),
      LayoutBuffer(size: 6, lifetime: 5..<7, fixedOffset: 4),
    ])
    let known = LayoutSolution(offsets: [3, 0, 0, 4], height: 10)
    let program = LayoutProgram(for: problem, notAbove: known).program
    let binaries = program.variables.filter { $0.kind == .binary }
    #expect(binaries.map(\.name) == ["below[0,1]", "below[2,3]"])
    // The twins keep their order; nothing of 4 bytes fits above the fixed buffer.
    #expect(binaries.map(\.lower) == [0, 1])
    #expect(binaries.map(\.upper) == [0, 1])
  }

  @Test func `the program of a capacity has no height to choose, and no start`() throws {
    // 0 and 1 live together; 2 is fixed under both of them, tied to 3 which follows it.
    let problem = try LayoutProblem(
      buffers: [
        LayoutBuffer(size: 4, lifetime: 0..<2), LayoutBuffer(size: 2, lifetime: 0..<3),
        LayoutBuffer(size: 2, lifetime: 2..<4), LayoutBuffer(size: 1, lifetime: 3..<5),
      ], ties: [LayoutTie(3, to: 2, distance: 1)])
    let model = LayoutProgram(for: problem, capacity: 8)
    #expect(model.unit == 8)
    #expect(model.start == nil)
    #expect(
      model.program.lpText == """
        \\ layout
        Minimize
         objective: height
        Subject To
         top(0): - height + offset(0) <= -0.5
         top(1): - height + offset(1) <= -0.25
         top(2): - height + offset(2) <= -0.25
         top(3): - height + offset(3) <= -0.125
         above(0,1): offset(0) - offset(1) + below(0,1) <= 0.5
         above(1,0): - offset(0) + offset(1) - below(0,1) <= -0.25
         above(1,2): offset(1) - offset(2) + below(1,2) <= 0.75
         above(2,1): - offset(1) + offset(2) - below(1,2) <= -0.25
         tied(3): - offset(2) + offset(3) = 0.125
        Bounds
         height = 1
         0 <= offset(0) <= 0.5
         0 <= offset(1) <= 0.75
         0 <= offset(2) <= 0.75
         0.125 <= offset(3) <= 0.875
         0 <= below(0,1) <= 1
         0 <= below(1,2) <= 1
        Generals
         below(0,1)
         below(1,2)
        End

        """)
  }

  @Test func `in sums over sections a group counts with its largest member`() throws {
    // A slice within its whole, and two strangers: the slice is not counted beside the whole.
    let problem = try LayoutProblem(
      buffers: [
        LayoutBuffer(size: 4, lifetime: 0..<2), LayoutBuffer(size: 2, lifetime: 0..<2),
        LayoutBuffer(size: 1, lifetime: 0..<2), LayoutBuffer(size: 1, lifetime: 0..<2),
      ], ties: [LayoutTie(1, to: 0, distance: 2)])
    let program = LayoutProgram(for: problem, capacity: 8).program
    let rows = (0..<program.constraintCount).map { program.constraint($0) }
    let under = try #require(rows.first { $0.name == "under[0,2]" })
    // offset[2] >= 4/8 (1 if 0 is below 2) + 1/8 (1 if 3 is below 2)
    #expect(under.terms.map(\.coefficient).sorted() == [-0.5, 0.125, 1].sorted())
    #expect(!rows.contains { $0.name.hasPrefix("above[0,1]") })
    #expect(rows.contains { $0.name == "tied[1]" })
  }
}
