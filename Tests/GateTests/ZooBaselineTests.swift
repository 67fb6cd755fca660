// SPDX-License-Identifier: Apache-2.0
import Planning
import TestSupport
import Testing

@testable import Gate

@Suite struct ZooBaselineTests {
  private func record(_ name: String, _ plan: PlannedRun) -> ZooRecord {
    RecordTesting.record(name, .planned(plan))
  }

  private func baseline(_ records: ZooRecord...) -> ZooBaseline {
    ZooBaseline().updated(with: records, acceptingGrowth: false, isWhole: true)
  }

  private let old = RecordTesting.plan(["a": 100, "b": 50])

  @Test(arguments: Seeds.first(30)) func `a baseline is read back as it was`(_ seed: Int) throws {
    var records = (0..<6).map { RecordTesting.record(seed: seed * 6 + $0, index: $0, of: 6) }
    var baseline = ZooBaseline(tolerance: Tolerance(millionths: seed * 1234))
      .updated(with: records, acceptingGrowth: false, isWhole: true)
    baseline.models["model \(seed * 6)"]?.tolerance = Tolerance(bytes: seed)
    let folder = TemporaryFolder()
    let path = folder.write(baseline.bytes, to: "baseline.json")
    #expect(try ZooBaseline(path: path) == baseline)
    #expect(try ZooBaseline(path: path).bytes == baseline.bytes)
    // And what has not changed is not written otherwise.
    records.shuffle()
    #expect(
      baseline.updated(with: records, acceptingGrowth: true, isWhole: true).bytes == baseline.bytes)
  }

  @Test func `who grew and which tensor did it are named`() {
    let baseline = baseline(record("m", old))
    let judgement = baseline.judgement(
      of: record("m", RecordTesting.plan(["a": 100, "b": 60, "c": 30])))
    #expect(judgement.verdict == .grown)
    #expect(judgement.growth.map(\.measure) == [.arena, .total])
    #expect(judgement.growth.allSatisfy { $0.culprit?.name == "c" && $0.culprit?.before == nil })
    let resident = baseline.judgement(
      of: record("m", RecordTesting.plan(["a": 100, "b": 50], resident: ["w": 64, "v": 8])))
    #expect(resident.growth.map(\.measure) == [.total])
    #expect(resident.growth.first?.culprit?.name == "v")
  }

  @Test func `tolerances are those of the model, or those for all`() {
    var baseline = baseline(record("m", old), record("n", old))
    baseline.tolerance = Tolerance(bytes: 10)
    baseline.models["n"]?.tolerance = Tolerance(millionths: 200_000)
    let (more, much) = (
      RecordTesting.plan(["a": 110, "b": 50]), RecordTesting.plan(["a": 111, "b": 50])
    )
    #expect(baseline.judgement(of: record("m", more)).verdict == .same)
    #expect(baseline.judgement(of: record("m", much)).verdict == .grown)
    #expect(baseline.judgement(of: record("n", much)).verdict == .same)
    #expect(
      baseline.judgement(of: record("n", RecordTesting.plan(["a": 181]))).verdict == .grown)
  }

  @Test func `every verdict is given where it is due`() {
    let failed = ZooOutcome.failed(RunFailure(.badModel, "no"))
    let baseline = baseline(record("m", old), RecordTesting.record("f", failed))
    func verdict(_ name: String, _ outcome: ZooOutcome) -> ZooJudgement.Verdict {
      baseline.judgement(of: RecordTesting.record(name, outcome)).verdict
    }
    #expect(verdict("m", .planned(old)) == .same)
    #expect(verdict("m", .planned(RecordTesting.plan(["a": 100]))) == .better)
    #expect(verdict("m", .planned(RecordTesting.plan(["a": 200]))) == .grown)
    #expect(verdict("x", .planned(old)) == .new)
    #expect(verdict("f", failed) == .failing)
    #expect(verdict("f", .planned(old)) == .better)
    #expect(verdict("m", failed) == .failed)
    #expect(verdict("x", failed) == .failed)
  }

  @Test func `an update takes what is new or better, and growth only if told to`() {
    let baseline = baseline(record("m", old), record("gone", old))
    let grown = record("m", RecordTesting.plan(["a": 200]))
    let better = record("m", RecordTesting.plan(["a": 90]))
    let new = record("n", old)
    func updated(
      _ records: [ZooRecord], accepting: Bool = false, isWhole: Bool = true
    ) -> ZooBaseline {
      baseline.updated(with: records, acceptingGrowth: accepting, isWhole: isWhole)
    }
    #expect(updated([grown, new]).models.keys.sorted() == ["m", "n"])
    #expect(updated([grown, new]).models["m"] == baseline.models["m"])
    #expect(updated([grown], accepting: true).models["m"]?.outcome == grown.outcome.settled)
    #expect(updated([better]).models["m"]?.outcome == better.outcome.settled)
    // A part of a zoo says nothing about the rest.
    #expect(updated([new], isWhole: false).models.keys.sorted() == ["gone", "m", "n"])
    // What cannot be planned any more does not become the rule.
    let failed = RecordTesting.record("m", .failed(RunFailure(.badModel, "no")))
    #expect(updated([failed], accepting: true).models["m"] == baseline.models["m"])
  }

  @Test func `growth within the tolerance does not add up over updates`() {
    var baseline = baseline(record("m", old))
    baseline.tolerance = Tolerance(bytes: 10)
    for bytes in [105, 110, 115, 120] {
      let record = record("m", RecordTesting.plan(["a": bytes, "b": 50]))
      let verdict = baseline.judgement(of: record).verdict
      #expect(verdict == (bytes <= 110 ? .same : .grown))
      baseline = baseline.updated(with: [record], acceptingGrowth: false, isWhole: true)
    }
  }

  @Test func `a tolerance of a model outlives updates`() {
    var baseline = baseline(record("m", old))
    baseline.models["m"]?.tolerance = Tolerance(bytes: 5)
    let updated = baseline.updated(
      with: [record("m", RecordTesting.plan(["a": 1]))], acceptingGrowth: false, isWhole: true)
    #expect(updated.models["m"]?.tolerance == Tolerance(bytes: 5))
  }

  @Test func `the exit status is the weightiest`() {
    let baseline = baseline(record("m", old), record("o", old))
    let grown = record("m", RecordTesting.plan(["a": 200]))
    let over = record("o", RecordTesting.plan(["a": 100, "b": 50], fits: false))
    let failed = RecordTesting.record("x", .failed(RunFailure(.timeLimit, "slow")))
    let crashed = RecordTesting.record("y", .failed(RunFailure(.crashed, "gone")))
    func status(_ records: ZooRecord..., accepts: Bool = false) -> ZooReport.Status {
      ZooReport(records, baseline: baseline, acceptsGrowth: accepts).status
    }
    #expect(status(record("m", old)) == .passed)
    #expect(status(over) == .overBudget)
    #expect(status(over, failed) == .failed)
    #expect(status(over, failed, grown) == .grown)
    #expect(status(over, failed, grown, crashed) == .broken)
    #expect(status(grown, accepts: true) == .passed)
    #expect(ZooReport([grown], baseline: nil).status == .passed)
    #expect(ZooReport([failed], baseline: nil).status == .failed)
  }
}
