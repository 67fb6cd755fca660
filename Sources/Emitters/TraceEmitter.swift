// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as a trace that chrome://tracing and ui.perfetto.dev show: a millisecond a step.
///
/// One process holds the steps and the live bytes as counters, this plan's and those of the orders
/// it is compared to; another holds what occupies the arena, each box on the lowest lane that is
/// free while it lives. `Schemas/trace-1.schema.json` says what an event holds.
public struct TraceEmitter: PlanEmitter {
  public static let kind = "trace"
  public static let summary = "a timeline for chrome://tracing and ui.perfetto.dev"
  public static let drawsCurves = true

  private let curves: [LiveCurve]

  /// - Parameter curves: The orders that plans are compared to.
  public init(beside curves: [LiveCurve] = []) { self.curves = curves }

  private static let stepMicroseconds = 1000
  private static let stepsProcess = 1
  private static let arenaProcess = 2

  /// - Complexity: O(tensors · log tensors + steps).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("displayTimeUnit", "ms")
      writer.key("otherData")
      writer.object {
        $0.member("alignment", plan.options.alignment)
        $0.member("arenaBytes", plan.summary.arenaBytes)
        $0.member("fingerprint", plan.model.fingerprint)
        $0.member("lowerBoundBytes", plan.summary.lowerBoundBytes)
        $0.member("model", plan.model.path)
        $0.member("peakBytes", plan.summary.peakBytes)
      }
      writer.key("traceEvents")
      writer.events { events in
        writeNames(of: plan, to: &events)
        for step in plan.steps { write(step, to: &events) }
        writeCounters(of: plan, to: &events)
        writeBoxes(of: plan, to: &events)
      }
      writer.newLine()
    }
    writer.newLine()
    return writer.bytes
  }

  private func writeNames(of plan: ExecutionPlan, to events: inout TraceEvents) {
    events.name("process_name", "steps of \(plan.model.path.visible)", Self.stepsProcess)
    events.name("thread_name", "steps", Self.stepsProcess)
    events.name(
      "process_name", "arena of \(ReportText.size(plan.summary.arenaBytes))", Self.arenaProcess)
  }

  private func write(_ step: PlanStep, to events: inout TraceEvents) {
    events.complete(
      step.node.visible, category: step.kind.rawValue, step.index..<step.index + 1,
      process: Self.stepsProcess, lane: 0
    ) {
      $0.member("liveBytes", step.liveBytes)
      $0.member("node", step.node)
      $0.member("op", step.op)
      $0.member("reads", step.inputs.count { !$0.isEmpty })
      $0.member("workspaceBytes", step.workspaceBytes)
      $0.member("writes", step.outputs.count { !$0.isEmpty })
    }
  }

  private func writeCounters(of plan: ExecutionPlan, to events: inout TraceEvents) {
    let own = LiveCurve(name: "plan", liveBytes: plan.steps.map(\.liveBytes))
    for curve in [own] + curves where !curve.liveBytes.isEmpty {
      let name =
        "live bytes" + (curve.name == own.name ? "" : ", \(PlanFacts.label(ofOrder: curve.name))")
      var last: Int?
      for (step, bytes) in curve.liveBytes.enumerated() where bytes != last {
        events.counter(name, bytes, at: step, process: Self.stepsProcess)
        last = bytes
      }
      // Nothing is needed any more once all has run.
      events.counter(name, 0, at: curve.liveBytes.count, process: Self.stepsProcess)
    }
    for step in [0, plan.steps.count] {
      events.counter(
        "lower bound", plan.summary.lowerBoundBytes, at: step, process: Self.stepsProcess)
    }
  }

  private func writeBoxes(of plan: ExecutionPlan, to events: inout TraceEvents) {
    let boxes = plan.arenaBoxes()
    for (box, lane) in zip(boxes, boxes.lanes()) {
      switch box.owner {
      case .tensor(let index):
        let tensor = plan.tensors[index]
        events.complete(
          tensor.name.visible, category: tensor.role, box.life, process: Self.arenaProcess,
          lane: lane
        ) {
          $0.member("bytes", box.bytes)
          $0.member("offset", box.offset)
          $0.member("tensor", tensor.name)
          $0.member("type", tensor.typeAndShape)
        }
      case .workspace(let step):
        events.complete(
          "workspace", category: "workspace", box.life, process: Self.arenaProcess, lane: lane
        ) {
          $0.member("bytes", box.bytes)
          $0.member("node", plan.steps[step].node)
          $0.member("offset", box.offset)
        }
      }
    }
  }

  /// Microseconds from the start to a step.
  fileprivate static func time(_ step: Int) -> Int { step * stepMicroseconds }
}

/// Writes the events of a trace, a line each.
private struct TraceEvents {
  var writer: JSONWriter

  init(_ writer: JSONWriter) { self.writer = writer }

  /// A stretch of time on a lane of a process.
  mutating func complete(
    _ name: String, category: String, _ steps: Range<Int>, process: Int, lane: Int,
    arguments: (inout JSONWriter) -> Void
  ) {
    writer.event {
      $0.key("args")
      $0.object(arguments)
      $0.member("cat", category)
      $0.member("dur", TraceEmitter.time(steps.count))
      $0.member("name", name)
      $0.member("ph", "X")
      $0.member("pid", process)
      $0.member("tid", lane)
      $0.member("ts", TraceEmitter.time(steps.lowerBound))
    }
  }

  /// A counter's value from a step on.
  mutating func counter(_ name: String, _ value: Int, at step: Int, process: Int) {
    writer.event {
      $0.key("args")
      $0.object { $0.member("bytes", value) }
      $0.member("name", name)
      $0.member("ph", "C")
      $0.member("pid", process)
      $0.member("ts", TraceEmitter.time(step))
    }
  }

  /// What a process, or its first lane, is called.
  mutating func name(_ kind: String, _ name: String, _ process: Int) {
    writer.event {
      $0.key("args")
      $0.object { $0.member("name", name) }
      $0.member("name", kind)
      $0.member("ph", "M")
      $0.member("pid", process)
      $0.member("tid", 0)
    }
  }
}

extension JSONWriter {
  /// Writes an array of events.
  fileprivate mutating func events(_ body: (inout TraceEvents) -> Void) {
    array(CollectionOfOne(())) { writer, _ in
      var events = TraceEvents(writer)
      body(&events)
      writer = events.writer
    }
  }

  /// Writes an object on a line of its own.
  fileprivate mutating func event(_ body: (inout JSONWriter) -> Void) {
    lineBreak()
    object(body)
  }
}

extension [ArenaBox] {
  /// A lane for each box, so that no two of one lane live at once: the lowest that is free.
  ///
  /// - Precondition: The boxes are ascending by their first step.
  /// - Complexity: O(n log n).
  fileprivate func lanes() -> [Int] {
    let byEnd = indices.sorted { (self[$0].life.upperBound, $0) < (self[$1].life.upperBound, $1) }
    var lanes = [Int](repeating: 0, count: count)
    var free = FreeLanes()
    var ended = 0
    for index in indices {
      while ended < byEnd.count, self[byEnd[ended]].life.upperBound <= self[index].life.lowerBound {
        free.give(lanes[byEnd[ended]])
        ended += 1
      }
      lanes[index] = free.take()
    }
    return lanes
  }
}

/// The lanes that nothing is on, as a binary heap with the lowest on top.
private struct FreeLanes {
  private var heap: [Int] = []
  private var count = 0

  mutating func take() -> Int {
    guard let lowest = heap.first else {
      count += 1
      return count - 1
    }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var place = 0
      while true {
        let children = [2 * place + 1, 2 * place + 2].filter { $0 < heap.count }
        guard let child = children.min(by: { heap[$0] < heap[$1] }), heap[child] < heap[place]
        else { break }
        heap.swapAt(child, place)
        place = child
      }
    }
    return lowest
  }

  mutating func give(_ lane: Int) {
    heap.append(lane)
    var place = heap.count - 1
    while place > 0, heap[place] < heap[(place - 1) / 2] {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }
}
