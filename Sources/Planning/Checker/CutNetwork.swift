// SPDX-License-Identifier: Apache-2.0

/// How few bytes can be live just before a node runs, over every set of nodes that may have run.
///
/// A set that may have run is closed under what its nodes need; it holds all that the node needs
/// and nothing that needs the node. A storage is live if something in the set touches it and
/// something outside does. The cheapest set is a minimum cut: a vertex for each undecided node, two
/// for each storage with an edge of its bytes between them, unbounded edges from a toucher to the
/// first and from the second to a toucher, and from a node to what it needs. Any flow from what ran
/// to what did not is a proof that no set is cheaper, whether or not it is the largest flow.
struct CutNetwork {
  private static let unbounded = 1 << 62
  private static let source = 0
  private static let sink = 1

  /// The vertex of each node: ``source`` if it has run for certain, ``sink`` if it has not.
  private var vertex: [Int]
  private var vertexCount = 2
  /// Bytes that are live in any case.
  private var certain = 0
  /// Edges in pairs: an edge and its reverse are at 2k and 2k + 1.
  private var head: [Int32] = []
  private var residual: [Int] = []
  private var next: [Int32] = []
  private var firstEdge: [Int32] = [-1, -1]

  /// Makes the network around a node, without storages.
  init(around node: Int, requirements: NodeRequirements) {
    let before = requirements.reachable(from: node, upstream: true)
    let after = requirements.reachable(from: node, upstream: false)
    vertex = []
    for other in before.indices {
      if after[other] {
        vertex.append(Self.sink)
      } else if before[other] {
        vertex.append(Self.source)
      } else {
        vertex.append(vertexCount)
        vertexCount += 1
        firstEdge.append(-1)
      }
    }
    for other in vertex.indices where vertex[other] > Self.sink {
      for needed in requirements.needs(other) where vertex[Int(needed)] > Self.sink {
        addEdge(from: vertex[other], to: vertex[Int(needed)], capacity: Self.unbounded)
      }
    }
  }

  /// Adds a storage that the node itself does not touch.
  ///
  /// - Parameters:
  ///   - touchers: The nodes that touch it.
  ///   - isThereBefore: Whether it is live from the start: a graph input.
  ///   - isThereAfter: Whether it is live to the end: a graph output.
  mutating func addStorage(bytes: Int, touchers: [Int], isThereBefore: Bool, isThereAfter: Bool) {
    let ends = touchers.map { vertex[$0] }
    let open = ends.filter { $0 > Self.sink }
    let hasRun = isThereBefore || ends.contains(Self.source)
    let isToCome = isThereAfter || ends.contains(Self.sink)
    if hasRun && isToCome {
      certain += bytes
      return
    }
    guard !open.isEmpty, hasRun || isToCome || open.count > 1 else { return }
    let entry = hasRun ? Self.source : addVertex()
    let exit = isToCome ? Self.sink : addVertex()
    addEdge(from: entry, to: exit, capacity: bytes)
    for toucher in open {
      if !hasRun { addEdge(from: toucher, to: entry, capacity: Self.unbounded) }
      if !isToCome { addEdge(from: exit, to: toucher, capacity: Self.unbounded) }
    }
  }

  /// Adds bytes that are saved only if some nodes have all run, and cost otherwise.
  mutating func addSaving(bytes: Int, needs touchers: [Int]) {
    let open = touchers.map { vertex[$0] }.filter { $0 > Self.sink }
    guard !open.isEmpty else { return }
    let gate = addVertex()
    addEdge(from: Self.source, to: gate, capacity: bytes)
    for toucher in open { addEdge(from: gate, to: toucher, capacity: Self.unbounded) }
  }

  private mutating func addVertex() -> Int {
    vertexCount += 1
    firstEdge.append(-1)
    return vertexCount - 1
  }

  private mutating func addEdge(from tail: Int, to tip: Int, capacity: Int) {
    for (from, to, capacity) in [(tail, tip, capacity), (tip, tail, 0)] {
      head.append(Int32(to))
      residual.append(capacity)
      next.append(firstEdge[from])
      firstEdge[from] = Int32(head.count - 1)
    }
  }

  /// The bytes live in any case plus a flow, found in phases of shortest paths and not pushed
  /// further than asked for.
  mutating func flow(upTo goal: Int) -> Int {
    var total = certain
    while total < goal {
      let level = levels()
      guard level[Self.sink] >= 0 else { break }
      total += pushAlong(level)
    }
    return total
  }

  /// The number of edges from the source to each vertex by edges with room; -1 if there is no way.
  private func levels() -> [Int32] {
    var level = [Int32](repeating: -1, count: vertexCount)
    level[Self.source] = 0
    var queue = [Self.source]
    var position = 0
    while position < queue.count {
      let tail = queue[position]
      position += 1
      var edge = Int(firstEdge[tail])
      while edge >= 0 {
        let tip = Int(head[edge])
        if residual[edge] > 0, level[tip] < 0 {
          level[tip] = level[tail] + 1
          queue.append(tip)
        }
        edge = Int(next[edge])
      }
    }
    return level
  }

  /// Fills the edges between neighbouring levels until every path is blocked.
  private mutating func pushAlong(_ level: [Int32]) -> Int {
    var current = firstEdge
    var path: [Int] = []
    var vertex = Self.source
    var pushed = 0
    while true {
      if vertex == Self.sink {
        let amount = path.map { residual[$0] }.min() ?? 0
        pushed += amount
        for edge in path {
          residual[edge] -= amount
          residual[edge ^ 1] += amount
        }
        // Back to the tail of the first edge that is full now.
        let full = path.firstIndex { residual[$0] == 0 } ?? 0
        vertex = Int(head[path[full] ^ 1])
        path.removeSubrange(full...)
        continue
      }
      var edge = Int(current[vertex])
      while edge >= 0, residual[edge] == 0 || level[Int(head[edge])] != level[vertex] + 1 {
        edge = Int(next[edge])
      }
      current[vertex] = Int32(edge)
      if edge >= 0 {
        path.append(edge)
        vertex = Int(head[edge])
      } else {
        guard let last = path.popLast() else { return pushed }
        vertex = Int(head[last ^ 1])
        current[vertex] = next[Int(current[vertex])]
      }
    }
  }
}
