// SPDX-License-Identifier: Apache-2.0

/// Which node must run before which, as compressed rows in both directions.
///
/// Three kinds of edge, each pair listed once, rows ascending: data (a node uses what another
/// makes), control, and anti-dependence: around a node that overwrites a storage in place
/// (``Effect/Kind/mustOverwrite``) every toucher of that storage keeps its side in file order, so
/// that a reader of the old version never sees the new one.
public struct Dependencies: Sendable {
  /// Where each node's predecessors start in ``predecessors``; one more entry than nodes.
  public let predecessorStart: [Int]
  /// The nodes that must run before, row by row.
  public let predecessors: [UInt32]
  /// Where each node's successors start in ``successors``; one more entry than nodes.
  public let successorStart: [Int]
  /// The nodes that must run after, row by row.
  public let successors: [UInt32]

  /// Collects the dependencies of a valid graph.
  ///
  /// - Complexity: O(nodes + tensors + operands + effects).
  public init(of graph: Graph) {
    var edges: [(row: UInt32, value: UInt32)] = []
    edges.reserveCapacity(graph.operandPool.count)
    for node in graph.nodeIDs {
      for input in graph.inputs(of: node) where !input.isAbsent {
        if let producer = graph[input].producer {
          edges.append((node.rawValue, producer.rawValue))
        }
      }
    }
    for dependency in graph.controlDependencies {
      edges.append((dependency.after.rawValue, dependency.before.rawValue))
    }
    edges += Self.antiDependencies(of: graph)
    let count = graph.nodes.count
    let rows = CompressedRows(rows: count, columns: count, pairs: edges)
    predecessorStart = rows.start
    predecessors = rows.values
    let columns = rows.transposed(columns: count)
    successorStart = columns.start
    successors = columns.values
  }

  /// The nodes that must run before `node`, ascending.
  public func predecessors(of node: NodeID) -> ArraySlice<UInt32> {
    predecessors[predecessorStart[node.index]..<predecessorStart[node.index + 1]]
  }

  /// The nodes that must run after `node`, ascending.
  public func successors(of node: NodeID) -> ArraySlice<UInt32> {
    successors[successorStart[node.index]..<successorStart[node.index + 1]]
  }

  /// What keeps an update behind everyone who touched its storage since the update before.
  ///
  /// What comes after an update needs no such edge: it reads what the update made, or a view of it,
  /// since a valid graph reads no old version. Optional views count as views whatever the mode, so
  /// that one set of rows serves all modes.
  static func antiDependencies(of graph: Graph) -> [(row: UInt32, value: UInt32)] {
    var edges: [(row: UInt32, value: UInt32)] = []
    guard graph.effectPool.contains(where: { $0.kind == .mustOverwrite }) else { return edges }
    let none = UInt32.max
    var root = Array(graph.tensorIDs)
    var isWritten = [Bool](repeating: false, count: graph.tensors.count)
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind.isView {
        let (output, input) = graph.operands(of: effect, at: node)
        root[output.index] = root[input.index]
        if effect.kind == .mustOverwrite { isWritten[root[input.index].index] = true }
      }
    }
    // By written storage, walking the file: its last writer, and who touched it since, as a list
    // from the latest back.
    var lastWriter = [UInt32](repeating: none, count: graph.tensors.count)
    var latestReader = [UInt32](repeating: none, count: graph.tensors.count)
    var readers: [(node: UInt32, previous: UInt32)] = []
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        let storage = root[graph.operands(of: effect, at: node).input.index].index
        if lastWriter[storage] == node.rawValue { continue }
        var reader = latestReader[storage]
        while reader != none {
          edges.append((node.rawValue, readers[Int(reader)].node))
          reader = readers[Int(reader)].previous
        }
        latestReader[storage] = none
        lastWriter[storage] = node.rawValue
      }
      for operand in graph.inputs(of: node) where !operand.isAbsent {
        let storage = root[operand.index].index
        guard isWritten[storage], lastWriter[storage] != node.rawValue else { continue }
        readers.append((node.rawValue, latestReader[storage]))
        latestReader[storage] = UInt32(readers.count - 1)
      }
    }
    return edges
  }
}
