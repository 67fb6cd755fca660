// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Importers
import Planning

/// What a plan says of one graph: the main one, or one that a node runs.
struct PlanOfGraph {
  let graph: Graph
  let steps: [PlanStep]
  let tensors: [PlannedTensor]
}

/// Writes the graphs of a model once more, their nodes in the planned order.
///
/// A graph is copied field by field. What comes from a local function gets the names that it has where
/// the function was called; nothing else is looked into that does not have to change.
struct GraphCopy {
  private let order: NodeOrder
  /// The main graph's message. Nodes and bodies that lie elsewhere are those of functions.
  private let home: Range<Int>

  private var model: ONNXModel { order.model }

  /// Prepares the copy of a model's graphs.
  ///
  /// - Parameters:
  ///   - order: The model's nodes.
  ///   - home: The message of its main graph.
  init(of order: NodeOrder, home: Range<Int>) {
    (self.order, self.home) = (order, home)
  }

  /// The main graph.
  ///
  /// - Throws: ``EmissionError`` when the plan is not for this graph.
  /// - Complexity: O(fields of graphs, nodes and values, + length of the names).
  func main(_ plan: PlanOfGraph) throws(EmissionError) -> SplicedFile {
    try graph(home, model.graph, plan, nodes: order.nodes)
  }

  // MARK: Order

  /// A node, and the step that runs it.
  private struct Place {
    var node: Int
    var step: Int?
  }

  /// The nodes of a graph in their new order. Those that are no steps, which are `Constant` ones and
  /// need nothing, come first.
  ///
  /// - Parameter nodes: By node of the graph that was planned its position among all.
  private func places(
    of steps: [PlanStep], nodes: [Int], among count: Int
  ) throws(EmissionError) -> [Place] {
    var isPlaced = [Bool](repeating: false, count: count)
    var planned: [Place] = []
    planned.reserveCapacity(count)
    // ONNX Runtime can neither run a node again nor move a tensor: such a plan is more than an order.
    if let step = steps.first(where: { $0.kind != .run }) {
      throw .inexpressible(step: step.index, kind: step.kind.rawValue)
    }
    for (position, step) in steps.enumerated() {
      guard let index = step.nodeIndex, nodes.indices.contains(index), !isPlaced[nodes[index]]
      else { throw .unexpectedNode(step: step.index, nodeIndex: step.nodeIndex ?? -1) }
      isPlaced[nodes[index]] = true
      planned.append(Place(node: nodes[index], step: position))
    }
    guard planned.count == nodes.count else { throw .missingNodes(nodes.count - planned.count) }
    return isPlaced.indices.filter { !isPlaced[$0] }.map { Place(node: $0, step: nil) } + planned
  }

  // MARK: Graphs

  /// A graph.
  ///
  /// - Parameters:
  ///   - message: Where the file has it.
  ///   - source: What it is, calls inlined.
  ///   - plan: The plan for it; `nil` where there is none, as for a branch that cannot run: then its
  ///     order stays.
  ///   - nodes: By node of the planned graph its position in `source`.
  private func graph(
    _ message: Range<Int>, _ source: ONNXGraph, _ plan: PlanOfGraph?, nodes: [Int]
  ) throws(EmissionError) -> SplicedFile {
    let places: [Place]
    if let plan {
      places = try self.places(of: plan.steps, nodes: nodes, among: source.nodes.count)
    } else {
      places = source.nodes.indices.map { Place(node: $0, step: nil) }
    }
    var values = ValuesOfPlan(plan?.tensors ?? [])
    let isForeign = !isHome(message)
    var copy = SplicedFile(source: model.file)
    var (infos, inputs, outputs, weights, sparse) = (0, 0, 0, 0, 0)
    var hasNodes = false
    /// Adds what comes next of a list that the copy has in the file's order.
    func value(
      _ list: [ONNXValueInfo], _ index: inout Int, _ field: ONNXField
    ) throws(EmissionError) {
      let name = model.names[list[index].name]
      index += 1
      let content = try annotated(
        field.content, metadata: 4, values.entries(of: name), name: isForeign ? (1, name) : nil)
      copy.append(field: field.number, content)
    }
    for field in try fields(of: message) {
      switch field.number {
      case 1 where hasNodes: continue
      case 1:
        hasNodes = true
        for place in places {
          copy.append(field: 1, try node(place.node, in: source, plan, place.step))
        }
      case 5 where isForeign:
        let name = model.names[source.initializers[weights].name]
        weights += 1
        copy.append(field: 5, try renamed(field.content, 8, name))
      case 11: try value(source.inputs, &inputs, field)
      case 12: try value(source.outputs, &outputs, field)
      case 13: try value(source.valueInfo, &infos, field)
      // What is said of quantised values by names that are others now.
      case 14 where isForeign: continue
      case 15 where isForeign:
        let name = model.names[source.sparseInitializers[sparse].values.name]
        sparse += 1
        var tensor = SplicedFile(source: model.file)
        for part in try fields(of: field.content) {
          if part.number == 1 {
            tensor.append(field: 1, try renamed(part.content, 8, name))
          } else {
            tensor.append(sourceRange: part.range)
          }
        }
        copy.append(field: 15, tensor)
      case 16 where try isStale(field, metadata: 16): continue
      default: copy.append(sourceRange: field.range)
      }
    }
    if let plan {
      for index in values.rest { copy.append(Self.newValue(plan, index)) }
    }
    return copy
  }

  /// A `value_info` for a value that has none: its name, its element type and the plan. No shape: the
  /// one planned with holds for the bound dimensions only, and the file is for all of them.
  private static func newValue(_ plan: PlanOfGraph, _ index: Int) -> [UInt8] {
    let tensor = plan.tensors[index]
    // Of sequences and the like the plan does not say enough to write their type.
    guard index < plan.graph.tensors.count, plan.graph[TensorID(index)].kind == .tensor,
      let type = ElementType(name: tensor.elementType), type != .undefined
    else { return [] }
    let entries = PlanMetadata.fields(4, PlanMetadata.entries(of: tensor))
    let tensorType = WireBytes.field(1, WireBytes.field(1, Int(type.rawValue)))
    let info = WireBytes.field(1, tensor.name.utf8) + WireBytes.field(2, tensorType) + entries
    return WireBytes.field(13, info)
  }

  // MARK: Nodes

  private func node(
    _ index: Int, in source: ONNXGraph, _ plan: PlanOfGraph?, _ step: Int?
  ) throws(EmissionError) -> SplicedFile {
    let node = source.nodes[index]
    let planned = step.flatMap { plan?.steps[$0] }
    let entries = planned.map(PlanMetadata.entries) ?? []
    let bodies = planned.map { self.bodies(of: $0, in: plan) } ?? [:]
    let isForeign = !isHome(node.message)
    let attributes = source.attributes(of: node)
    guard isForeign || !bodies.isEmpty || order.hasCalls && attributes.contains(where: \.hasGraph)
    else { return try annotated(node.message, metadata: 9, entries, name: nil) }

    var copy = SplicedFile(source: model.file)
    if isForeign {
      for name in source.inputs(of: node) {
        copy.append(WireBytes.field(1, model.names[name].utf8))
      }
      for name in source.outputs(of: node) {
        copy.append(WireBytes.field(2, model.names[name].utf8))
      }
      copy.append(WireBytes.field(3, node.name.utf8))
      for attribute in attributes {
        copy.append(field: 5, try self.attribute(attribute, bodies))
      }
      // A copy of a parameter stands for no node of the file.
      if node.message.isEmpty {
        copy.append(WireBytes.field(4, model.operator(of: node).type.utf8))
      }
    }
    var next = attributes.startIndex
    for field in try fields(of: node.message) where try !isStale(field, metadata: 9) {
      switch field.number {
      case 1...3 where isForeign: continue
      case 5 where isForeign: continue
      case 5:
        copy.append(field: 5, try attribute(attributes[next], bodies))
        next += 1
      default: copy.append(sourceRange: field.range)
      }
    }
    copy.append(PlanMetadata.fields(9, entries))
    return copy
  }

  /// The plans of what a step's node runs, by attribute.
  private func bodies(of step: PlanStep, in plan: PlanOfGraph?) -> [String: PlanOfGraph] {
    guard let graph = plan?.graph, let planned = step.bodies, let node = step.nodeIndex,
      graph.nodes.indices.contains(node)
    else { return [:] }
    var result: [String: PlanOfGraph] = [:]
    for (body, plan) in zip(graph.bodies(of: NodeID(node)), planned)
    where body.attribute == plan.attribute {
      result[body.attribute] = PlanOfGraph(
        graph: body.graph, steps: plan.steps, tensors: plan.tensors)
    }
    return result
  }

  private func attribute(
    _ attribute: ONNXAttribute, _ plans: [String: PlanOfGraph]
  ) throws(EmissionError) -> SplicedFile {
    let plan = plans[attribute.name]
    var copy = SplicedFile(source: model.file)
    var graphs = attribute.graphs[...]
    for field in try fields(of: attribute.message) {
      switch field.number {
      // One that a call hands on may have another name there.
      case 1: copy.append(WireBytes.field(1, attribute.name.utf8))
      case 6, 11:
        guard let body = graphs.popFirst() else { continue }
        let nodes =
          plan == nil
          ? []
          : try caught { () throws(ImportError) in
            try order.nodes(ofBody: body)
          }
        copy.append(field: field.number, try graph(field.content, body, plan, nodes: nodes))
      default: copy.append(sourceRange: field.range)
      }
    }
    return copy
  }

  // MARK: Messages

  private func isHome(_ message: Range<Int>) -> Bool {
    !message.isEmpty && home.lowerBound <= message.lowerBound
      && message.upperBound <= home.upperBound
  }

  /// A message with other entries of ours, and its name replaced where one is given.
  private func annotated(
    _ message: Range<Int>, metadata number: Int, _ entries: [PlanMetadata.Entry],
    name: (field: Int, text: String)?
  ) throws(EmissionError) -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    if let name { copy.append(WireBytes.field(name.field, name.text.utf8)) }
    for field in try fields(of: message) where try !isStale(field, metadata: number) {
      if field.number == name?.field { continue }
      copy.append(sourceRange: field.range)
    }
    copy.append(PlanMetadata.fields(number, entries))
    return copy
  }

  /// A message whose name, which is in a field, is another.
  private func renamed(
    _ message: Range<Int>, _ number: Int, _ name: String
  ) throws(EmissionError) -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    copy.append(WireBytes.field(number, name.utf8))
    for field in try fields(of: message) where field.number != number {
      copy.append(sourceRange: field.range)
    }
    return copy
  }

  private func fields(of message: Range<Int>) throws(EmissionError) -> [ONNXField] {
    try caught { () throws(ImportError) in try model.fields(of: message) }
  }

  private func isStale(
    _ field: ONNXField, metadata number: Int
  ) throws(EmissionError) -> Bool {
    guard field.number == number else { return false }
    return try caught { () throws(ImportError) in
      PlanMetadata.isStale(try model.metadataEntry(at: field.content).key)
    }
  }

  private func caught<Result>(
    _ body: () throws(ImportError) -> Result
  ) throws(EmissionError) -> Result {
    do throws(ImportError) { return try body() } catch { throw .model(error) }
  }
}

extension ONNXAttribute {
  /// The bodies that it holds.
  var graphs: [ONNXGraph] {
    switch value {
    case .graph(let body): [body]
    case .graphs(let bodies): bodies
    default: []
    }
  }

  fileprivate var hasGraph: Bool { !graphs.isEmpty }
}

/// The tensors of a plan by name, and which of them the file has spoken of.
private struct ValuesOfPlan {
  private let tensors: [PlannedTensor]
  private let indices: [String: Int]
  private var isStated: [Bool]

  init(_ tensors: [PlannedTensor]) {
    self.tensors = tensors
    indices = Dictionary(
      tensors.indices.map { (tensors[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
    isStated = Array(repeating: false, count: tensors.count)
  }

  mutating func entries(of name: String) -> [PlanMetadata.Entry] {
    guard let index = indices[name] else { return [] }
    isStated[index] = true
    return PlanMetadata.entries(of: tensors[index])
  }

  /// The positions of the tensors in the arena that the file has not spoken of.
  var rest: [Int] { tensors.indices.filter { !isStated[$0] && tensors[$0].offset != nil } }
}
