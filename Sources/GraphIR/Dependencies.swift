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
  /// - Complexity: O(operands + dependencies · log of the longest row).
  public init(of graph: Graph) {
    var edges: [(before: UInt32, after: UInt32)] = []
    edges.reserveCapacity(graph.operandPool.count)
    for node in graph.nodeIDs {
      for input in graph.inputs(of: node) where !input.isAbsent {
        if let producer = graph[input].producer {
          edges.append((producer.rawValue, node.rawValue))
        }
      }
    }
    for dependency in graph.controlDependencies {
      edges.append((dependency.before.rawValue, dependency.after.rawValue))
    }
    Self.addAntiDependencies(of: graph, to: &edges)

    let rows = CompressedRows(
      count: graph.nodes.count, pairs: edges.map { (row: $0.after, value: $0.before) })
    predecessorStart = rows.start
    predecessors = rows.values
    let columns = CompressedRows(
      count: graph.nodes.count, pairs: edges.map { (row: $0.before, value: $0.after) })
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

  /// Keeps file order between the writers of a storage and all who touch it.
  private static func addAntiDependencies(
    of graph: Graph, to edges: inout [(before: UInt32, after: UInt32)]
  ) {
    var root = Array(graph.tensorIDs)
    var isWritten = [Bool](repeating: false, count: graph.tensors.count)
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) {
        let (output, input) = graph.operands(of: effect, at: node)
        switch effect.kind {
        case .alias, .mayAlias: root[output.index] = root[input.index]
        case .mustOverwrite:
          root[output.index] = root[input.index]
          isWritten[root[input.index].index] = true
        case .mayOverwrite: continue
        }
      }
    }
    // Per written storage, walking the file: the last writer and who touched it since.
    var lastWriter = [UInt32?](repeating: nil, count: graph.tensors.count)
    var readers = [Int: [UInt32]]()
    for node in graph.nodeIDs {
      var writes: [Int] = []
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        writes.append(root[graph.operands(of: effect, at: node).input.index].index)
      }
      for operand in graph.inputs(of: node) where !operand.isAbsent {
        let storage = root[operand.index].index
        guard isWritten[storage] else { continue }
        if let writer = lastWriter[storage] { edges.append((writer, node.rawValue)) }
        if !writes.contains(storage) { readers[storage, default: []].append(node.rawValue) }
      }
      for storage in writes {
        for reader in readers[storage] ?? [] where reader != node.rawValue {
          edges.append((reader, node.rawValue))
        }
        readers[storage] = nil
        lastWriter[storage] = node.rawValue
      }
    }
  }
}

/// Pairs grouped by row: counting sort by row, each row sorted, repetitions dropped.
struct CompressedRows {
  var start: [Int]
  var values: [UInt32]

  init(count: Int, pairs: [(row: UInt32, value: UInt32)]) {
    var next = [Int](repeating: 0, count: count + 1)
    for pair in pairs { next[Int(pair.row) + 1] += 1 }
    for row in 0..<count { next[row + 1] += next[row] }
    let bounds = next
    var sorted = [UInt32](repeating: 0, count: pairs.count)
    for pair in pairs {
      sorted[next[Int(pair.row)]] = pair.value
      next[Int(pair.row)] += 1
    }
    start = [0]
    start.reserveCapacity(count + 1)
    values = []
    values.reserveCapacity(pairs.count)
    for row in 0..<count {
      let range = bounds[row]..<bounds[row + 1]
      sorted[range].sort()
      var last: UInt32?
      for index in range where sorted[index] != last {
        last = sorted[index]
        values.append(sorted[index])
      }
      start.append(values.count)
    }
  }
}
