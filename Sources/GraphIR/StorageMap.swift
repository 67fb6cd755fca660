// SPDX-License-Identifier: Apache-2.0

/// Which tensors are certain to share bytes, whatever the order, and who touches each storage.
///
/// A storage is one tensor with bytes of its own, its root, and every tensor that is a view or a new
/// version of it. Takeovers that depend on the order (``Effect/Kind/mayOverwrite``) are not merged:
/// they are listed per node and decided step by step by ``LivenessSimulator``.
///
/// Where ``MemoryModel/slices`` is set, tensors that are parts of one another lie on several storages
/// each, one a cell: a run of bytes that is live as one. Cells of one family keep their distances
/// (``places``), and nothing that may take over a cell's bytes is a cell itself, so that a family
/// stays where it is.
public struct StorageMap: Sendable {
  /// The rules that were applied.
  public let model: MemoryModel
  /// The storage of each tensor; the first one of several.
  public let storageOfTensor: [StorageID]
  /// The tensor with bytes of its own, by storage. Storages are numbered by ascending root. The root
  /// of a cell is the smallest tensor that covers it.
  public let roots: [TensorID]
  /// Where a cell lies among the others of its family, by storage; `nil` for other storages.
  public let places: [SlicePlace?]
  /// The bytes, rounded up to the alignment, by storage.
  public let bytes: [Int]
  /// Where the storage lives.
  public let spaces: [MemorySpace]
  /// Whether it holds a graph input, so that it is live from step 0.
  public let isLiveIn: [Bool]
  /// Whether it holds a graph output, so that it is live to the end.
  public let isLiveOut: [Bool]
  /// Where each node's row starts in ``touched``; one more entry than nodes.
  public let touchedStart: [Int]
  /// The arena storages that a node reads, writes or makes, each once, ascending, node by node.
  public let touched: [UInt32]
  /// Where each storage's row starts in ``touchers``; one more entry than storages.
  public let toucherStart: [Int]
  /// The nodes that touch an arena storage, ascending, storage by storage.
  public let touchers: [UInt32]
  /// Where each node's row starts in ``takeovers``; one more entry than nodes.
  public private(set) var takeoverStart: [Int]
  /// The takeovers that a node may make if the input's storage dies there.
  public private(set) var takeovers: [Takeover]
  /// Scratch bytes of each node, rounded up to the alignment.
  public let workspaces: [Int]
  /// The tensor with bytes of its own that each tensor shares all of its bytes with, or a part.
  public let rootOfTensor: [TensorID]
  /// Where each tensor's row starts in ``storagePool``; one more entry than tensors.
  private let storageStart: [Int]
  private let storagePool: [StorageID]

  /// A fresh arena storage of a node's output that may use the bytes of a storage it reads.
  public struct Takeover: Hashable, Sendable {
    /// The storage that the node makes.
    public let output: StorageID
    /// The storage that may end there; of the same size, no graph input or output.
    public let input: StorageID
  }

  /// Which storages are parts of one another; `nil` where the model or the graph has none.
  private static func families(
    of graph: Graph, root: [TensorID], model: MemoryModel
  ) -> SliceFamilies? {
    guard model.slices, graph.effectPool.contains(where: { $0.kind.isSlice }) else { return nil }
    var isEligible = graph.tensorIDs.map { root[$0.index] == $0 && !graph[$0].role.isResident }
    for tensor in graph.tensorIDs where graph[tensor].role == .outer {
      isEligible[root[tensor.index].index] = false
    }
    if model.io == .external {
      for tensor in graph.inputs + graph.outputs { isEligible[root[tensor.index].index] = false }
    }
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        isEligible[root[graph.operands(of: effect, at: node).input.index].index] = false
      }
    }
    return SliceFamilies(
      of: graph, root: root, isEligible: isEligible, alignment: model.alignment)
  }

  /// Groups the tensors of a valid graph.
  ///
  /// - Complexity: O(nodes + tensors + operands + effects).
  public init(of graph: Graph, model: MemoryModel) {
    self.model = model
    var isInput = [Bool](repeating: false, count: graph.tensors.count)
    for tensor in graph.inputs { isInput[tensor.index] = true }
    var isOutput = [Bool](repeating: false, count: graph.tensors.count)
    for tensor in graph.outputs { isOutput[tensor.index] = true }

    // File order is an order of execution, so an input's root is final when its view is met.
    var root = Array(graph.tensorIDs)
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.holds(in: model.inPlace) {
        let (output, input) = graph.operands(of: effect, at: node)
        guard root[output.index] == output else { continue }
        switch effect.kind {
        case .alias, .mustOverwrite: root[output.index] = root[input.index]
        case .mayAlias:
          // A result that would be a mere view of what the caller or the file owns is copied out;
          // ONNX Runtime gives every graph output bytes of its own.
          let source = root[input.index]
          if isOutput[output.index],
            model.inPlace == .ort || isInput[source.index] || graph[source].role.isResident
          {
            continue
          }
          root[output.index] = source
        case .mayOverwrite, .mayHold, .maySlice: continue
        }
      }
    }

    let families = Self.families(of: graph, root: root, model: model)
    let numbering = StorageNumbering(of: graph, root: root, families: families)
    let (roots, storagePool, storageStart) = (
      numbering.roots, numbering.pool, numbering.start
    )
    let bytes = roots.indices.map { numbering.cells[$0] ?? model.aligned(graph[roots[$0]].bytes) }
    func storages(of tensor: TensorID) -> ArraySlice<StorageID> {
      storagePool[storageStart[tensor.index]..<storageStart[tensor.index + 1]]
    }
    var isLiveIn = [Bool](repeating: false, count: roots.count)
    for tensor in graph.inputs {
      for storage in storages(of: tensor) { isLiveIn[storage.index] = true }
    }
    var isLiveOut = [Bool](repeating: false, count: roots.count)
    for tensor in graph.outputs {
      for storage in storages(of: tensor) { isLiveOut[storage.index] = true }
    }
    var isOuter = [Bool](repeating: false, count: roots.count)
    for tensor in graph.tensorIDs where graph[tensor].role == .outer {
      for storage in storages(of: tensor) { isOuter[storage.index] = true }
    }
    let spaces = roots.indices.map { index -> MemorySpace in
      if graph[roots[index]].role.isResident { return .resident }
      if isOuter[index] { return .external }
      if model.io == .external, isLiveIn[index] || isLiveOut[index] { return .external }
      return .arena
    }
    // Which storages may end up with the bytes of a cell.
    var isBound = numbering.places.map { $0 != nil }

    var touches: [(row: UInt32, value: UInt32)] = []
    touches.reserveCapacity(graph.operandPool.count)
    var takeoverStart = [0]
    takeoverStart.reserveCapacity(graph.nodes.count + 1)
    var takeovers: [Takeover] = []
    // The first operand of a storage at the node at hand, and whether another one follows.
    var reader = [TensorID](repeating: .absent, count: roots.count)
    var isReadTwice = [Bool](repeating: false, count: roots.count)
    for node in graph.nodeIDs {
      func touch(_ tensor: TensorID) {
        guard !tensor.isAbsent else { return }
        for storage in storages(of: tensor) where spaces[storage.index] == .arena {
          touches.append((node.rawValue, storage.rawValue))
        }
      }
      for tensor in graph.inputs(of: node) { touch(tensor) }
      for tensor in graph.outputs(of: node) { touch(tensor) }
      let effects = graph.effects(of: node)
      guard effects.contains(where: { $0.kind == .mayOverwrite }) else {
        takeoverStart.append(takeovers.count)
        continue
      }
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        for storage in storages(of: tensor).map(\.index) {
          isReadTwice[storage] =
            !reader[storage].isAbsent && reader[storage] != tensor
            || isReadTwice[storage]
          reader[storage] = tensor
        }
      }
      for effect in effects
      where effect.kind == .mayOverwrite && effect.holds(in: model.inPlace) {
        let (outputTensor, inputTensor) = graph.operands(of: effect, at: node)
        guard let output = storages(of: outputTensor).first,
          let input = storages(of: inputTensor).first,
          storages(of: outputTensor).count == 1, storages(of: inputTensor).count == 1
        else { continue }
        let (made, read, whole) = (
          graph[outputTensor], graph[inputTensor], graph[root[inputTensor.index]]
        )
        guard output != input, root[outputTensor.index] == outputTensor,
          // What is written as a part of something is not written anew here, and no bytes are
          // bound to two places.
          numbering.origins[output.index] == outputTensor,
          numbering.places[output.index] == nil || !isBound[input.index],
          spaces[output.index] == .arena, spaces[input.index] == .arena,
          // Exactly as large, element by element: an operand that only rounds up to the size of
          // the output is broadcast, and read again after its bytes are overwritten.
          made.bytes == read.bytes, made.elementType.bits == read.elementType.bits,
          // A partial view's elements do not lie where the output's would, and a second view read
          // at the same time may be read after its bytes are overwritten.
          read.bytes == whole.bytes, !isReadTwice[input.index],
          !isLiveIn[input.index], !isLiveOut[input.index],
          // ONNX Runtime gives every graph output bytes of its own.
          model.inPlace != .ort || !isOutput[outputTensor.index]
        else { continue }
        takeovers.append(Takeover(output: output, input: input))
        if isBound[input.index] { isBound[output.index] = true }
      }
      takeoverStart.append(takeovers.count)
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        for storage in storages(of: tensor).map(\.index) {
          reader[storage] = .absent
          isReadTwice[storage] = false
        }
      }
    }
    let rows = CompressedRows(rows: graph.nodes.count, columns: roots.count, pairs: touches)
    let transposed = rows.transposed(columns: roots.count)

    storageOfTensor = graph.tensorIDs.map { storagePool[storageStart[$0.index]] }
    rootOfTensor = root
    self.storagePool = storagePool
    self.storageStart = storageStart
    self.roots = roots
    places = numbering.places
    self.bytes = bytes
    self.spaces = spaces
    self.isLiveIn = isLiveIn
    self.isLiveOut = isLiveOut
    touchedStart = rows.start
    touched = rows.values
    toucherStart = transposed.start
    touchers = transposed.values
    self.takeoverStart = takeoverStart
    self.takeovers = takeovers
    workspaces = graph.nodes.map { model.aligned($0.workspace) }
  }

  /// The storages that a tensor's bytes lie on, by ascending address: one, unless it has parts that
  /// are tensors, or is a part.
  public func storages(of tensor: TensorID) -> ArraySlice<StorageID> {
    storagePool[storageStart[tensor.index]..<storageStart[tensor.index + 1]]
  }

  /// Where in its root's bytes a storage starts: 0 but for some cells.
  public func offsetInRoot(of storage: StorageID) -> Int {
    guard let place = places[storage.index] else { return 0 }
    let first = storages(of: roots[storage.index]).first
    return place.offset - (first.flatMap { places[$0.index] }?.offset ?? place.offset)
  }

  /// The same storages where no cell takes over the bytes of anything: what it would take over need
  /// not lie in the cell's place then.
  public var withFreshCells: StorageMap {
    var result = self
    result.takeoverStart = [0]
    result.takeovers = []
    for node in 0..<takeoverStart.count - 1 {
      result.takeovers += takeovers[takeoverStart[node]..<takeoverStart[node + 1]].filter {
        places[$0.output.index] == nil
      }
      result.takeoverStart.append(result.takeovers.count)
    }
    return result
  }

  /// The number of nodes that touch an arena storage.
  public func toucherCount(of storage: StorageID) -> Int {
    toucherStart[storage.index + 1] - toucherStart[storage.index]
  }

  /// The bytes of all storages in a space, counted for the whole run.
  public func totalBytes(in space: MemorySpace) -> Int {
    var total = 0
    for index in roots.indices where spaces[index] == space { total += bytes[index] }
    return total
  }
}
