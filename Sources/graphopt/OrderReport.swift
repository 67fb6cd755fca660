// SPDX-License-Identifier: Apache-2.0

import Emitters
import GraphIR
import Ordering
import Planning

/// What `order` says: every order beside the bound, the best, and what must be live whatever the
/// order.
struct OrderReport {
  let model: PlannedModel
  let problem: SchedulingProblem
  let choice: OrderChoice
  let effort: SearchLimits.Effort
  let comparison: OrderingResult
  /// Whether it also says what each order took.
  let hasTimes: Bool

  var graph: Graph { problem.graph }

  /// The order that was asked for: the best, or the one of a name.
  var chosen: OrderingResult.Candidate {
    switch choice {
    case .auto: comparison.best
    case .named(let name):
      comparison.candidate(named: name)
        ?? { preconditionFailure("an order that is asked for is compared") }()
    }
  }

  var text: String {
    [head, table, verdict, bound, witness].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var head: String {
    let dims = model.dims.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let memory = problem.storages.model
    return "\(model.path): \(ReportText.counted(graph.nodes.count, "operator"))"
      + (dims.isEmpty ? "" : " at \(dims.joined(separator: ", "))")
      + ReportText.bounds(model)
      + ", in place: \(memory.inPlace.rawValue)\n"
  }

  /// Every order's peak, and how far it is above the bound.
  private var table: String {
    var rows = [["order", "peak", "bytes", "over bound"] + (hasTimes ? ["time"] : [])]
    func add(_ candidate: OrderingResult.Candidate, as name: String, _ time: Duration) {
      let over =
        candidate.peakBytes == comparison.bound.bytes
        ? "none" : ReportText.percent(comparison.gap(of: candidate.peakBytes))
      rows.append(
        [
          name, ReportText.size(candidate.peakBytes), ReportText.grouped(candidate.peakBytes), over,
        ] + (hasTimes ? ["\(Self.milliseconds(time)) ms"] : []))
    }
    for (candidate, time) in zip(comparison.candidates, comparison.candidateTimes) {
      add(candidate, as: candidate.name, time)
    }
    if let searched = comparison.searched {
      add(searched, as: "searched (\(searched.name))", comparison.searchTime)
    }
    return ReportText.table(rows, right: [1, 2, 3, 4])
  }

  private var verdict: String {
    var text = "best: \(Self.amount(comparison.peakBytes)) by \(comparison.winner), "
    switch comparison.outcome {
    case .provenOptimal: text += "proven optimal\n"
    case .withinTolerance: text += "within \(over(comparison.peakBytes)) of the bound\n"
    case .timeLimit: text += "\(over(comparison.peakBytes)) above the bound when time was up\n"
    case .workLimit:
      text += "\(over(comparison.peakBytes)) above the bound"
      text += effort == .candidates ? "; nothing was searched\n" : ", all searches at their end\n"
    }
    if case .named(let name) = choice {
      text += "asked for: \(Self.amount(chosen.peakBytes)) by \(name), "
      text +=
        chosen.peakBytes == comparison.bound.bytes
        ? "proven optimal\n" : "\(over(chosen.peakBytes)) above the bound\n"
    }
    return text
  }

  private var bound: String {
    let argument =
      switch comparison.bound.proof {
      case .workingSet: "what one operator touches"
      case .inputs: "all inputs are live at the start"
      case .outputs: "all outputs are live at the end"
      case .forced: "what every order keeps live at one operator"
      case .minimumCut: "a least cut at one operator"
      case .search: "a search through all orders found none below"
      }
    return "bound: no order has a peak below \(Self.amount(comparison.bound.bytes))\n"
      + "  proof: \(argument)\n"
  }

  /// How many storages of the witness are listed.
  private static let listedMembers = 20
  /// How much of a name is shown: four columns of the table fit 100 characters.
  private static let nameWidth = 24

  private var witness: String {
    let witness = comparison.bound.witness
    let members = witness.members.filter { $0.bytes > 0 }
    guard !members.isEmpty || witness.node != nil else { return "" }
    var text = "witness: "
    if let node = witness.node {
      let kind = ReportText.shortened(graph.kind(of: node).description, to: Self.nameWidth)
      text += "while \(kind) '\(short(node))' runs, "
    }
    text += "\(ReportText.counted(members.count, "storage")) must be live\n"
    var rows = [["size", "storage", "already ran", "still to come"]]
    for member in members.prefix(Self.listedMembers) {
      let root = problem.storages.roots[member.storage.index]
      let name = ReportText.shortened(graph.name(of: root), to: Self.nameWidth)
      rows.append([ReportText.size(member.bytes), name] + ends(of: member.reason))
    }
    if members.count > Self.listedMembers {
      let rest = members.dropFirst(Self.listedMembers)
      let bytes = rest.reduce(0) { $0 + $1.bytes }
      rows.append([ReportText.size(bytes), "\(ReportText.grouped(rest.count)) smaller ones"])
    }
    if witness.workspaceBytes > 0 {
      rows.append([ReportText.size(witness.workspaceBytes), "workspace", "", "used now"])
    }
    rows.append([ReportText.size(witness.bytes), "together"])
    return text + ReportText.table(rows, right: [0])
  }

  /// Why a storage is live: what touched it before, and what will.
  private func ends(of reason: Witness.Reason) -> [String] {
    switch reason {
    case .read: ["", "read now"]
    case .made: ["made now"]
    case .takesOver: ["taken over now"]
    case .crossing(let maker, let user): [short(maker), short(user)]
    case .input(let user): ["a graph input", short(user)]
    case .output(let maker): [short(maker), "a graph output"]
    case .anInput: ["a graph input"]
    case .anOutput: ["", "a graph output"]
    }
  }

  private func short(_ node: NodeID) -> String {
    ReportText.shortened(graph.name(of: node), to: Self.nameWidth)
  }

  /// How far a peak is above the bound.
  private func over(_ bytes: Int) -> String {
    let gap = comparison.gap(of: bytes)
    return gap < 0.0001
      ? ReportText.size(bytes - comparison.bound.bytes) : ReportText.percent(gap)
  }

  private static func amount(_ bytes: Int) -> String {
    "\(ReportText.size(bytes)) (\(ReportText.grouped(bytes)) bytes)"
  }

  private static func milliseconds(_ time: Duration) -> String {
    ReportText.grouped(Int((time / .milliseconds(1)).rounded()))
  }
}
