// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Blocks that are to become one, and what is needed for it.
struct FusionGroup {
  /// The blocks by number, in order.
  let members: [Int]
  /// Whether they follow each other, so that fusing them is an approximation.
  let isSequential: Bool
}

extension FusionAnalysis {
  /// Why two blocks cannot become one.
  func difference(_ a: Int, _ b: Int) -> FusionRefusal? {
    let (first, second) = (blocks[a], blocks[b])
    func different(_ what: String) -> FusionRefusal {
      .different(what, between: "block \(a)", and: "block \(b)")
    }
    if first.down.outputWidth != second.down.outputWidth { return different("widths") }
    if first.expression.terms != second.expression.terms { return different("activations") }
    let graph = view.graph
    let types = [first, second].map { block in
      (block.up + [block.down]).map { graph[$0.weight.tensor].elementType }
    }
    if types[0] != types[1] || Set(types[0]).count > 1 { return different("element types") }
    if first.norm.kind != second.norm.kind || first.norm.terms != second.norm.terms {
      return different("norms")
    }
    let gemms = [first, second].map { block in
      (block.up + [block.down]).contains { view.role(of: $0.node) == .fusedGemm }
    }
    if gemms.contains(true), foldsNorms([a, b]), graph.shape(of: first.input).count != 2 {
      return .unsupported("FusedGemm behind norms of different scales")
    }
    return nil
  }

  /// Whether the norms of blocks differ in their scales or biases, which then go into the matrices.
  func foldsNorms(_ members: [Int]) -> Bool {
    let first = blocks[members[0]].norm
    return members.contains {
      blocks[$0].norm.scale != first.scale || blocks[$0].norm.bias != first.bias
    }
  }

  /// The exact fusions: blocks of one input and one sum, of one kind each.
  func parallelGroups() -> (groups: [FusionGroup], refusals: [FusionRefusal]) {
    var groups: [FusionGroup] = []
    var refusals: [FusionRefusal] = []
    for members in parallel {
      var open = members.filter { member in
        let found = self.refusals(ofBlock: member)
        refusals += found
        return found.isEmpty
      }
      while let first = open.first {
        let group = open.filter { $0 == first || difference(first, $0) == nil }
        if group.count > 1 {
          groups.append(FusionGroup(members: group, isSequential: false))
        } else if let other = open.first(where: { $0 != first }),
          let reason = difference(first, other)
        {
          refusals.append(reason)
        }
        open.removeAll { group.contains($0) }
      }
    }
    return (groups, refusals)
  }

  /// The fusion of a run, whose last block stays as it is.
  ///
  /// - Returns: The parts of the run that can become one, in order, and why there are several or none.
  func sequentialGroups(
    of run: Range<Int>
  ) -> (groups: [FusionGroup], refusals: [FusionRefusal]) {
    var groups: [FusionGroup] = []
    var refusals: [FusionRefusal] = []
    var members: [Int] = []
    func close() {
      if members.count > 1 { groups.append(FusionGroup(members: members, isSequential: true)) }
      members = []
    }
    for index in run.dropLast() {
      let found = self.refusals(ofBlock: index)
      if !found.isEmpty {
        refusals += found
        close()
        continue
      }
      if let first = members.first, let reason = difference(first, index) {
        refusals.append(reason)
        close()
      }
      if let last = members.last, let outside = streamReadOutside(between: last, and: index) {
        refusals.append(.usedOutside(tensor: view.graph.name(of: outside)))
        close()
      }
      members.append(index)
    }
    close()
    return (groups, refusals)
  }

  /// The stream between two blocks, if more than the second reads it.
  private func streamReadOutside(between a: Int, and b: Int) -> TensorID? {
    guard let stream = blocks[a].result else { return nil }
    let next = blocks[b]
    let inside = Set(next.nodes + next.norm.nodes + [next.sum.root] + next.sum.inner)
    if view.isOutput[stream.index] { return stream }
    let isInside = view.readers(of: stream).allSatisfy { reader in
      inside.contains(reader)
        || view.result(of: reader).map {
          view.canonical[$0.index] == view.canonical[stream.index]
        } ?? false
    }
    return isInside ? nil : stream
  }
}
