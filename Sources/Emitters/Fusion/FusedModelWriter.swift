// SPDX-License-Identifier: Apache-2.0

public import Fusion
import GraphIR
public import Importers

/// Writes the model of a fused graph: the file that was imported, edited.
///
/// Nodes and weights that stay are stretches of the file, unknown fields and metadata included; new
/// nodes are copies of what they stand for or written anew; new weights are computed from the stored
/// ones while they are written, in the memory of a few pieces. Where the weights come to more than
/// ``inlineLimit``, or lie outside the file already, all of them go into a file of their own beside
/// the model.
public struct FusedModelWriter: Sendable {
  /// The most bytes of weights that are kept in the model's own file.
  public static let inlineLimit = 1_000_000_000
  /// Weights below this size stay in the model's own file always.
  private static let externalThreshold = 1024
  /// What weights in a file of their own start at multiples of.
  private static let alignment = 4096

  private let model: ONNXModel
  private let imported: ImportedGraph
  private let fused: FusedGraph
  private let folder: String

  /// - Parameters:
  ///   - model: The model as its file states it.
  ///   - imported: The graph that the importer made of it.
  ///   - fused: What was made of that graph.
  ///   - path: Where the model was read; external weights are beside it.
  public init(model: ONNXModel, imported: ImportedGraph, fused: FusedGraph, path: String) {
    self.model = model
    self.imported = imported
    self.fused = fused
    folder =
      path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  /// The files to write.
  public struct Files: Sendable {
    /// The model.
    public let model: SplicedFile
    /// The weights, where they are not in the model.
    public let weights: SplicedFile?
  }

  /// Prepares the files; everything that can go wrong with the weights does so here.
  ///
  /// - Parameters:
  ///   - inlineLimit: The bytes of weights up to which they are in the model's own file.
  ///   - weightsName: The name of the file for weights, as the model is to state it.
  /// - Throws: ``FusedModelError``.
  /// - Complexity: O(fields of graph, nodes and values + elements of norms that are folded).
  public func files(
    weightsName: String, inlineLimit: Int = FusedModelWriter.inlineLimit
  ) throws(FusedModelError) -> Files {
    guard !imported.hasInlinedFunctions else { throw .notTheFile }
    var weights = StoredWeights(of: model, in: folder)
    var made: [MadeWeight] = []
    for recipe in fused.recipes { made.append(try MadeWeight(recipe, from: &weights)) }
    let names = FinalNames(fused.graph)
    let kept = model.graph.initializers.filter { names.has(model.names[$0.name]) }
    let isOutside = kept.contains {
      if case .external = $0.storage { true } else { false }
    }
    let inline =
      made.reduce(0) { $0 + $1.byteCount } + kept.reduce(0) { $0 + $1.message.count }
    var store = isOutside || inline > inlineLimit ? ExternalStore(model.file, weightsName) : nil
    let file: SplicedFile
    do {
      file = try self.file(names, made, &weights, &store)
    } catch let error as FusedModelError {
      throw error
    } catch let error as ImportError {
      throw .model(error)
    } catch {
      preconditionFailure("reading a model throws one of two kinds of errors")
    }
    guard file.byteCount <= Int32.max else { throw .tooLarge(file.byteCount) }
    return Files(model: file, weights: store?.file)
  }

  // MARK: Model

  private func file(
    _ names: FinalNames, _ made: [MadeWeight], _ weights: inout StoredWeights,
    _ store: inout ExternalStore?
  ) throws -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    for field in try model.fields(of: model.message) {
      switch field.number {
      case 7: copy.append(field: 7, try graph(field.content, names, made, &weights, &store))
      case 14 where FusionMetadata.isStale(try model.metadataEntry(at: field.content).key): continue
      default: copy.append(sourceRange: field.range)
      }
    }
    copy.append(PlanMetadata.fields(14, FusionMetadata.entries(of: fused)))
    return copy
  }

  private func graph(
    _ message: Range<Int>, _ names: FinalNames, _ made: [MadeWeight],
    _ weights: inout StoredWeights, _ store: inout ExternalStore?
  ) throws -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    var (initializers, inputs, infos) = (0, 0, 0)
    var hasNodes = false
    for field in try model.fields(of: message) {
      switch field.number {
      case 1:
        // All nodes stand where the first one stood.
        if !hasNodes { try appendNodes(to: &copy, names) }
        hasNodes = true
      case 5:
        let tensor = model.graph.initializers[initializers]
        initializers += 1
        guard tensor.name == .absent || names.has(model.names[tensor.name]) else { continue }
        copy.append(field: 5, try initializer(tensor, &weights, &store))
      case 11:
        let value = model.graph.inputs[inputs]
        inputs += 1
        // Old files list initializers among the inputs.
        if names.has(model.names[value.name]) { copy.append(sourceRange: field.range) }
      case 13:
        let value = model.graph.valueInfo[infos]
        infos += 1
        if names.has(model.names[value.name]) { copy.append(sourceRange: field.range) }
      default: copy.append(sourceRange: field.range)
      }
    }
    for (recipe, bytes) in zip(fused.recipes, made) {
      copy.append(field: 5, newInitializer(recipe, bytes, &store))
      if model.irVersion < 4 {
        copy.append(
          WireBytes.field(11, ModelMessages.value(recipe.name, recipe.elementType, recipe.shape)))
      }
    }
    return copy
  }

  // MARK: Nodes

  private func appendNodes(to copy: inout SplicedFile, _ names: FinalNames) throws {
    let file = model.graph
    // Constant nodes are no nodes of the graph, and need nothing: they come first.
    let isInGraph = Set(imported.fileNodes)
    for (index, node) in file.nodes.enumerated() where !isInGraph.contains(index) {
      let outputs = file.outputs(of: node)
      if outputs.contains(where: { $0 == .absent || names.has(model.names[$0]) }) {
        copy.append(WireBytes.head(ofField: 1, byteCount: node.message.count))
        copy.append(sourceRange: node.message)
      }
    }
    let provenance = FusionMetadata.provenance(of: fused)
    for id in fused.graph.nodeIDs {
      let name = fused.graph.name(of: id)
      switch fused.origins[id.index] {
      case .kept(let old): copy.append(field: 1, try keptNode(id, old))
      case .copied(let old):
        var node = try self.node(id, like: try fileNode(old), name: name)
        node.append(PlanMetadata.fields(9, provenance[name].map { [$0] } ?? []))
        copy.append(field: 1, node)
      case .new:
        copy.append(
          WireBytes.field(
            1,
            ModelMessages.node(id, in: fused.graph)
              + PlanMetadata.fields(9, provenance[name].map { [$0] } ?? [])))
      }
    }
  }

  private func fileNode(_ node: NodeID) throws(FusedModelError) -> ONNXNode {
    guard imported.fileNodes.indices.contains(node.index),
      model.graph.nodes.indices.contains(imported.fileNodes[node.index])
    else { throw .notTheFile }
    return model.graph.nodes[imported.fileNodes[node.index]]
  }

  /// A node that stays, as it is or with other operands.
  private func keptNode(_ id: NodeID, _ old: NodeID) throws -> SplicedFile {
    let node = try fileNode(old)
    let stated = model.graph.inputs(of: node).map { $0 == .absent ? "" : model.names[$0] }
    let now = texts(fused.graph.inputs(of: id))
    // Behind its own operands come those that its bodies capture, which are named inside.
    let before = texts(imported.graph.inputs(of: old), of: imported.graph)
    guard before.prefix(stated.count).elementsEqual(stated) else {
      throw FusedModelError.notTheFile
    }
    guard now.dropFirst(stated.count).elementsEqual(before.dropFirst(stated.count)) else {
      throw FusedModelError.renamedInBody(node: fused.graph.name(of: id))
    }
    var copy = SplicedFile(source: model.file)
    guard !now.prefix(stated.count).elementsEqual(stated) else {
      copy.append(sourceRange: node.message)
      return copy
    }
    for name in now.prefix(stated.count) { copy.append(WireBytes.field(1, name.utf8)) }
    for field in try model.fields(of: node.message) where field.number != 1 {
      copy.append(sourceRange: field.range)
    }
    return copy
  }

  /// A node with the operator and attributes of another one.
  private func node(_ id: NodeID, like basis: ONNXNode, name: String) throws -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    copy.append(ModelMessages.operands(of: id, in: fused.graph))
    copy.append(WireBytes.field(3, name.utf8))
    for field in try model.fields(of: basis.message) where !(1...3).contains(field.number) {
      copy.append(sourceRange: field.range)
    }
    return copy
  }

  private func texts(_ tensors: ArraySlice<TensorID>, of graph: Graph? = nil) -> [String] {
    tensors.map { $0.isAbsent ? "" : (graph ?? fused.graph).name(of: $0) }
  }

  // MARK: Weights

  /// An initializer that stays, its bytes where all weights go.
  private func initializer(
    _ tensor: ONNXTensor, _ weights: inout StoredWeights, _ store: inout ExternalStore?
  ) throws -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    guard store != nil, let type = ElementType(onnxNumber: tensor.elementType) else {
      copy.append(sourceRange: tensor.message)
      return copy
    }
    switch tensor.storage {
    case .raw(let range) where range.count >= Self.externalThreshold: break
    case .external: break
    default:
      copy.append(sourceRange: tensor.message)
      return copy
    }
    let bytes = try weights.bytes(of: tensor, type, model.names[tensor.name])
    let place = store?.append(bytes, alignment: Self.alignment)
    for field in try model.fields(of: tensor.message)
    where ![4, 5, 7, 9, 10, 11, 13, 14].contains(field.number) {
      copy.append(sourceRange: field.range)
    }
    if let place { copy.append(place) }
    return copy
  }

  private func newInitializer(
    _ recipe: WeightRecipe, _ bytes: MadeWeight, _ store: inout ExternalStore?
  ) -> SplicedFile {
    var copy = SplicedFile(source: model.file)
    copy.append(ModelMessages.tensorHead(recipe.name, recipe.elementType, recipe.shape))
    if bytes.byteCount >= Self.externalThreshold,
      let place = store?.append(bytes, alignment: Self.alignment)
    {
      copy.append(place)
    } else {
      copy.append(WireBytes.head(ofField: 9, byteCount: bytes.byteCount))
      copy.append(made: bytes)
    }
    return copy
  }
}

/// The names of a graph's tensors.
private struct FinalNames {
  private let names: Set<String>

  init(_ graph: Graph) { names = Set(graph.tensorIDs.map { graph.name(of: $0) }) }

  func has(_ name: String) -> Bool { names.contains(name) }
}

/// A file of weights in the making.
private struct ExternalStore {
  private(set) var file: SplicedFile
  private let name: String

  init(_ source: MappedFile, _ name: String) {
    file = SplicedFile(source: source)
    self.name = name
  }

  /// Appends bytes that are to be computed and returns the fields of a tensor that say where they are.
  mutating func append(_ bytes: any MadeBytes, alignment: Int) -> [UInt8] {
    let offset = (file.byteCount + alignment - 1) / alignment * alignment
    file.append([UInt8](repeating: 0, count: offset - file.byteCount))
    file.append(made: bytes)
    return ModelMessages.external(name, offset: offset, length: bytes.byteCount)
  }

  /// As above, for bytes that are stored.
  mutating func append(_ bytes: StoredWeights.Bytes, alignment: Int) -> [UInt8] {
    append(CopiedBytes(bytes: bytes), alignment: alignment)
  }
}

/// Stored bytes as they are.
private struct CopiedBytes: MadeBytes {
  let bytes: StoredWeights.Bytes
  var byteCount: Int { bytes.count }

  func write<Failure>(
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    switch bytes {
    case .file(let file, let range): try file.forEachPiece(of: range, sink)
    case .memory(let bytes):
      try bytes.span.bytes.withUnsafeBytes { (buffer) throws(Failure) in try sink(buffer) }
    }
  }
}
