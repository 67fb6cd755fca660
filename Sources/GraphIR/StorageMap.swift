// SPDX-License-Identifier: Apache-2.0

/// Which tensors are certain to share bytes, whatever the order, and who touches each storage.
///
/// A storage is one tensor with bytes of its own, its root, and every tensor that is a view or a new
/// version of it. Takeovers that depend on the order (``Effect/Kind/mayOverwrite``) are not merged:
/// they are listed per node and decided step by step by ``LivenessSimulator``.
public struct StorageMap: Sendable {
  /// The rules that were applied.
  public let model: MemoryModel
  /// The storage of each tensor.
  public let storageOfTensor: [StorageID]
  /// The tensor with bytes of its own, by storage. Storages are numbered by ascending root.
  public let roots: [TensorID]
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
  public let takeoverStart: [Int]
  /// The takeovers that a node may make if the input's storage dies there.
  public let takeovers: [Takeover]
  /// Scratch bytes of each node, rounded up to the alignment.
  public let workspaces: [Int]

  /// A fresh arena storage of a node's output that may use the bytes of a storage it reads.
  public struct Takeover: Hashable, Sendable {
    /// The storage that the node makes.
    public let output: StorageID
    /// The storage that may end there; of the same size, no graph input or output.
    public let input: StorageID
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
        case .mayOverwrite: continue
        }
      }
    }

    var storageOfRoot = [StorageID?](repeating: nil, count: graph.tensors.count)
    var roots: [TensorID] = []
    for tensor in graph.tensorIDs where root[tensor.index] == tensor {
      storageOfRoot[tensor.index] = StorageID(roots.count)
      roots.append(tensor)
    }
    let storageOfTensor = root.map { root in
      storageOfRoot[root.index] ?? { preconditionFailure("a root has a storage") }()
    }
    let bytes = roots.map { model.aligned(graph[$0].bytes) }

    var isLiveIn = [Bool](repeating: false, count: roots.count)
    for tensor in graph.inputs { isLiveIn[storageOfTensor[tensor.index].index] = true }
    var isLiveOut = [Bool](repeating: false, count: roots.count)
    for tensor in graph.outputs { isLiveOut[storageOfTensor[tensor.index].index] = true }
    let spaces = roots.indices.map { index -> MemorySpace in
      if graph[roots[index]].role.isResident { return .resident }
      if model.io == .external, isLiveIn[index] || isLiveOut[index] { return .external }
      return .arena
    }

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
        let storage = storageOfTensor[tensor.index]
        if spaces[storage.index] == .arena { touches.append((node.rawValue, storage.rawValue)) }
      }
      for tensor in graph.inputs(of: node) { touch(tensor) }
      for tensor in graph.outputs(of: node) { touch(tensor) }
      let effects = graph.effects(of: node)
      guard effects.contains(where: { $0.kind == .mayOverwrite }) else {
        takeoverStart.append(takeovers.count)
        continue
      }
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        let storage = storageOfTensor[tensor.index].index
        isReadTwice[storage] =
          !reader[storage].isAbsent && reader[storage] != tensor
          || isReadTwice[storage]
        reader[storage] = tensor
      }
      for effect in effects
      where effect.kind == .mayOverwrite && effect.holds(in: model.inPlace) {
        let (outputTensor, inputTensor) = graph.operands(of: effect, at: node)
        let (output, input) = (
          storageOfTensor[outputTensor.index], storageOfTensor[inputTensor.index]
        )
        let (made, read, root) = (
          graph[outputTensor], graph[inputTensor], graph[roots[input.index]]
        )
        guard output != input, roots[output.index] == outputTensor,
          spaces[output.index] == .arena, spaces[input.index] == .arena,
          // Exactly as large, element by element: an operand that only rounds up to the size of
          // the output is broadcast, and read again after its bytes are overwritten.
          made.bytes == read.bytes, made.elementType.bits == read.elementType.bits,
          // A partial view's elements do not lie where the output's would, and a second view read
          // at the same time may be read after its bytes are overwritten.
          read.bytes == root.bytes, !isReadTwice[input.index],
          !isLiveIn[input.index], !isLiveOut[input.index],
          // ONNX Runtime gives every graph output bytes of its own.
          model.inPlace != .ort || !isOutput[outputTensor.index]
        else { continue }
        takeovers.append(Takeover(output: output, input: input))
      }
      takeoverStart.append(takeovers.count)
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        let storage = storageOfTensor[tensor.index].index
        reader[storage] = .absent
        isReadTwice[storage] = false
      }
    }
    let rows = CompressedRows(rows: graph.nodes.count, columns: roots.count, pairs: touches)
    let transposed = rows.transposed(columns: roots.count)

    self.storageOfTensor = storageOfTensor
    self.roots = roots
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
