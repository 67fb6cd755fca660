// SPDX-License-Identifier: Apache-2.0
public import CGraphopt
import GraphIR
import Importers
import Planning

/// Behind `graphopt_graph`.
final class GraphHandle: Handle {
  var graph: Graph
  /// What plans say of where the graph comes from.
  let model: PlannedModel

  init(_ graph: Graph, _ model: PlannedModel) {
    self.graph = graph
    self.model = model
  }

  convenience init(_ imported: ImportedGraph, path: String) {
    let facts = imported.model
    var opsets: [String: Int] = [:]
    for opset in facts.opsets {
      opsets[opset.domain.isEmpty ? "ai.onnx" : opset.domain] = Int(opset.version)
    }
    var dims: [String: Int] = [:]
    for binding in facts.bindings { dims[binding.target] = binding.extent }
    self.init(
      imported.graph,
      PlannedModel(path: path, irVersion: Int(facts.irVersion), opsets: opsets, dims: dims))
  }
}

/// Stores a new object for C.
func store(
  _ object: some Handle, in place: UnsafeMutablePointer<OpaquePointer?>?, _ name: String
) throws(CallFailure) {
  guard let place else { throw .isNull(name) }
  place.pointee = object.handle
}

/// Imports a file.
@c(graphopt_graph_from_file)
public func graphFromFile(
  _ path: UnsafePointer<CChar>?, _ options: OpaquePointer?,
  _ graph: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  graph?.pointee = nil
  return call(error) { () throws(CallFailure) in
    let path = try String(path, "the path")
    let importer = OptionsHandle.orUsual(options).importer
    let imported: ImportedGraph
    do throws(ImportError) {
      imported = try importer.importGraph(path: path)
    } catch { throw CallFailure(error) }
    try store(GraphHandle(imported, path: path), in: graph, "graph")
  }
}

/// Imports a model in memory.
@c(graphopt_graph_from_memory)
public func graphFromMemory(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ options: OpaquePointer?,
  _ graph: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  graph?.pointee = nil
  return call(error) { () throws(CallFailure) in
    guard let bytes else { throw .isNull("bytes") }
    guard size >= 0 else { throw .isTooLarge("size", UInt64(UInt(bitPattern: size))) }
    let importer = OptionsHandle.orUsual(options).importer
    let imported: ImportedGraph
    do throws(ImportError) {
      let file = try MappedFile(bytes: Array(UnsafeRawBufferPointer(start: bytes, count: size)))
      imported = try importer.importGraph(of: try ONNXModel(file))
    } catch { throw CallFailure(error) }
    try store(GraphHandle(imported, path: ""), in: graph, "graph")
  }
}

/// Makes an empty graph.
@c(graphopt_graph_create)
public func graphCreate(
  _ name: UnsafePointer<CChar>?, _ graph: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  graph?.pointee = nil
  return call(error) { () throws(CallFailure) in
    let name = try String(name, "the name")
    try store(GraphHandle(Graph(name: name), PlannedModel(path: name)), in: graph, "graph")
  }
}

/// Frees a graph.
@c(graphopt_graph_free)
public func graphFree(_ graph: OpaquePointer?) { GraphHandle.release(graph) }

extension TensorRole {
  fileprivate init(_ role: graphopt_role) throws(CallFailure) {
    switch role {
    case GRAPHOPT_ROLE_ACTIVATION: self = .activation
    case GRAPHOPT_ROLE_INPUT: self = .input
    case GRAPHOPT_ROLE_OUTPUT: self = .output
    case GRAPHOPT_ROLE_WEIGHT: self = .weight
    case GRAPHOPT_ROLE_OPTIMIZER_STATE: self = .optimizerState
    case GRAPHOPT_ROLE_GRADIENT: self = .gradient
    case GRAPHOPT_ROLE_TEMPORARY: self = .temporary
    case GRAPHOPT_ROLE_CONSTANT: self = .constant
    default: throw CallFailure(GRAPHOPT_INVALID_ARGUMENT, "there is no role \(role.rawValue)")
    }
  }
}

extension Effect {
  fileprivate init(_ effect: graphopt_effect) throws(CallFailure) {
    let kind: Kind
    switch effect.kind {
    case GRAPHOPT_EFFECT_ALIAS: kind = .alias
    case GRAPHOPT_EFFECT_MAY_ALIAS: kind = .mayAlias
    case GRAPHOPT_EFFECT_MAY_OVERWRITE: kind = .mayOverwrite
    case GRAPHOPT_EFFECT_MUST_OVERWRITE: kind = .mustOverwrite
    default:
      throw CallFailure(GRAPHOPT_INVALID_ARGUMENT, "there is no effect \(effect.kind.rawValue)")
    }
    self.init(kind, output: Int(effect.output), of: Int(effect.input))
  }
}

extension GraphHandle {
  fileprivate func add(
    _ name: String, _ type: ElementType, _ shape: [Int], _ role: TensorRole
  ) throws(CallFailure) -> TensorID {
    do throws(GraphError) {
      let tensor = try graph.addTensor(name, type: type, shape: shape, role: role)
      if role == .input { graph.addInput(tensor) }
      if role == .output { graph.addOutput(tensor) }
      return tensor
    } catch { throw CallFailure(error) }
  }

  /// The tensors that C's numbers mean.
  fileprivate func operands(
    _ pointer: UnsafePointer<UInt32>?, _ count: Int, _ name: String
  ) throws(CallFailure) -> [TensorID] {
    var operands: [TensorID] = []
    for index in try elements(pointer, count, name) {
      guard index != UInt32.max else {
        operands.append(.absent)
        continue
      }
      guard Int(index) < graph.tensors.count else {
        throw .isPastEnd("tensor", Int(index), of: graph.tensors.count)
      }
      operands.append(TensorID(Int(index)))
    }
    return operands
  }
}

/// Adds a dense tensor.
@c(graphopt_graph_add_tensor)
public func graphAddTensor(
  _ graph: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ elementType: UnsafePointer<CChar>?,
  _ shape: UnsafePointer<UInt64>?, _ rank: Int, _ role: graphopt_role,
  _ tensor: UnsafeMutablePointer<UInt32>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let graph = try GraphHandle.object(of: graph, "graph")
    let typeName = try String(elementType, "the element type")
    guard let type = ElementType(name: typeName), type.bits > 0 else {
      throw CallFailure(
        GRAPHOPT_INVALID_ARGUMENT, "the element type is '\(typeName)', which none of known size is")
    }
    let id = try graph.add(
      try String(name, "the name"), type, try extents(shape, rank), try TensorRole(role))
    tensor?.pointee = UInt32(id.index)
  }
}

/// Adds a tensor of which only the size is known.
@c(graphopt_graph_add_buffer)
public func graphAddBuffer(
  _ graph: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ bytes: UInt64, _ role: graphopt_role,
  _ tensor: UnsafeMutablePointer<UInt32>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let graph = try GraphHandle.object(of: graph, "graph")
    let id = try graph.add(
      try String(name, "the name"), .uint8, [try Int(bytes, "the size")], try TensorRole(role))
    tensor?.pointee = UInt32(id.index)
  }
}

/// Adds a node.
@c(graphopt_graph_add_node)
public func graphAddNode(
  _ graph: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ opType: UnsafePointer<CChar>?,
  _ inputs: UnsafePointer<UInt32>?, _ inputCount: Int, _ outputs: UnsafePointer<UInt32>?,
  _ outputCount: Int, _ effects: UnsafePointer<graphopt_effect>?, _ effectCount: Int,
  _ workspaceBytes: UInt64, _ node: UnsafeMutablePointer<UInt32>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let handle = try GraphHandle.object(of: graph, "graph")
    let name = try String(name, "the name")
    let kind = OperatorKind(type: try String(opType, "the operator"))
    let inputs = try handle.operands(inputs, inputCount, "inputs")
    let outputs = try handle.operands(outputs, outputCount, "outputs")
    var made: [Effect] = []
    for effect in try elements(effects, effectCount, "effects") {
      made.append(try Effect(effect))
    }
    // What the graph demands of its callers, these did not check.
    for (index, output) in outputs.enumerated() where !output.isAbsent {
      guard handle.graph[output].producer == nil, !outputs[..<index].contains(output) else {
        throw CallFailure(.severalProducers(tensor: handle.graph.name(of: output)))
      }
    }
    let workspace = ByteCount(try Int(workspaceBytes, "the workspace"))
    do throws(GraphError) {
      let id = try handle.graph.addNode(
        name, kind: kind, inputs: inputs, outputs: outputs, effects: made, workspace: workspace)
      node?.pointee = UInt32(id.index)
    } catch { throw CallFailure(error) }
  }
}

/// Demands that one node runs before another.
@c(graphopt_graph_add_dependency)
public func graphAddDependency(
  _ graph: OpaquePointer?, _ before: UInt32, _ after: UInt32,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    let handle = try GraphHandle.object(of: graph, "graph")
    let count = handle.graph.nodes.count
    for node in [before, after] where Int(node) >= count {
      throw .isPastEnd("node", Int(node), of: count)
    }
    guard before < after else {
      throw CallFailure(.invalidControlDependency(before: before, after: after))
    }
    handle.graph.addControlDependency(
      ControlDependency(before: NodeID(Int(before)), after: NodeID(Int(after))))
  }
}

/// The number of nodes.
@c(graphopt_graph_node_count)
public func graphNodeCount(_ graph: OpaquePointer?) -> Int {
  graph.map { GraphHandle.object(of: $0).graph.nodes.count } ?? 0
}

/// The number of tensors.
@c(graphopt_graph_tensor_count)
public func graphTensorCount(_ graph: OpaquePointer?) -> Int {
  graph.map { GraphHandle.object(of: $0).graph.tensors.count } ?? 0
}

/// The hash of a graph.
@c(graphopt_graph_fingerprint)
public func graphFingerprint(_ graph: OpaquePointer?) -> UInt64 {
  graph.map { GraphHandle.object(of: $0).graph.fingerprint } ?? 0
}
