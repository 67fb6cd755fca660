// SPDX-License-Identifier: Apache-2.0

import Emitters
import GraphIR
import Importers
import Ordering

/// What `inspect` prints of the file: what can be said before any shape is known.
struct ModelSummary {
  let model: ONNXModel

  init(of model: ONNXModel) { self.model = model }

  var text: String {
    let opsets = model.opsets.map {
      "\($0.domain.isEmpty ? "ai.onnx" : $0.domain) \($0.version)"
    }
    let producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }
    var text = "ONNX format \(model.irVersion), opsets \(opsets.joined(separator: ", "))"
    text += producer.isEmpty ? "\n" : ", written by \(producer.joined(separator: " "))\n"

    text += "\n\(ReportText.counted(model.graph.nodes.count, "operator")), of which\n"
    var counts: [String: Int] = [:]
    for node in model.graph.nodes {
      let kind = model.operator(of: node)
      counts[OperatorKind(domain: kind.domain, type: kind.type).description, default: 0] += 1
    }
    text += ReportText.table(
      counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { [ReportText.grouped($0.value), $0.key] }, isSizeFirst: true)

    let weights = Set(model.graph.initializers.map(\.name))
    text += "\n"
    text += list("input", model.graph.inputs.filter { !weights.contains($0.name) })
    text += list("output", model.graph.outputs)
    return text
  }

  /// How many inputs and how many outputs are listed: training graphs have hundreds.
  private static let listedValues = 12

  private func list(_ kind: String, _ values: [ONNXValueInfo]) -> String {
    let rows = values.prefix(Self.listedValues).map {
      [kind, model.names[$0.name], Self.type($0.type)]
    }
    let rest = values.count - rows.count
    return ReportText.table(rows)
      + (rest > 0 ? "  and \(ReportText.counted(rest, "more \(kind)"))\n" : "")
  }

  /// A type as the file states it, open dimensions by name.
  private static func type(_ type: ONNXType) -> String {
    func dense(_ elementType: Int32, _ shape: [ONNXDimension]?) -> String {
      let element = ElementType(onnxNumber: elementType)?.name ?? "?"
      guard let shape else { return "\(element), rank unknown" }
      let extents = shape.map { dimension in
        switch dimension {
        case .value(let extent): "\(extent)"
        case .parameter(let name): name
        case .unknown: "?"
        }
      }
      return "\(element)[\(extents.joined(separator: ","))]"
    }
    return switch type {
    case .unknown: "?"
    case .tensor(let elementType, let shape): dense(elementType, shape)
    case .sparseTensor(let elementType, let shape): "sparse \(dense(elementType, shape))"
    case .sequence(let element): "sequence of \(Self.type(element))"
    case .optional(let element): "optional \(Self.type(element))"
    case .map(_, let value): "map to \(Self.type(value))"
    case .opaque(let domain, let name): "opaque \(domain).\(name)"
    }
  }
}

/// What `inspect` prints of the graph: bytes by role, phases, the floor and the bound.
struct GraphSummary {
  let imported: ImportedGraph
  let problem: SchedulingProblem

  init(of imported: ImportedGraph, problem: SchedulingProblem) {
    self.imported = imported
    self.problem = problem
  }

  private var graph: Graph { imported.graph }

  var text: String {
    var text = dimensions + bounds
    text += "\n\(ReportText.counted(graph.tensors.count, "tensor")), by role\n"
    text += roles
    text += phases
    text += bound
    for note in imported.model.notes { text += "\nnote: \(note)" }
    return text + (imported.model.notes.isEmpty ? "" : "\n")
  }

  private var dimensions: String {
    let facts = imported.model
    guard !facts.dynamicDimensions.isEmpty else { return "" }
    let rows = facts.dynamicDimensions.map { dimension in
      [
        "dimension", "\(dimension.target)=\(dimension.extent.map(String.init) ?? "?")",
        dimension.places == [dimension.target]
          ? "" : "at \(dimension.places.joined(separator: ", "))",
        dimension.names.isEmpty ? "" : "follows from \(dimension.names.joined(separator: ", "))",
      ]
    }
    return "\n" + ReportText.table(rows)
  }

  /// The tensors whose sizes data decides: how large they can be, and who says so.
  private var bounds: String {
    let bounded = graph.tensorIDs.filter { graph[$0].isUpperBound }
    guard !bounded.isEmpty else { return "" }
    let given = Set(imported.model.bounds.map(\.tensor))
    let rows = bounded.prefix(Self.listedBounds).map { tensor in
      let name = graph.name(of: tensor)
      let shape = graph.shape(of: tensor).map(String.init).joined(separator: ",")
      return ["at most", "\(name)=\(shape)", given.contains(name) ? "as --bound says" : ""]
    }
    let rest = bounded.count - rows.count
    return "\n" + ReportText.table(rows)
      + (rest > 0
        ? "  and \(ReportText.counted(rest, "more tensor")) whose size data decides\n" : "")
  }

  /// How many tensors of sizes that data decides are listed.
  private static let listedBounds = 12

  /// Every tensor with bytes of its own; views add none.
  private var roles: String {
    var rows: [[String]] = []
    for role in TensorRole.allCases {
      let roots = graph.tensorIDs.filter {
        problem.storages.rootOfTensor[$0.index] == $0 && graph[$0].role == role
      }
      guard !roots.isEmpty else { continue }
      let bytes = roots.reduce(0) { $0 + graph[$1].bytes.value }
      rows.append([
        ReportText.size(bytes), role.rawValue, ReportText.counted(roots.count, "storage"),
        role.isResident ? "resident" : "",
      ])
    }
    return ReportText.table(rows, isSizeFirst: true)
  }

  private var phases: String {
    let rows = NodePhase.allCases.filter { $0 != .unspecified }.compactMap { phase -> [String]? in
      let count = graph.nodes.count { $0.phase == phase }
      return count == 0 ? nil : [ReportText.grouped(count), "\(phase.rawValue) operators"]
    }
    return rows.isEmpty ? "" : "\n" + ReportText.table(rows, isSizeFirst: true)
  }

  /// The resident bytes of all graphs that a graph's nodes run.
  private func residentBytes(insideOf graph: Graph) -> Int {
    var total = 0
    for node in graph.nodesWithBodies {
      for body in graph.bodies(of: node) {
        for tensor in body.graph.tensors where tensor.role.isResident {
          total += problem.storages.model.aligned(tensor.bytes)
        }
        total += residentBytes(insideOf: body.graph)
      }
    }
    return total
  }

  private var bound: String {
    let bound = WorkingSetBound.bound(of: problem)
    var simulator = LivenessSimulator(map: problem.storages)
    let file = simulator.peak(of: Array(graph.nodeIDs))
    let resident = problem.storages.totalBytes(in: .resident) + residentBytes(insideOf: graph)
    let because =
      bound.witness.node.map { "'\(graph.name(of: $0))' needs that at once" }
      ?? "inputs or outputs are live together"
    return "\n"
      + ReportText.table([
        ["floor", ReportText.size(bound.bytes), because],
        ["file order's peak", ReportText.size(file), ""],
        ["resident", ReportText.size(resident), "on top of both"],
      ])
  }
}
