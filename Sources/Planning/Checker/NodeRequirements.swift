// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Which nodes a node needs before it, as the checker derives it: by data, by control dependencies,
/// and around demanded updates, where every toucher of the family keeps its side of each writer.
struct NodeRequirements {
  private var needed: [[Int32]]
  private var using: [[Int32]]

  /// - Parameter family: For each tensor the one that it is a view or a demanded update of.
  /// - Complexity: O(operands).
  init(of graph: Graph, family: [Int]) {
    let count = graph.nodes.count
    needed = [[Int32]](repeating: [], count: count)
    using = needed
    for node in graph.nodeIDs {
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        if let producer = graph[tensor].producer { add(producer.index, before: node.index) }
      }
    }
    for dependency in graph.controlDependencies {
      add(dependency.before.index, before: dependency.after.index)
    }
    var isWritten = [Bool](repeating: false, count: family.count)
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        isWritten[family[graph.operands(of: effect, at: node).output.index]] = true
      }
    }
    guard isWritten.contains(true) else { return }
    // Per written family, in file order: its last writer, and who touched it since.
    var writer = [Int?](repeating: nil, count: family.count)
    var since = [[Int]](repeating: [], count: family.count)
    for node in graph.nodeIDs {
      var touched: [Int] = []
      for operands in [graph.inputs(of: node), graph.outputs(of: node)] {
        for tensor in operands where !tensor.isAbsent && isWritten[family[tensor.index]] {
          if !touched.contains(family[tensor.index]) { touched.append(family[tensor.index]) }
        }
      }
      guard !touched.isEmpty else { continue }
      let written = Set(
        graph.effects(of: node).filter { $0.kind == .mustOverwrite }
          .map { family[graph.operands(of: $0, at: node).output.index] })
      for root in touched {
        if let last = writer[root] { add(last, before: node.index) }
        if written.contains(root) {
          for other in since[root] { add(other, before: node.index) }
          since[root] = []
          writer[root] = node.index
        } else {
          since[root].append(node.index)
        }
      }
    }
  }

  private mutating func add(_ before: Int, before after: Int) {
    needed[after].append(Int32(before))
    using[before].append(Int32(after))
  }

  /// The nodes that must run before a node; some may be listed more than once.
  func needs(_ node: Int) -> [Int32] { needed[node] }

  /// The nodes that must run after a node; some may be listed more than once.
  func users(_ node: Int) -> [Int32] { using[node] }

  /// The nodes that run before `start` in every order, or after it; itself included.
  func reachable(from start: Int, upstream: Bool) -> [Bool] {
    var isReached = [Bool](repeating: false, count: needed.count)
    isReached[start] = true
    var open = [start]
    while let node = open.popLast() {
      for other in upstream ? needed[node] : using[node] where !isReached[Int(other)] {
        isReached[Int(other)] = true
        open.append(Int(other))
      }
    }
    return isReached
  }
}
