// SPDX-License-Identifier: Apache-2.0

/// The network whose least cut is the least that is live while an operator runs: see ``CutBound``.
struct CutProblem {
  /// The network.
  var network: FlowNetwork
  /// The bytes that are live whatever the cut.
  let base: Int
  /// The vertex of each operator, or -1 for those whose side is known.
  private let vertex: [Int]
  private let sides: [Side]

  /// Where an operator is: before the one that is looked at in every order, or after, or either.
  private enum Side { case open, before, after, running }

  /// Builds the network.
  ///
  /// - Complexity: O(operators + touches + dependencies).
  init(at operation: Int, in model: OrderModel) {
    let sides = Self.sides(of: operation, in: model)
    var network = FlowNetwork()
    var vertex = [Int](repeating: -1, count: model.count)
    for other in 0..<model.count where sides[other] == .open {
      vertex[other] = network.addVertices(1)
    }
    for other in 0..<model.count where sides[other] == .open {
      for index in model.predecessors[other] {
        let predecessor = Int(model.predecessors.values[index])
        guard sides[predecessor] == .open else { continue }
        network.addEdge(
          from: vertex[other], to: vertex[predecessor], capacity: FlowNetwork.unlimited)
      }
    }
    var base = model.permanentBytes + model.workspaces[operation]
    var isRunning = [Bool](repeating: false, count: model.storageCount)
    for index in model.touched[operation] { isRunning[Int(model.touched.values[index])] = true }
    for storage in 0..<model.storageCount {
      let bytes = model.bytes[storage]
      if isRunning[storage] {
        base += bytes
        continue
      }
      var isInside = model.isLiveIn[storage]
      var isOutside = model.isLiveOut[storage]
      var free: [Int] = []
      for index in model.touchers[storage] {
        let toucher = Int(model.touchers.values[index])
        switch sides[toucher] {
        case .before: isInside = true
        case .after: isOutside = true
        case .open: free.append(vertex[toucher])
        case .running: break
        }
      }
      if isInside, isOutside {
        base += bytes
      } else {
        network.addStorage(bytes, isInside: isInside, isOutside: isOutside, open: free)
      }
    }
    let candidates = CutBound.takeovers(at: operation, in: model) { sides[$0] == .after }
    base -= model.savedBytes(at: operation) { input in
      candidates.contains { Int($0.input) == input }
    }
    if candidates.count == 1, let only = candidates.first {
      let gate = network.addVertices(1)
      network.addEdge(
        from: FlowNetwork.source, to: gate, capacity: model.bytes[Int(only.output)])
      for index in model.touchers[Int(only.input)] {
        let toucher = Int(model.touchers.values[index])
        guard sides[toucher] == .open else { continue }
        network.addEdge(from: gate, to: vertex[toucher], capacity: FlowNetwork.unlimited)
      }
    }
    self.network = network
    self.base = base
    self.vertex = vertex
    self.sides = sides
  }

  /// The operators that ran in a least cut, once the network has its flow.
  var downset: [Bool] {
    let sourceSide = network.sourceSide
    return sides.indices.map {
      sides[$0] == .before || sides[$0] == .open && sourceSide[vertex[$0]]
    }
  }

  private static func sides(of operation: Int, in model: OrderModel) -> [Side] {
    var sides = [Side](repeating: .open, count: model.count)
    sides[operation] = .running
    func spread(_ side: Side, along rows: Rows) {
      var queue = [operation]
      while let next = queue.popLast() {
        for index in rows[next] {
          let other = Int(rows.values[index])
          guard sides[other] == .open else { continue }
          sides[other] = side
          queue.append(other)
        }
      }
    }
    spread(.before, along: model.predecessors)
    spread(.after, along: model.successors)
    return sides
  }
}

extension FlowNetwork {
  /// Adds a storage: a cut costs its bytes if something is on the source's side that touches it and
  /// something on the sink's.
  ///
  /// - Parameters:
  ///   - isInside: Whether something that touches it is on the source's side in any case.
  ///   - isOutside: Whether something is on the sink's side in any case; not both.
  ///   - open: The vertices of the others that touch it.
  mutating func addStorage(_ bytes: Int, isInside: Bool, isOutside: Bool, open: [Int]) {
    if isInside, !open.isEmpty {
      let gate = addVertices(1)
      addEdge(from: Self.source, to: gate, capacity: bytes)
      for user in open { addEdge(from: gate, to: user, capacity: Self.unlimited) }
    } else if isOutside, !open.isEmpty {
      let gate = addVertices(1)
      addEdge(from: gate, to: Self.sink, capacity: bytes)
      for user in open { addEdge(from: user, to: gate, capacity: Self.unlimited) }
    } else if open.count > 1 {
      let gate = addVertices(2)
      addEdge(from: gate, to: gate + 1, capacity: bytes)
      for user in open {
        addEdge(from: user, to: gate, capacity: Self.unlimited)
        addEdge(from: gate + 1, to: user, capacity: Self.unlimited)
      }
    }
  }
}
