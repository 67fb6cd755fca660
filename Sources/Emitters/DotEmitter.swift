// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as a graph for Graphviz: a box a step, in the planned order, an arrow for each step
/// that reads what another makes, with the bytes.
///
/// Graphviz takes minutes for thousands of steps, and nobody reads such pictures: of a larger plan
/// the steps around the peak are drawn, with what is live there.
public struct DotEmitter: PlanEmitter {
  public static let kind = "dot"
  public static let summary = "the graph for Graphviz; of large ones the steps around the peak"

  /// How many steps are drawn at most.
  public var stepLimit: Int

  public init(stepLimit: Int = 300) { self.stepLimit = stepLimit }

  /// - Complexity: O(steps + tensors).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    let shown = window(of: plan)
    var text = "digraph graphopt {\n"
    text += "  label=\(Self.quoted(title(of: plan, shown), lineLength: 200));\n"
    text += "  labelloc=t; rankdir=TB; fontname=\"sans-serif\";\n"
    text += "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef3f8\", "
    text += "color=\"#5b6b7b\", fontname=\"sans-serif\", fontsize=10];\n"
    text += "  edge [color=\"#5b6b7b\", fontname=\"sans-serif\", fontsize=9];\n"
    for step in plan.steps[shown] { text += node(step, of: plan) }
    text += edges(of: plan, shown)
    return Array((text + "}\n").utf8)
  }

  /// The steps that are drawn.
  private func window(of plan: ExecutionPlan) -> Range<Int> {
    let count = plan.steps.count
    guard count > stepLimit else { return 0..<count }
    let start = min(max(plan.summary.peakStep - stepLimit / 2, 0), count - stepLimit)
    return start..<start + stepLimit
  }

  private func title(of plan: ExecutionPlan, _ shown: Range<Int>) -> String {
    let name = plan.model.path.split(separator: "/").last.map(String.init) ?? ""
    var title = "\(name): \(PlanFacts(plan).verdict)"
    if shown.count < plan.steps.count {
      title += "\nsteps \(shown.lowerBound) to \(shown.upperBound - 1) of \(plan.steps.count), "
      title += "around the peak at \(plan.summary.peakStep)"
    }
    return title
  }

  private func node(_ step: PlanStep, of plan: ExecutionPlan) -> String {
    let label = "\(step.index)  \(step.op)\n\(step.node)\nlive \(ReportText.size(step.liveBytes))"
    var attributes = "label=\(Self.quoted(label))"
    if step.index == plan.summary.peakStep {
      attributes += ", fillcolor=\"#ffd9c2\", color=\"#b3470f\", penwidth=2"
    }
    return "  s\(step.index) [\(attributes)];\n"
  }

  private func edges(of plan: ExecutionPlan, _ shown: Range<Int>) -> String {
    let tensors = Dictionary(plan.tensors.map { ($0.name, $0) }) { first, _ in first }
    let inputs = Set(plan.model.inputs)
    let outputs = Set(plan.model.outputs)
    var producer: [String: Int] = [:]
    var text = ""
    var drawnInputs: [String: Int] = [:]
    func line(_ from: String, _ to: String, _ name: String) {
      let bytes = tensors[name].map { ReportText.size($0.bytes) } ?? ""
      text += "  \(from) -> \(to) [label=\(Self.quoted(bytes)), "
      text += "tooltip=\(Self.quoted(name))];\n"
    }
    for step in plan.steps {
      let isShown = shown.contains(step.index)
      for name in Set(step.inputs).sorted() where !name.isEmpty {
        if let source = producer[name] {
          if isShown, shown.contains(source) {
            line("s\(source)", "s\(step.index)", name)
          } else if isShown {
            line(outside(name, "from step \(source)", &drawnInputs, &text), "s\(step.index)", name)
          }
        } else if isShown, inputs.contains(name) {
          line(outside(name, "input", &drawnInputs, &text), "s\(step.index)", name)
        }
      }
      for name in step.outputs where !name.isEmpty {
        producer[name] = step.index
        if isShown, outputs.contains(name) {
          let end = "out\(step.index)_\(text.utf8.count)"
          text += Self.terminal(end, "\(name)\noutput")
          line("s\(step.index)", end, name)
        }
      }
    }
    return text
  }

  /// The name of the box for a tensor that comes from outside the picture; drawn on first use.
  private func outside(
    _ name: String, _ origin: String, _ drawn: inout [String: Int], _ text: inout String
  ) -> String {
    if let number = drawn[name] { return "in\(number)" }
    let number = drawn.count
    drawn[name] = number
    text += Self.terminal("in\(number)", "\(name)\n\(origin)")
    return "in\(number)"
  }

  private static func terminal(_ id: String, _ label: String) -> String {
    "  \(id) [shape=ellipse, style=solid, label=\(quoted(label))];\n"
  }

  /// A string that shows as it is: no escapes of Graphviz, no character references; long lines lose
  /// their middle.
  static func quoted(_ text: String, lineLength: Int = 80) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let escaped = lines.map { line in
      ReportText.shortened(String(line).visible, to: lineLength)
        .replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("&", with: "&amp;")
    }
    return "\"\(escaped.joined(separator: "\\n"))\""
  }
}
