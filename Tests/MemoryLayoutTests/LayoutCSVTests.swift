// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import TestSupport
import Testing

@Suite struct LayoutCSVTests {
  private func parsed(_ text: String) throws(LayoutCSVError) -> LayoutCSV {
    try LayoutCSV(parsing: Array(text.utf8))
  }

  @Test func `the header decides the columns`() throws {
    let csv = try parsed(
      "size,upper,offset,buffer_id,begin,alignment,hint\n8,5,,a b,2,4,-1\n6,9,32,c,3,,7\n")
    #expect(csv.ids == ["a b", "c"])
    #expect(
      csv.buffers == [
        LayoutBuffer(size: 8, lower: 2, upper: 5, alignment: 4),
        LayoutBuffer(size: 6, lower: 3, upper: 9, fixedOffset: 32),
      ])
  }

  @Test func `upper is exclusive and end is included`() throws {
    #expect(try parsed("id,lower,upper,size\nx,0,3,1").buffers[0].upper == 3)
    #expect(try parsed("id,lower,end,size\nx,0,3,1").buffers[0].upper == 4)
  }

  @Test func `spaces, empty lines and carriage returns are read over`() throws {
    let csv = try parsed("\r\n id , lower,upper ,size\r\n\r\n x, 0 ,3,\t1 \r\n\r\n")
    #expect(csv.ids == ["x"])
    #expect(csv.buffers == [LayoutBuffer(size: 1, lower: 0, upper: 3)])
  }

  @Test func `an offset of minus one is none`() throws {
    #expect(try parsed("id,lower,upper,size,offset\nx,0,3,1,-1").buffers[0].fixedOffset == nil)
  }

  @Test(arguments: [
    ("", LayoutCSVError.noHeader),
    ("\n \n", .noHeader),
    ("id,lower,upper,size,gaps", .unknownColumn(line: 1, "gaps")),
    ("id,lower,upper,size,begin", .repeatedColumn(line: 1, "begin")),
    ("id,lower,upper,end,size", .repeatedColumn(line: 1, "end")),
    ("id,lower,size", .missingColumn(line: 1, "upper")),
    ("lower,upper,size", .missingColumn(line: 1, "id")),
    ("id,lower,upper,size\nx,0,3\n", .cellCount(line: 2, expected: 4, found: 3)),
    ("id,lower,upper,size\nx,0,3,1,\n", .cellCount(line: 2, expected: 4, found: 5)),
    ("id,lower,upper,size\n\nx,0,3,1e3", .notANumber(line: 3, column: "size", "1e3")),
    ("id,lower,upper,size\nx,,3,1", .notANumber(line: 2, column: "lower", "")),
    (
      "id,lower,upper,size\nx,0,3,9223372036854775808",
      .notANumber(line: 2, column: "size", "9223372036854775808")
    ),
    (
      "id,lower,end,size\nx,0,9223372036854775807,1",
      .notANumber(line: 2, column: "end", "9223372036854775807")
    ),
  ])
  func `a text that is none is refused with its line`(
    _ text: String, _ error: LayoutCSVError
  ) {
    #expect(throws: error) { try parsed(text) }
    #expect(!error.description.isEmpty)
  }

  @Test(arguments: [
    ("x,0,3,-1,1,", LayoutError.negativeSize(buffer: 1, size: -1)),
    ("x,3,3,1,1,", .invalidLifetime(buffer: 1, lower: 3, upper: 3)),
    (
      "x,-9223372036854775808,9223372036854775807,1,1,",
      .invalidLifetime(buffer: 1, lower: .min, upper: .max)
    ),
    ("x,0,3,1,3,", .invalidAlignment(buffer: 1, alignment: 3)),
    ("x,0,3,1,0,", .invalidAlignment(buffer: 1, alignment: 0)),
    ("x,0,3,1,4,2", .invalidFixedOffset(buffer: 1, offset: 2)),
    ("x,0,3,1,1,-2", .invalidFixedOffset(buffer: 1, offset: -2)),
  ])
  func `a buffer that is none is refused with its line`(
    _ line: String, _ error: LayoutError
  ) throws {
    let csv = try parsed("id,lower,upper,size,alignment,offset\n\nok,0,1,1,1,\n\(line)\n")
    #expect(throws: LayoutCSVError.invalid(line: 4, error)) { try csv.problem() }
  }

  @Test func `totals that are too large are refused without a line`() throws {
    let line = "x,0,3,2305843009213693951\n"
    let csv = try parsed("id,lower,upper,size\n" + line + line)
    #expect(throws: LayoutCSVError.invalid(line: nil, .totalTooLarge)) { try csv.problem() }
  }

  @Test func `what is written is read again, with the offsets fixed`() throws {
    let buffers = RandomBuffers.mixed.buffers(12, seed: 3)
    let csv = LayoutCSV(ids: buffers.indices.map { "b\($0)" }, buffers: buffers)
    let problem = try csv.problem()
    let solution = try #require(
      SkylinePlanner(order: .load).attempt(problem, within: LayoutLimits()).solution)
    let again = try LayoutCSV(parsing: csv.text(placedBy: solution))
    #expect(again.ids == csv.ids)
    #expect(again.buffers.map(\.fixedOffset) == solution.offsets.map { Optional($0) })
    #expect(again.buffers.map(\.alignment) == buffers.map(\.alignment))
    #expect(try again.problem().lowerBound == solution.height)
  }

  @Test(arguments: 0..<300)
  func `damaged text is read or refused, never a trap`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    var text = Array("id,lower,end,size,offset\na,0,5,8,\nb,1,922337,64,16\nc,-4,2,3,-1\n".utf8)
    let pieces: [[UInt8]] = ["-", ",", "\n", "99999999999999999999", "\u{0}", "é", "end"].map {
      Array($0.utf8)
    }
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let place = Int.random(in: 0..<text.count, using: &random)
      text.replaceSubrange(
        place..<min(text.count, place + Int.random(in: 0...2, using: &random)),
        with: pieces[Int.random(in: 0..<pieces.count, using: &random)])
    }
    do throws(LayoutCSVError) {
      let problem = try LayoutCSV(parsing: text).problem()
      #expect(problem.lowerBound >= 0)
    } catch { #expect(!error.description.isEmpty) }
  }
}
