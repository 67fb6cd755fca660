// SPDX-License-Identifier: Apache-2.0

/// A network whose cheapest cut between two vertices is looked for: Dinic's algorithm (1970), which sends
/// flow along shortest paths, level by level.
///
/// Capacities are integers and may be set anew, so that one network answers for many prices.
struct MinimumCut {
  /// Two for each arc: there at an even place, and back behind it.
  private var head: [Int32] = []
  private var residual: [Int] = []
  /// The capacity of each arc.
  private var capacity: [Int] = []
  /// The arcs of each vertex, as places in `arcs`.
  private var start: [Int32] = []
  private var arcs: [Int32] = []
  private let vertexCount: Int
  private var level: [Int32]

  /// An arc that no cut crosses: more than all that is cut.
  static let uncut = 1 << 60

  init(vertices: Int) {
    vertexCount = vertices
    level = [Int32](repeating: -1, count: vertices)
  }

  /// Adds an arc and gives its number back.
  mutating func addArc(from tail: Int, to head: Int, capacity: Int = uncut) -> Int {
    self.head += [Int32(head), Int32(tail)]
    self.capacity.append(capacity)
    start = []
    return self.capacity.count - 1
  }

  /// Changes what cutting an arc costs.
  mutating func setCapacity(of arc: Int, to capacity: Int) { self.capacity[arc] = capacity }

  /// The cost of the cheapest cut.
  ///
  /// - Precondition: Finite capacities come to less than ``uncut``, and some cut crosses nothing else.
  /// - Complexity: O(vertices² · arcs); hardly more than O(arcs · levels) in practice.
  mutating func cut(from source: Int, to sink: Int) -> Int {
    if start.isEmpty { index() }
    residual = [Int](repeating: 0, count: head.count)
    for (arc, capacity) in capacity.enumerated() { residual[2 * arc] = capacity }
    var flow = 0
    var next = start
    var path: [Int32] = []
    while findLevels(from: source, to: sink) {
      next = start
      // One path after the other, each going back only to the arc that it filled.
      path.removeAll(keepingCapacity: true)
      var vertex = source
      while true {
        if vertex == sink {
          var amount = Self.uncut
          for arc in path { amount = min(amount, residual[Int(arc)]) }
          flow += amount
          var filled = 0
          for (place, arc) in path.enumerated().reversed() {
            residual[Int(arc)] -= amount
            residual[Int(arc) ^ 1] += amount
            if residual[Int(arc)] == 0 { filled = place }
          }
          vertex = Int(head[Int(path[filled]) ^ 1])
          path.removeSubrange(filled...)
          continue
        }
        var isAdvanced = false
        while next[vertex] < start[vertex + 1] {
          let arc = arcs[Int(next[vertex])]
          let other = Int(head[Int(arc)])
          if residual[Int(arc)] > 0, level[other] == level[vertex] + 1 {
            path.append(arc)
            vertex = other
            isAdvanced = true
            break
          }
          next[vertex] += 1
        }
        if isAdvanced { continue }
        guard let last = path.popLast() else { break }
        vertex = Int(head[Int(last) ^ 1])
        next[vertex] += 1
      }
    }
    return flow
  }

  /// Whether a vertex is on the source's side of the last cut.
  func isOnSourceSide(_ vertex: Int) -> Bool { level[vertex] >= 0 }

  private mutating func index() {
    start = [Int32](repeating: 0, count: vertexCount + 1)
    for place in head.indices { start[Int(head[place ^ 1]) + 1] += 1 }
    for vertex in 0..<vertexCount { start[vertex + 1] += start[vertex] }
    var fill = start
    arcs = [Int32](repeating: 0, count: head.count)
    for place in head.indices {
      let tail = Int(head[place ^ 1])
      arcs[Int(fill[tail])] = Int32(place)
      fill[tail] += 1
    }
  }

  /// How far each vertex is from the source along arcs that are not full.
  private mutating func findLevels(from source: Int, to sink: Int) -> Bool {
    for vertex in level.indices { level[vertex] = -1 }
    level[source] = 0
    var queue = [Int32(source)]
    var next = 0
    while next < queue.count {
      let vertex = Int(queue[next])
      next += 1
      for place in Int(start[vertex])..<Int(start[vertex + 1]) {
        let arc = Int(arcs[place])
        let other = Int(head[arc])
        if residual[arc] > 0, level[other] < 0 {
          level[other] = level[vertex] + 1
          queue.append(Int32(other))
        }
      }
    }
    return level[sink] >= 0
  }
}
