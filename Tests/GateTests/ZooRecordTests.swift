// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Gate

@Suite struct ZooRecordTests {
  @Test(arguments: Seeds.first(40)) func `a record is read back as it was`(_ seed: Int) throws {
    let folder = TemporaryFolder()
    let records = (0..<5).map { RecordTesting.record(seed: seed * 5 + $0, index: $0, of: 5) }
    let path = folder.write(records.flatMap { $0.line() }, to: "records.jsonl")
    #expect(try RecordFile.records(of: path) == records)
    #expect(try RecordFile.merged([path]) == records)
  }

  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `records and baselines are as their schemas say`() {
    let folder = TemporaryFolder()
    let records = (0..<60).map { RecordTesting.record(seed: $0, index: $0, of: 60) }
    let old = ZooBaseline().updated(
      with: (0..<60).map { RecordTesting.record(seed: $0 * 7 % 60, index: $0, of: 60) },
      acceptingGrowth: false, isWhole: true)
    let lines = records.flatMap { $0.line(old.judgement(of: $0)) } + records.flatMap { $0.line() }
    let answer = Peer.run(
      "peer_schema.py",
      [folder.write(lines, to: "records.jsonl"), folder.write(old.bytes, to: "baseline.json")])
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test func `a torn file is read up to the tear`() throws {
    let folder = TemporaryFolder()
    let records = (0..<3).map { RecordTesting.record(seed: $0, index: $0, of: 3) }
    let bytes = records.flatMap { $0.line() }
    let path = folder.write(Array(bytes.dropLast(20)), to: "torn.jsonl")
    #expect(try RecordFile.records(of: path, isTorn: true) == Array(records.prefix(2)))
    #expect(throws: GateError.self) { try RecordFile.records(of: path) }
  }

  @Test func `a journal takes records after a tear, and one run at a time`() throws {
    let folder = TemporaryFolder()
    let output = folder.path(of: "out.jsonl")
    let records = (0..<3).map { RecordTesting.record(seed: $0, index: $0, of: 3) }
    folder.write(records[0].line() + records[1].line().prefix(30), to: "out.jsonl.partial")
    let journal = try Journal(for: output, keeps: true)
    #expect(throws: GateError.self) { try Journal(for: output, keeps: true) }
    try journal.append(records[2])
    let kept = try RecordFile.records(of: journal.path, isTorn: true)
    #expect(kept.contains(records[0]) && kept.contains(records[2]))
    journal.remove()
    #expect(folder.files == [])
  }

  @Test func `parts that do not fit each other are refused`() throws {
    let folder = TemporaryFolder()
    let records = (0..<4).map { RecordTesting.record(seed: $0 * 4 + 1, index: $0, of: 4) }
    func file(_ records: [ZooRecord], _ name: String) -> String {
      folder.write(records.flatMap { $0.line() }, to: name)
    }
    func reason(_ paths: [String]) -> String {
      do {
        _ = try RecordFile.merged(paths)
        return "none"
      } catch { return "\(error)" }
    }
    let (first, rest) = (
      file([records[2], records[0]], "first"), file([records[1], records[3]], "rest")
    )
    #expect(try RecordFile.merged([first, rest]) == records)
    #expect(try RecordFile.merged([rest, first, first]) == records)
    #expect(reason([first]).contains("run 1 of 4 is in none of the files"))
    var other = records[2]
    other.tool = "9"
    #expect(reason([first, rest, file([other], "other")]).contains("is in two files"))
    other.runs = 5
    #expect(reason([first, file([other], "more")]).contains("of a zoo of 5 runs"))
    #expect(reason([file([], "empty")]).contains("there is no record"))
    #expect(reason([folder.path(of: "gone")]).contains("no such file"))
  }

  /// Bytes changed, left out or doubled: an error or another record, never a trap.
  @Test(arguments: Seeds.first(150)) func `damage is survived`(_ seed: Int) {
    var random = SeededGenerator(seed: seed)
    let record = RecordTesting.record(seed: seed)
    let baseline = ZooBaseline().updated(
      with: [record], acceptingGrowth: true, isWhole: true)
    let folder = TemporaryFolder()
    for bytes in [record.line(), baseline.bytes] {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: damaged.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: damaged[place] = UInt8.random(in: 0...255, using: &random)
        case 1: damaged[place] = UInt8.random(in: 0x30...0x39, using: &random)
        case 2: damaged.remove(at: place)
        default: damaged.insert(contentsOf: damaged[place...].prefix(9), at: place)
        }
      }
      let path = folder.write(damaged, to: "damaged")
      if let records = try? RecordFile.records(of: path) {
        for read in records { _ = baseline.judgement(of: read) }
        _ = ZooReport(records, baseline: baseline).text
      }
      if let read = try? ZooBaseline(path: path) {
        _ = ZooReport([record], baseline: read).text
        _ = read.updated(with: [record], acceptingGrowth: false, isWhole: true).bytes
      }
    }
  }
}
