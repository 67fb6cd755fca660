// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What each node of a graph reads or makes, by unit, each unit once.
struct TouchedUnits {
  private var start: [Int] = [0]
  private var units: [Int] = []

  /// A node's units, in the order of its operands and results.
  subscript(node: NodeID) -> ArraySlice<Int> { units[start[node.index]..<start[node.index + 1]] }

  init() {}

  /// - Parameters:
  ///   - family: For each tensor the one that it is a view or a demanded update of.
  ///   - slices: The units of families that hang together.
  /// - Complexity: O(operands + units).
  init(of graph: Graph, family: [Int], slices: SliceUnits) {
    start.reserveCapacity(graph.nodes.count + 1)
    var toucher = [Int32](repeating: -1, count: slices.base + slices.units.count)
    for node in graph.nodeIDs {
      for operands in [graph.inputs(of: node), graph.outputs(of: node)] {
        for tensor in operands where !tensor.isAbsent {
          let root = family[tensor.index]
          if let several = slices.ofFamily.isEmpty ? nil : slices.ofFamily[root] {
            for unit in several where toucher[unit] != node.index {
              toucher[unit] = Int32(node.index)
              units.append(unit)
            }
          } else if toucher[root] != node.index {
            toucher[root] = Int32(node.index)
            units.append(root)
          }
        }
      }
      start.append(units.count)
    }
  }
}

extension PlanChecker {
  mutating func collectTouched() {
    touched = TouchedUnits(of: graph, family: family, slices: slices)
  }
}
