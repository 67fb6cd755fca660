// SPDX-License-Identifier: Apache-2.0

/// The least that is live while an operator runs, over all sets of operators that may have run.
///
/// What is live is a submodular function of the set of operators that ran, so its least value over
/// all sets with the operator's ancestors inside and its descendants outside is one least cut: an
/// operator on the source's side ran; a storage costs its bytes if something on the source's side
/// touches it and something on the other does; a set without a predecessor of a member is cut off by
/// an unlimited edge. No order does better at that operator, so none has a lower peak.
///
/// A takeover of the one candidate that can die costs its bytes if another toucher of the candidate
/// did not run. With several candidates the saving is taken for granted.
struct CutBound {
  /// The least bytes live while the operator runs.
  let bytes: Int
  /// The operators that ran, for one set that has it: closed under predecessors, without the
  /// operator itself.
  let downset: [Bool]

  private enum Side { case open, before, after, running }

  /// Edges of the network that were looked at.
  let visits: Int

  /// Finds the least cut at an operator.
  ///
  /// - Parameters:
  ///   - visitLimit: How many edges to look at before giving up; the result is then `nil`.
  ///   - deadline: When to give up in any case.
  /// - Complexity: one least cut in a network of O(operators + touches + dependencies).
  init?(
    at operation: Int, in model: OrderModel, visitLimit: Int = .max,
    deadline: Deadline = .never
  ) {
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
      } else if isInside, !free.isEmpty {
        let gate = network.addVertices(1)
        network.addEdge(from: FlowNetwork.source, to: gate, capacity: bytes)
        for user in free {
          network.addEdge(from: gate, to: user, capacity: FlowNetwork.unlimited)
        }
      } else if isOutside, !free.isEmpty {
        let gate = network.addVertices(1)
        network.addEdge(from: gate, to: FlowNetwork.sink, capacity: bytes)
        for user in free {
          network.addEdge(from: user, to: gate, capacity: FlowNetwork.unlimited)
        }
      } else if free.count > 1 {
        let gate = network.addVertices(2)
        network.addEdge(from: gate, to: gate + 1, capacity: bytes)
        for user in free {
          network.addEdge(from: user, to: gate, capacity: FlowNetwork.unlimited)
          network.addEdge(from: gate + 1, to: user, capacity: FlowNetwork.unlimited)
        }
      }
    }
    let candidates = Self.takeovers(at: operation, in: model) { sides[$0] == .after }
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
    guard let cut = network.leastCut(visitLimit: visitLimit, deadline: deadline)
    else { return nil }
    bytes = base + cut
    visits = network.visits
    let sourceSide = network.sourceSide
    downset = (0..<model.count).map {
      sides[$0] == .before || sides[$0] == .open && sourceSide[vertex[$0]]
    }
  }

  /// The takeovers of an operator that some order may let hold.
  ///
  /// - Parameter isAfter: Whether an operator comes after this one in every order.
  static func takeovers(
    at operation: Int, in model: OrderModel, isAfter: (Int) -> Bool
  ) -> [OrderModel.Takeover] {
    model.takeovers[model.takeoverStart[operation]..<model.takeoverStart[operation + 1]].filter {
      model.touchers[Int($0.input)].allSatisfy { !isAfter(Int(model.touchers.values[$0])) }
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
