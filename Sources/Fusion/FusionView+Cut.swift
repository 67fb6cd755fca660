// SPDX-License-Identifier: Apache-2.0

import GraphIR

extension FusionView {
  /// A tensor cut into equal parts along its last axis.
  struct Cut: Hashable {
    /// What is cut.
    let input: TensorID
    /// The parts, in order.
    let parts: [TensorID]
    /// The nodes that cut.
    let nodes: [NodeID]
  }

  /// The cut that a Split, or one of several Slices, is a part of.
  ///
  /// The bounds of Slices may be computed (`chunk` in PyTorch's older exporter): the first starts at
  /// the constant 0, each further one at the very tensor at which the one before ends.
  func cut(at node: NodeID) -> Cut? {
    guard let input = operand(0, of: node), let width = width(of: input) else { return nil }
    if roles[node.index] == .split {
      let parts = Array(graph.outputs(of: node))
      let axis = integer("axis", of: node)
      let rank = graph.shape(of: input).count
      guard parts.count > 1, axis == -1 || axis == rank - 1, parts.allSatisfy({ !$0.isAbsent })
      else { return nil }
      return Cut(input: input, parts: parts, nodes: [node])
    }
    let slices = readers(of: input).filter { reader in
      roles[reader.index] == .slice && operand(0, of: reader) == input
        && operand(4, of: reader) == nil
        && result(of: reader).map { isPart($0, of: input) } ?? false
    }
    guard slices.contains(node), slices.count > 1,
      let first = slices.first(where: { operand(1, of: $0).flatMap(scalar) == 0 })
    else { return nil }
    var ordered = [first]
    while ordered.count < slices.count {
      guard let end = operand(2, of: ordered[ordered.count - 1]),
        let next = slices.first(where: { !ordered.contains($0) && startsAt(end, $0) })
      else { return nil }
      ordered.append(next)
    }
    let parts = ordered.compactMap { result(of: $0) }
    guard parts.reduce(0, { $0 + (self.width(of: $1) ?? 0) }) == width else { return nil }
    return Cut(input: input, parts: parts, nodes: ordered)
  }

  private func startsAt(_ end: TensorID, _ slice: NodeID) -> Bool {
    guard let start = operand(1, of: slice) else { return false }
    if start == end { return true }
    guard let a = scalar(start), let b = scalar(end) else { return false }
    return a == b
  }

  /// Whether a tensor has all axes of another but fewer elements along the last.
  private func isPart(_ part: TensorID, of whole: TensorID) -> Bool {
    let (a, b) = (graph.shape(of: part), graph.shape(of: whole))
    return a.count == b.count && a.dropLast() == b.dropLast() && (a.last ?? 0) < (b.last ?? 0)
  }
}
