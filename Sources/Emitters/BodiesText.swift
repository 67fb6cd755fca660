// SPDX-License-Identifier: Apache-2.0

import Planning

/// The part of the report on graphs that nodes run.
enum BodiesText {
  /// How many of them are listed.
  private static let listed = 10

  /// The largest bodies, those of bodies behind what runs them; empty for a plan without any.
  static func section(of plan: ExecutionPlan) -> String {
    var all: [(path: String, body: PlanBody)] = []
    collect(plan.steps, "", into: &all)
    guard !all.isEmpty else { return "" }
    let order = all.indices.sorted {
      (all[$1].body.summary.arenaBytes, $0) < (all[$0].body.summary.arenaBytes, $1)
    }
    var text = "inside: \(ReportText.counted(all.count, "graph")) that nodes run, by arena\n"
    text += ReportText.table(
      order.prefix(listed).map { index in
        let (path, body) = all[index]
        let trips = body.trips.map { $0 == 1 ? "" : "at most \(ReportText.grouped($0)) turns" }
        return [
          ReportText.size(body.summary.arenaBytes), ReportText.shortened(path, to: 72),
          ReportText.counted(body.steps.count, "operator"),
          trips ?? "any number of turns",
          body.summary.provenOptimal ? "proven optimal" : "",
        ]
      }, isSizeFirst: true)
    if all.count > listed {
      let rest = all.count - listed
      text += "  and \(ReportText.grouped(rest)) smaller \(rest == 1 ? "one" : "ones")\n"
    }
    return text
  }

  private static func collect(
    _ steps: [PlanStep], _ path: String, into all: inout [(path: String, body: PlanBody)]
  ) {
    for step in steps {
      for body in step.bodies ?? [] {
        let place = "\(path)\(step.node).\(body.attribute)"
        all.append((place, body))
        collect(body.steps, place + " / ", into: &all)
      }
    }
  }
}
