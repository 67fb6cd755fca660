// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct CSVEmitterTests {
  @Test(arguments: Seeds.first(60), [false, true])
  func `our own reader finds the plan's peak and arena`(_ seed: Int, _ slices: Bool) throws {
    let plan = try RandomPlan.plan(seed: seed, slices: slices)
    let csv = try LayoutCSV(parsing: CSVEmitter().bytes(of: plan))
    // Every offset is given, so there is one layout, and only if that one is right.
    let report = try LayoutPortfolio().report(for: try csv.problem())
    #expect(
      report.lowerBound == plan.summary.arenaBytes
        || report.solution.height == plan.summary.arenaBytes)
    #expect(report.solution.height == plan.summary.arenaBytes)
    let loads = plan.steps.indices.map { step in
      csv.buffers.filter { $0.lower <= step && step < $0.upper }.reduce(0) { $0 + $1.size }
    }
    #expect(loads == plan.steps.map(\.liveBytes))
  }

  @Test(arguments: Seeds.first(40))
  func `minimalloc's own rules read names of all kinds`(_ seed: Int) throws {
    let plan = try RandomPlan.hostile(seed: seed)
    let records = try MinimallocReader.records(in: CSVEmitter().bytes(of: plan))
    let boxes = plan.arenaBoxes()
    #expect(records.count == boxes.count)
    for (record, box) in zip(records, boxes) {
      #expect(record.lower == box.life.lowerBound && record.upper == box.life.upperBound)
      #expect(record.size == box.bytes && record.offset == box.offset)
      #expect(record.alignment == plan.options.alignment)
    }
    #expect(Set(records.map(\.id)).count == records.count)
  }

  @Test func `a header that repeats a column is not minimalloc's`() {
    #expect(throws: MinimallocReader.Refusal.self) {
      try MinimallocReader.records(in: Array("id,lower,upper,size,size\n".utf8))
    }
    #expect(throws: MinimallocReader.Refusal.self) {
      try MinimallocReader.records(in: Array("id,lower,upper,size\na,0,1\n".utf8))
    }
    #expect(throws: MinimallocReader.Refusal.self) {
      try MinimallocReader.records(in: Array("id,lower,upper,size\na,0,1,x\n".utf8))
    }
  }
}

/// The rules by which minimalloc reads its files, written anew: lines end at line feeds, the first
/// empty one ends the file, cells end at commas whatever is in them, and numbers are plain.
private enum MinimallocReader {
  struct Refusal: Error { let line: String }

  struct Record {
    var id = ""
    var lower = -1
    var upper = -1
    var size = -1
    var alignment = 1
    var offset = -1
  }

  static func records(in text: [UInt8]) throws -> [Record] {
    var columns: [String] = []
    var records: [Record] = []
    for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
      if line.isEmpty { break }
      let cells = line.split(separator: 0x2C, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      let refusal = Refusal(line: String(decoding: line, as: UTF8.self))
      if columns.isEmpty {
        columns = cells
        guard Set(cells).count == cells.count,
          Set(cells).isSuperset(of: ["id", "lower", "upper", "size"])
        else { throw refusal }
        continue
      }
      guard cells.count == columns.count else { throw refusal }
      var record = Record()
      for (column, cell) in zip(columns, cells) {
        func number() throws -> Int {
          guard let value = Int(cell) else { throw refusal }
          return value
        }
        switch column {
        case "id": record.id = cell
        case "lower": record.lower = try number()
        case "upper": record.upper = try number()
        case "size": record.size = try number()
        case "alignment": record.alignment = try number()
        case "offset": record.offset = try number()
        default: throw refusal
        }
      }
      records.append(record)
    }
    return records
  }
}
