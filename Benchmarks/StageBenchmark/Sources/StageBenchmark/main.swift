// SPDX-License-Identifier: Apache-2.0

// Plans one model and prints what each stage took, one line a stage: its name, processor seconds,
// wall seconds, the most resident megabytes during it. Then the outcome of the order.
//
// Usage: StageBenchmark MODEL [JOBS [SECONDS [NAME=SIZE]...]]; 0 seconds are no limit.

import Glibc
import GraphOptimizer

/// What is spent so far.
struct Meter {
  private var stage = ""
  private var processor = 0.0
  private var wall = 0.0

  /// Ends a stage and begins another.
  mutating func begin(_ name: String) {
    let now = (Self.seconds(CLOCK_PROCESS_CPUTIME_ID), Self.seconds(CLOCK_MONOTONIC))
    if !stage.isEmpty {
      print("\(stage)\t\(now.0 - processor)\t\(now.1 - wall)\t\(Self.peakMegabytes)")
    }
    Self.forgetPeak()
    (stage, processor, wall) = (name, now.0, now.1)
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Lets the kernel count the most resident bytes anew.
  private static func forgetPeak() {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return }
    fputs("5", file)
    fclose(file)
  }

  private static var peakMegabytes: Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      guard text.hasPrefix("VmHWM:") else { continue }
      return (Int(text.filter(\.isNumber)) ?? 0) / 1024
    }
    return 0
  }
}

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
  print("usage: StageBenchmark MODEL [JOBS [SECONDS [NAME=SIZE]...]]")
  exit(64)
}
let jobs = arguments.count > 2 ? Int(arguments[2]) ?? 1 : 1
let seconds = arguments.count > 3 ? Double(arguments[3]) ?? 0 : 0
let limit = seconds > 0 ? Duration.seconds(seconds) : nil
var meter = Meter()
do {
  meter.begin("import")
  let bindings = try arguments.dropFirst(4).map { try DimensionBinding(parsing: $0) }
  let imported = try ONNXImporter(bindings: bindings).importGraph(path: arguments[1])
  let planner = Planner(limits: SearchLimits(timeLimit: limit, jobs: jobs))
  let plan = try planner.plan(imported.graph, model: PlannedModel(path: arguments[1])) { stage in
    switch stage {
    case .rewriting: meter.begin("rewrite")
    case .ordering: meter.begin("order")
    case .layout: meter.begin("layout")
    case .checking: meter.begin("check")
    }
  }
  meter.begin("end")
  let order = plan.passes.first { $0.name == "order" }
  print("operators\t\(imported.graph.nodes.count)")
  print("gap\t\(plan.summary.orderGap)")
  print("fragmentation\t\(plan.summary.fragmentation)")
  print("outcome\t\(order?.outcome ?? "")")
} catch {
  print("error\t\(error)")
  exit(65)
}
