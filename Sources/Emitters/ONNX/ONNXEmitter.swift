// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Importers
public import Planning

/// Writes the model that was planned once more, its nodes in the planned order and the plan in its
/// metadata.
///
/// The fields of a protobuf message may come in any order and repeated ones keep theirs, so the copy
/// is the file itself, byte by byte, but for three things: which node stands where nodes stand,
/// `metadata_props` of model, nodes and values, and a `value_info` for values that had none. Weights
/// are stretches of the source that nobody looks into, and fields that this reader does not know stay
/// what they are.
public struct ONNXEmitter: Sendable {
  /// The name of the format, as the command line knows it.
  public static let kind = "onnx"
  public static let summary = "the model with its nodes in the planned order, and the plan in it"

  private let model: ONNXModel
  private let imported: ImportedGraph

  /// An emitter for plans of a model.
  ///
  /// - Parameters:
  ///   - model: The model as its file states it.
  ///   - imported: The graph that the importer made of it.
  public init(model: ONNXModel, imported: ImportedGraph) {
    self.model = model
    self.imported = imported
  }

  /// The planned file.
  ///
  /// Nodes that are no steps, which are `Constant` ones and need nothing, come first.
  ///
  /// - Throws: ``EmissionError`` when the plan is not for this graph or the file would be too large.
  /// - Complexity: O(fields of graph, nodes and values, + length of the names).
  public func file(of plan: ExecutionPlan) throws(EmissionError) -> SplicedFile {
    let fingerprint = ExecutionPlan.text(ofFingerprint: imported.graph.fingerprint)
    guard plan.model.fingerprint == fingerprint else {
      throw .otherGraph(planned: plan.model.fingerprint, imported: fingerprint)
    }
    guard !imported.hasInlinedFunctions else { throw .inlinedFunctions }
    let places = try places(in: plan)
    var copy = SplicedFile(source: model.file)
    do throws(ImportError) {
      for field in try model.fields(of: model.message) where try !isStale(field, metadata: 14) {
        if field.number == 7 {
          copy.append(field: 7, try graph(field.content, plan, places))
        } else {
          copy.append(sourceRange: field.range)
        }
      }
    } catch { throw .model(error) }
    let prediction = ONNXRuntimePrediction(of: plan, for: imported.graph)
    copy.append(PlanMetadata.fields(14, PlanMetadata.entries(of: plan, prediction)))
    guard copy.byteCount <= Int32.max || model.file.size > Int32.max else {
      throw .tooLarge(copy.byteCount)
    }
    return copy
  }

  // MARK: Order

  /// A node of the file, and the step that runs it.
  private struct Place {
    var node: Int
    var step: Int?
  }

  /// The file's nodes in their new order.
  private func places(in plan: ExecutionPlan) throws(EmissionError) -> [Place] {
    var isPlaced = [Bool](repeating: false, count: model.graph.nodes.count)
    var planned: [Place] = []
    planned.reserveCapacity(isPlaced.count)
    // ONNX Runtime can neither run a node again nor move a tensor: such a plan is more than an order.
    if let step = plan.steps.first(where: { $0.kind != .run }) {
      throw .inexpressible(step: step.index, kind: step.kind.rawValue)
    }
    for (position, step) in plan.steps.enumerated() {
      guard let index = step.nodeIndex, imported.fileNodes.indices.contains(index),
        !isPlaced[imported.fileNodes[index]]
      else { throw .unexpectedNode(step: step.index, nodeIndex: step.nodeIndex ?? -1) }
      let node = imported.fileNodes[index]
      isPlaced[node] = true
      planned.append(Place(node: node, step: position))
    }
    guard planned.count == imported.fileNodes.count else {
      throw .missingNodes(imported.fileNodes.count - planned.count)
    }
    return isPlaced.indices.filter { !isPlaced[$0] }.map { Place(node: $0, step: nil) } + planned
  }

  // MARK: Messages

  private func graph(
    _ message: Range<Int>, _ plan: ExecutionPlan, _ places: [Place]
  ) throws(ImportError) -> SplicedFile {
    var values = ValuesOfPlan(plan)
    var copy = SplicedFile(source: model.file)
    var (nodes, infos, inputs, outputs) = (0, 0, 0, 0)
    func value(_ list: [ONNXValueInfo], _ index: inout Int, _ field: ONNXField) throws(ImportError)
    {
      let entries = values.entries(of: model.names[list[index].name])
      index += 1
      copy.append(field: field.number, try annotated(field.content, metadata: 4, entries))
    }
    for field in try model.fields(of: message) {
      switch field.number {
      case 1:
        let place = places[nodes]
        nodes += 1
        let entries = place.step.map { PlanMetadata.entries(of: plan.steps[$0]) } ?? []
        copy.append(
          field: 1,
          try annotated(model.graph.nodes[place.node].message, metadata: 9, entries))
      case 11: try value(model.graph.inputs, &inputs, field)
      case 12: try value(model.graph.outputs, &outputs, field)
      case 13: try value(model.graph.valueInfo, &infos, field)
      case 16 where try isStale(field, metadata: 16): continue
      default: copy.append(sourceRange: field.range)
      }
    }
    for index in values.rest { copy.append(newValue(plan.tensors[index], index)) }
    return copy
  }

  /// A message with other entries of ours.
  private func annotated(
    _ message: Range<Int>, metadata number: Int, _ entries: [PlanMetadata.Entry]
  ) throws(ImportError) -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    for field in try model.fields(of: message) where try !isStale(field, metadata: number) {
      copy.append(sourceRange: field.range)
    }
    copy.append(PlanMetadata.fields(number, entries))
    return copy
  }

  private func isStale(_ field: ONNXField, metadata number: Int) throws(ImportError) -> Bool {
    guard field.number == number else { return false }
    return PlanMetadata.isStale(try model.metadataEntry(at: field.content).key)
  }

  /// A `value_info` for a value that has none: its name, its element type and the plan. No shape: the
  /// one planned with holds for the bound dimensions only, and the file is for all of them.
  private func newValue(_ tensor: PlannedTensor, _ index: Int) -> [UInt8] {
    // Of sequences and the like the plan does not say enough to write their type.
    guard index < imported.graph.tensors.count, imported.graph[TensorID(index)].kind == .tensor,
      let type = ElementType(name: tensor.elementType), type != .undefined
    else { return [] }
    let entries = PlanMetadata.fields(4, PlanMetadata.entries(of: tensor))
    let tensorType = WireBytes.field(1, WireBytes.field(1, Int(type.rawValue)))
    let info = WireBytes.field(1, tensor.name.utf8) + WireBytes.field(2, tensorType) + entries
    return WireBytes.field(13, info)
  }
}

/// The tensors of a plan by name, and which of them the file has spoken of.
private struct ValuesOfPlan {
  private let tensors: [PlannedTensor]
  private let indices: [String: Int]
  private var isStated: [Bool]

  init(_ plan: ExecutionPlan) {
    tensors = plan.tensors
    indices = Dictionary(
      plan.tensors.indices.map { (plan.tensors[$0].name, $0) },
      uniquingKeysWith: { first, _ in first })
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
