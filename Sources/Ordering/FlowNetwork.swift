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
  // For ``moreFlow(from:to:upTo:)``: the round in which a vertex was last reached, or was an end.
  private var reached: [Int32] = []
  private var isEnd: [Int32] = []
  private var entry: [Int32] = []
  private var queue: [Int32] = []
  private var round: Int32 = 0

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

  /// The flow that more sources and sinks let through, on top of the least cut's; the network stays
  /// what it was.
  ///
  /// - Parameters:
  ///   - sources: Vertices that are to be on the source's side.
  ///   - sinks: Vertices that are to be on the sink's side.
  ///   - limit: Flow beyond this is not looked for.
  /// - Returns: The flow if it is `limit` at most; else some flow above it.
  /// - Precondition: ``leastCut(visitLimit:deadline:)`` returned a value.
  /// - Complexity: one search through the network for each path that carries flow.
  mutating func moreFlow(from sources: [Int32], to sinks: [Int32], upTo limit: Int) -> Int {
    var changes: [(edge: Int32, flow: Int)] = []
    defer {
      for change in changes.reversed() {
        capacities[Int(change.edge)] += change.flow
        capacities[Int(change.edge) ^ 1] -= change.flow
      }
    }
    var flow = 0
    while flow <= limit, let path = shortestPath(from: sources, to: sinks) {
      var least = Self.unlimited
      for edge in path { least = min(least, capacities[Int(edge)]) }
      for edge in path {
        capacities[Int(edge)] -= least
        capacities[Int(edge) ^ 1] += least
        changes.append((edge, least))
      }
      flow += least
      // A vertex that is a source and a sink, or cannot be cut off.
      if least == Self.unlimited { return Self.unlimited }
    }
    return flow
  }

  /// The edges of a path with capacity left, sink first; empty if a vertex is a source and a sink.
  private mutating func shortestPath(from sources: [Int32], to sinks: [Int32]) -> [Int32]? {
    if reached.isEmpty {
      reached = [Int32](repeating: 0, count: vertexCount)
      isEnd = [Int32](repeating: 0, count: vertexCount)
      entry = [Int32](repeating: -1, count: vertexCount)
    }
    round += 1
    isEnd[Self.sink] = round
    for sink in sinks { isEnd[Int(sink)] = round }
    queue.removeAll(keepingCapacity: true)
    func enter(_ vertex: Int32, by edge: Int32) {
      reached[Int(vertex)] = round
      entry[Int(vertex)] = edge
      queue.append(vertex)
    }
    enter(Int32(Self.source), by: -1)
    for source in sources where reached[Int(source)] != round { enter(source, by: -1) }
    var first = 0
    while first < queue.count {
      let vertex = Int(queue[first])
      first += 1
      if isEnd[vertex] == round {
        var path: [Int32] = []
        var edge = entry[vertex]
        while edge >= 0 {
          path.append(edge)
          edge = entry[Int(tails[Int(edge)])]
        }
        return path
      }
      visits += Int(start[vertex + 1] - start[vertex])
      for index in start[vertex]..<start[vertex + 1] {
        let edge = edges[Int(index)]
        let head = heads[Int(edge)]
        if capacities[Int(edge)] > 0, reached[Int(head)] != round { enter(head, by: edge) }
      }
    }
    return nil
  }

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
