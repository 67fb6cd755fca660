// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import Testing

@Suite struct LayoutPictureTests {
  @Test func `each buffer is a rectangle over its steps and addresses`() throws {
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 8, lifetime: 0..<2), LayoutBuffer(size: 8, lifetime: 1..<4),
      LayoutBuffer(size: 0, lifetime: 0..<1),
    ])
    let solution = LayoutSolution(offsets: [0, 8, 0], height: 16)
    let text = String(
      decoding: LayoutPicture.svg(
        of: solution, problem: problem, ids: ["a<&>", "b\u{1}", "c"], capacity: 32),
      as: UTF8.self)
    #expect(text.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(text.hasSuffix("</svg>\n"))
    // 12000 wide for 4 steps, 8000 high for 32 bytes, within a margin of 600.
    #expect(text.contains("x=\"600\" y=\"6600\" width=\"6000\" height=\"2000\""))
    #expect(text.contains("x=\"3600\" y=\"4600\" width=\"9000\" height=\"2000\""))
    #expect(text.contains("a&lt;&amp;&gt;: 8 bytes at 0, steps 0 to before 2"))
    #expect(text.contains("b\u{FFFD}: 8 bytes at 8"))
    #expect(!text.contains("c: 0 bytes"))
  }

  @Test func `times and sizes at the ends of the numbers are drawn`() throws {
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 1 << 60, lower: 0, upper: Int.max),
      LayoutBuffer(size: 1, lower: -4, upper: 2),
    ])
    let solution = LayoutSolution(offsets: [0, 1 << 60], height: 1 << 60 + 1)
    #expect(!LayoutPicture.svg(of: solution, problem: problem, ids: ["a", "b"]).isEmpty)
    let nothing = try LayoutProblem(buffers: [])
    #expect(
      !LayoutPicture.svg(
        of: LayoutSolution(offsets: [], height: 0), problem: nothing, ids: []
      ).isEmpty)
  }
}
