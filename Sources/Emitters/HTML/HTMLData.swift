// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Planning

/// What a page's script draws: the plan as columns of numbers, since a record a tensor would be
/// several times as long and slower to read.
///
/// Names are what people are shown, ``Swift/String/visible``. Tensors are referred to by their
/// position, -1 where there is none.
struct HTMLData {
  private let plan: ExecutionPlan
  private let curves: [LiveCurve]
  private let position: [String: Int]

  init(_ plan: ExecutionPlan, _ curves: [LiveCurve]) {
    self.plan = plan
    self.curves = curves
    position = Dictionary(plan.tensors.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// The data as JSON in which nothing can end the script element that it stands in.
  var json: [UInt8] {
    var writer = JSONWriter()
    let summary = plan.summary
    writer.object {
      $0.member("alignment", plan.options.alignment)
      $0.member("arena", summary.arenaBytes)
      $0.member("bound", summary.lowerBoundBytes)
      if plan.hasResidencies {
        $0.key("boxes")
        $0.object(writeBoxes)
      }
      $0.member("budget", summary.budgetBytes.map { $0 - summary.residentBytes })
      $0.key("curves")
      $0.array(curves) { writer, curve in
        writer.object {
          $0.member("label", PlanFacts.label(ofOrder: curve.name))
          $0.member("live", curve.liveBytes)
        }
      }
      $0.member("peak", summary.peakBytes)
      $0.member("peakStep", summary.peakStep)
      $0.key("steps")
      $0.object(writeSteps)
      $0.key("tensors")
      $0.object(writeTensors)
    }
    // In JSON a less-than sign stands in strings only.
    return Array(
      writer.bytes.split(separator: UInt8(ascii: "<"), omittingEmptySubsequences: false)
        .joined(separator: Array("\\u003c".utf8)))
  }

  /// Where storages stay in turn, of plans in which a tensor has no offset of its own.
  private func writeBoxes(to writer: inout JSONWriter) {
    var (bytes, first, last, offset, tensor): ([Int], [Int], [Int], [Int], [Int]) = (
      [], [], [], [], []
    )
    for box in plan.arenaBoxes() {
      guard case .tensor(let index) = box.owner else { continue }
      bytes.append(box.bytes)
      first.append(box.life.lowerBound)
      last.append(box.life.upperBound - 1)
      offset.append(box.offset)
      tensor.append(index)
    }
    writer.member("bytes", bytes)
    writer.member("first", first)
    writer.member("last", last)
    writer.member("offset", offset)
    writer.member("tensor", tensor)
  }

  private func writeSteps(to writer: inout JSONWriter) {
    var operators = Numbering()
    let ops = plan.steps.map { operators.number(of: $0.op.visible) }
    let inputs = references(plan.steps.map(\.inputs))
    let outputs = references(plan.steps.map(\.outputs))
    writer.member("inEnds", inputs.ends)
    writer.member("ins", inputs.tensors)
    writer.member("kind", plan.steps.map(\.kind.label))
    writer.member("live", plan.steps.map(\.liveBytes))
    writer.member("node", plan.steps.map(\.node.visible))
    writer.member("op", ops)
    writer.member("ops", operators.names)
    writer.member("outEnds", outputs.ends)
    writer.member("outs", outputs.tensors)
    writer.member("workspace", plan.steps.map(\.workspaceBytes))
    writer.member("workspaceOffset", plan.steps.map { $0.workspaceOffset ?? -1 })
  }

  private func writeTensors(to writer: inout JSONWriter) {
    let tensors = plan.tensors
    var (types, roles, spaces) = (Numbering(), Numbering(), Numbering())
    let type = tensors.map { types.number(of: $0.typeAndShape.visible) }
    let role = tensors.map { roles.number(of: $0.role) }
    let space = tensors.map { spaces.number(of: $0.space) }
    func pairs(_ other: KeyPath<PlannedTensor, String?>) -> [Int] {
      tensors.indices.flatMap { index in
        tensors[index][keyPath: other].flatMap { position[$0] }.map { [index, $0] } ?? []
      }
    }
    writer.member("aliases", pairs(\.aliasOf))
    writer.member("bytes", tensors.map(\.bytes))
    writer.member("first", tensors.map(\.firstStep))
    writer.member("last", tensors.map(\.lastStep))
    writer.member("name", tensors.map(\.name.visible))
    writer.member("offset", tensors.map { $0.offset ?? -1 })
    writer.member("overwrites", pairs(\.inPlaceOf))
    writer.member("parts", pairs(\.sliceOf))
    writer.member("role", role)
    writer.member("roles", roles.names)
    writer.member("space", space)
    writer.member("spaces", spaces.names)
    writer.member("type", type)
    writer.member("types", types.names)
    writer.member("upperBound", tensors.indices.filter { tensors[$0].upperBound })
  }

  /// Lists of names as one list of positions, and where each ends in it.
  private func references(_ lists: [[String]]) -> (tensors: [Int], ends: [Int]) {
    var tensors: [Int] = []
    var ends: [Int] = []
    for list in lists {
      for name in list where !name.isEmpty {
        if let index = position[name] { tensors.append(index) }
      }
      ends.append(tensors.count)
    }
    return (tensors, ends)
  }
}

/// Numbers for the few different texts that many records have.
private struct Numbering {
  private(set) var names: [String] = []
  private var numbers: [String: Int] = [:]

  mutating func number(of name: String) -> Int {
    if let number = numbers[name] { return number }
    numbers[name] = names.count
    names.append(name)
    return names.count - 1
  }
}

extension PlanStep.Kind {
  /// What people are told of a step besides its operator; nothing where it just runs.
  var label: String {
    switch self {
    case .run: ""
    case .recompute: "again"
    case .spill: "to the second memory"
    case .fetch: "from the second memory"
    }
  }
}
