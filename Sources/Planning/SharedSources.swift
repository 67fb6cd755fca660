// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Ordering

/// For each tensor that shares bytes, the one it views, overwrites or is a part of.
struct SharedSources {
  /// The tensor that each views.
  private(set) var viewed: [TensorID?]
  /// The tensor that each overwrites.
  private(set) var overwritten: [TensorID?]
  /// The tensor that each is a part of.
  private(set) var sliced: [TensorID?]
  /// The number of the storage, by root.
  private(set) var number: [Int]
  private let map: StorageMap
  private let graph: Graph

  /// - Parameter carriers: The storage whose bytes each storage uses.
  /// - Complexity: O(graph).
  init(of problem: SchedulingProblem, carriers: [StorageID]) {
    let graph = problem.graph
    let map = problem.storages
    self.map = map
    self.graph = graph
    viewed = [TensorID?](repeating: nil, count: graph.tensors.count)
    overwritten = viewed
    sliced = viewed
    // Several tensors may start on one cell: only the smallest is numbered by it.
    number = graph.tensorIDs.map { tensor in
      let first = map.storageOfTensor[tensor.index].index
      return map.places[first] == nil
        || map.roots[first] == tensor
          && map.storages(of: tensor).count == 1
        ? first : map.roots.count + tensor.index
    }
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) {
        let (output, input) = graph.operands(of: effect, at: node)
        let (made, source) = (map.rootOfTensor[output.index], map.rootOfTensor[input.index])
        switch effect.kind {
        case .mayHold:
          if sliced[input.index] == nil, isPart(input, of: output, at: effect.offset) {
            sliced[input.index] = output
          }
        case .maySlice:
          if isPart(output, of: input, at: effect.offset) { sliced[output.index] = input }
        case .mustOverwrite: overwritten[output.index] = input
        case .alias: viewed[output.index] = input
        case .mayAlias:
          if effect.holds(in: map.model.inPlace), made == source { viewed[output.index] = input }
        case .mayOverwrite:
          guard effect.holds(in: map.model.inPlace), made == output,
            overwritten[output.index] == nil,
            takesOver(output, input, carriers)
          else { continue }
          overwritten[output.index] = input
          number[output.index] = number[source.index]
        }
      }
    }
  }

  /// Whether a tensor uses the bytes that another had, of one storage each.
  private func takesOver(_ output: TensorID, _ input: TensorID, _ carriers: [StorageID]) -> Bool {
    let (made, read) = (map.storages(of: output), map.storages(of: input))
    guard made.count == 1, read.count == 1, let made = made.first, let read = read.first else {
      return false
    }
    return carriers[made.index] != made && carriers[made.index] == carriers[read.index]
  }

  /// Whether a tensor lies in another, so many bytes from its start.
  private func isPart(_ part: TensorID, of whole: TensorID, at offset: Int) -> Bool {
    func isAllOfItsRoot(_ tensor: TensorID) -> Bool {
      graph[tensor].bytes == graph[map.rootOfTensor[tensor.index]].bytes
    }
    guard isAllOfItsRoot(part), isAllOfItsRoot(whole),
      let place = map.places[map.storageOfTensor[part.index].index],
      let base = map.places[map.storageOfTensor[whole.index].index]
    else { return false }
    return place.family == base.family && place.offset == base.offset + offset
      && map.rootOfTensor[part.index] != map.rootOfTensor[whole.index]
  }
}
