// SPDX-License-Identifier: Apache-2.0

/// A network with capacities, and the least cut between its first two vertices.
///
/// Source: E. A. Dinic, "Algorithm for solution of a problem of maximum flow in networks with power
/// estimation" (1970).
struct FlowNetwork {
  /// Where flow comes from.
  static let source = 0
  /// Where flow goes to.
  static let sink = 1
  /// A capacity that no cut of finite value crosses. Sums of a few stay below `Int.max`.
  static let unlimited = 1 << 62

  private var heads: [Int32] = []
  private var capacities: [Int] = []
  private var tails: [Int32] = []
  private var start: [Int32] = []
  private var edges: [Int32] = []
  private var level: [Int32]
  private var next: [Int32] = []
  private(set) var vertexCount = 2

  init() { level = [] }

  /// Adds vertices and returns the first.
  mutating func addVertices(_ count: Int) -> Int {
    defer { vertexCount += count }
    return vertexCount
  }

  /// Adds an edge; the reverse one has no capacity.
  mutating func addEdge(from tail: Int, to head: Int, capacity: Int) {
    tails.append(Int32(tail))
    heads.append(Int32(head))
    capacities.append(capacity)
    tails.append(Int32(head))
    heads.append(Int32(tail))
    capacities.append(0)
  }

  /// Edges looked at so far, the measure of work.
  private(set) var visits = 0

  /// The value of the least cut.
  ///
  /// - Parameters:
  ///   - visitLimit: How many edges to look at before giving up.
  ///   - deadline: When to give up in any case.
  /// - Returns: The value, or `nil` where a limit came first.
  /// - Complexity: O(vertices² · edges) at worst; near-linear on most networks of scheduling.
  mutating func leastCut(visitLimit: Int = .max, deadline: Deadline) -> Int? {
    index()
    var flow = 0
    while layer() {
      next = Array(start.dropLast())
      // Stretch by stretch, so that the clock is not asked at every edge.
      var walk = Walk()
      while !walk.isDone {
        let stretch = min(visitLimit, visits + Self.stretch)
        flow += block(&walk, visitLimit: stretch)
        if visits > visitLimit || deadline.isOver { return nil }
      }
    }
    return flow
  }

  /// The edges looked at between two looks at the clock.
  private static let stretch = 1 << 18

  /// A walk from the source that may be interrupted.
  private struct Walk {
    var path: [Int32] = []
    var vertex = FlowNetwork.source
    var isDone = false
  }

  /// The vertices on the source's side of the least cut that has the fewest there.
  ///
  /// - Precondition: ``leastCut(visitLimit:)`` returned a value.
  var sourceSide: [Bool] { level.map { $0 >= 0 } }

  private mutating func index() {
    start = [Int32](repeating: 0, count: vertexCount + 1)
    for tail in tails { start[Int(tail) + 1] += 1 }
    for vertex in 0..<vertexCount { start[vertex + 1] += start[vertex] }
    var fill = start
    edges = [Int32](repeating: 0, count: tails.count)
    for edge in tails.indices {
      edges[Int(fill[Int(tails[edge])])] = Int32(edge)
      fill[Int(tails[edge])] += 1
    }
  }

  /// Numbers the vertices by distance from the source; whether the sink is reached.
  private mutating func layer() -> Bool {
    level = [Int32](repeating: -1, count: vertexCount)
    level[Self.source] = 0
    var queue: [Int32] = [Int32(Self.source)]
    var first = 0
    while first < queue.count {
      let vertex = Int(queue[first])
      first += 1
      visits += Int(start[vertex + 1] - start[vertex])
      for index in start[vertex]..<start[vertex + 1] {
        let edge = Int(edges[Int(index)])
        let head = Int(heads[edge])
        guard capacities[edge] > 0, level[head] < 0 else { continue }
        level[head] = level[vertex] + 1
        queue.append(Int32(head))
      }
    }
    return level[Self.sink] >= 0
  }

  /// Saturates shortest paths, by a walk that backs up instead of calling itself.
  private mutating func block(_ walk: inout Walk, visitLimit: Int) -> Int {
    var total = 0
    var path = walk.path
    var vertex = walk.vertex
    walk.path = []
    while visits <= visitLimit {
      if vertex == Self.sink {
        visits += path.count
        var flow = Int.max
        for edge in path { flow = min(flow, capacities[Int(edge)]) }
        var narrow = path.count
        for (index, edge) in path.enumerated() {
          capacities[Int(edge)] -= flow
          capacities[Int(edge) ^ 1] += flow
          if capacities[Int(edge)] == 0, narrow == path.count { narrow = index }
        }
        total += flow
        vertex = Int(tails[Int(path[narrow])])
        path.removeLast(path.count - narrow)
        continue
      }
      var isForward = false
      while next[vertex] < start[vertex + 1] {
        let edge = Int(edges[Int(next[vertex])])
        let head = Int(heads[edge])
        if capacities[edge] > 0, level[head] == level[vertex] + 1 {
          path.append(Int32(edge))
          vertex = head
          isForward = true
          break
        }
        next[vertex] += 1
        visits += 1
      }
      if isForward { continue }
      guard let edge = path.popLast() else {
        walk.isDone = true
        return total
      }
      level[vertex] = -1
      vertex = Int(tails[Int(edge)])
      next[vertex] += 1
      visits += 1
    }
    walk.path = path
    walk.vertex = vertex
    return total
  }
}
