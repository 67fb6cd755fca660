// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct TraceEmitterTests {
  private struct Trace: Decodable {
    var traceEvents: [Event]

    struct Event: Decodable {
      var ph: String
      var name: String
      var pid: Int
      var tid: Int?
      var ts: Int?
      var dur: Int?
      var args: Arguments
    }

    struct Arguments: Decodable {
      var bytes: Int?
      var offset: Int?
      var liveBytes: Int?
    }
  }

  private func trace(of plan: ExecutionPlan, beside curves: [LiveCurve] = []) throws -> Trace {
    let bytes = TraceEmitter(beside: curves).bytes(of: plan)
    return try JSONDecoder().decode(Trace.self, from: Data(bytes))
  }

  @Test(arguments: Seeds.first(60))
  func `the events are the plan's steps, boxes and live bytes`(_ seed: Int) throws {
    let plan = try RandomPlan.hostile(seed: seed)
    let events = try trace(of: plan).traceEvents
    let steps = events.filter { $0.ph == "X" && $0.pid == 1 }
    #expect(steps.map(\.args.liveBytes) == plan.steps.map(\.liveBytes))
    let boxes = events.filter { $0.ph == "X" && $0.pid == 2 }
    #expect(boxes.map(\.args.offset) == plan.arenaBoxes().map(\.offset))
    let counted = events.filter { $0.ph == "C" && $0.name == "live bytes" }
    #expect(
      counted.compactMap(\.args.bytes).max() == (plan.steps.isEmpty ? nil : plan.summary.peakBytes))
    #expect(plan.steps.isEmpty || counted.last?.args.bytes == 0)
  }

  @Test(arguments: Seeds.first(60))
  func `no two boxes of a lane live at once`(_ seed: Int) throws {
    let plan = try RandomPlan.plan(seed: seed)
    var lanes: [Int: [Range<Int>]] = [:]
    for event in try trace(of: plan).traceEvents where event.ph == "X" && event.pid == 2 {
      let start = try #require(event.ts)
      lanes[event.tid ?? -1, default: []].append(start..<start + (event.dur ?? 0))
    }
    for lives in lanes.values {
      for (life, next) in zip(lives, lives.dropFirst()) {
        #expect(life.upperBound <= next.lowerBound)
      }
    }
    let most = plan.steps.indices.map { step in
      plan.arenaBoxes().count { $0.life.contains(step) }
    }.max()
    #expect(lanes.count == most ?? 0)
  }

  @Test func `other orders are counters beside the plan's`() throws {
    let plan = try RandomPlan.plan(seed: 4)
    let curve = LiveCurve(name: "fileOrder", liveBytes: [5, 9, 9, 2])
    let counters = try trace(of: plan, beside: [curve]).traceEvents.filter {
      $0.name == "live bytes, file order"
    }
    #expect(counters.map(\.args.bytes) == [5, 9, 2, 0])
    #expect(counters.map(\.ts) == [0, 1000, 3000, 4000])
  }

  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `traces are what the schema says`() throws {
    let folder = TemporaryFolder()
    let curves = [LiveCurve(name: "fileOrder", liveBytes: [1, 2])]
    let paths = try Seeds.first(40).map { seed in
      folder.write(
        TraceEmitter(beside: curves).bytes(of: try RandomPlan.hostile(seed: seed)),
        to: "trace-\(seed).json")
    }
    let ladder = folder.write(TraceEmitter().bytes(of: try LadderPlan.plan()), to: "ladder.json")
    let answer = Peer.run("peer_schema.py", paths + [ladder])
    #expect(answer.status == 0, "\(answer.errors)")
  }

  @Test(
    .enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)),
    arguments: [
      (#""ph":"X""#, #""ph":"Y""#), (#""dur":1000"#, #""dur":0"#), (#""pid":2"#, #""pid":3"#),
      (#""ts":"#, #""ts":-"#), (#""displayTimeUnit":"ms""#, #""displayTimeUnit":"s""#),
    ])
  func `the schema refuses what is no trace`(_ old: String, _ new: String) throws {
    let text = String(
      decoding: TraceEmitter().bytes(of: try RandomPlan.plan(seed: 3)), as: UTF8.self)
    let place = try #require(text.range(of: old + (old.hasSuffix(":") ? "1" : "")))
    let folder = TemporaryFolder()
    let broken = text.replacingCharacters(in: place, with: new + (old.hasSuffix(":") ? "1" : ""))
    #expect(
      Peer.run("peer_schema.py", [folder.write(Array(broken.utf8), to: "t.json")]).status == 1)
  }
}
