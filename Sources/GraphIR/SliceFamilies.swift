// SPDX-License-Identifier: Apache-2.0

/// Which storages are parts of one another in every order, and where each lies among the others.
///
/// A family is a run of bytes; each member covers a stretch of it. Every byte has one origin, the
/// member that some node first writes it as; whoever else covers it holds the same values there, so
/// members may overlap and live at the same time. The run is cut into cells at every member's ends:
/// what covers a part of a cell covers all of it.
///
/// Nodes are taken in file order. A Split's outputs always fit into their whole. A Concat's output
/// joins the family of an input, and brings the other inputs' families along, where no byte would
/// get a second origin; inputs that do not fit are copied as if there were no slices.
///
/// - Complexity: O(slice effects · ``limit`` + tensors) to build.
struct SliceFamilies {
  /// The most cells and, four times that, the most members of a family: a bound on what a storage
  /// map of a hostile graph takes. The longest block of DenseNet-264 has 65 cells.
  static let limit = 256

  /// A run of a family's bytes, half-open.
  struct Cell {
    var start: Int
    var end: Int
    /// The tensor as which its bytes are first written.
    var origin: TensorID
  }

  struct Family {
    /// Roots of storages.
    var members: [TensorID] = []
    /// Ascending and disjoint.
    var cells: [Cell] = []
  }

  /// The family of each root; nil for one that is by itself.
  private(set) var familyOf: [Int?]
  /// Where a root starts in its family.
  private(set) var position: [Int]
  /// The families; those that went up in others are empty.
  private(set) var families: [Family] = []

  private let graph: Graph
  private let root: [TensorID]
  private let isEligible: [Bool]
  private let alignment: Int

  /// - Parameters:
  ///   - root: The tensor with bytes of its own that each tensor shares.
  ///   - isEligible: Which roots may be in a family: in the arena, and never updated in place.
  init(of graph: Graph, root: [TensorID], isEligible: [Bool], alignment: Int) {
    self.graph = graph
    self.root = root
    self.isEligible = isEligible
    self.alignment = alignment
    familyOf = [Int?](repeating: nil, count: root.count)
    position = [Int](repeating: 0, count: root.count)
    for node in graph.nodeIDs {
      let effects = graph.effects(of: node)
      guard effects.contains(where: { $0.kind.isSlice }) else { continue }
      for effect in effects where effect.kind == .maySlice { slice(effect, at: node) }
      for output in graph.outputs(of: node).indices {
        let position = output - graph.outputs(of: node).startIndex
        hold(effects.filter { $0.kind == .mayHold && $0.output == position }, at: node)
      }
    }
  }

  /// A root's bytes as planning counts them.
  private func length(_ root: TensorID) -> Int {
    graph[root].bytes.aligned(to: alignment)?.value ?? 0
  }

  /// Whether a tensor is all of its storage, and that may be in a family.
  private func isWhole(_ tensor: TensorID) -> Bool {
    let root = root[tensor.index]
    return isEligible[root.index] && graph[tensor].bytes == graph[root].bytes
      && graph[root].bytes > .zero
  }

  /// Whether a part starts at a multiple of the alignment and ends at one or with the whole.
  private func isAligned(_ part: TensorID, in whole: TensorID, at offset: Int) -> Bool {
    let end = offset + graph[part].bytes.value
    return offset % alignment == 0
      && (end % alignment == 0 || end == graph[whole].bytes.value)
      && graph[part].bytes < graph[whole].bytes
  }

  // MARK: Split

  private mutating func slice(_ effect: Effect, at node: NodeID) {
    let (output, input) = graph.operands(of: effect, at: node)
    guard root[output.index] == output, familyOf[output.index] == nil, isWhole(output),
      isWhole(input), isAligned(output, in: input, at: effect.offset)
    else { return }
    let whole = root[input.index]
    let index = familyOf[whole.index] ?? families.count
    if index == families.count {
      families.append(Family(members: [whole], cells: [cell(of: whole)]))
      familyOf[whole.index] = index
    }
    guard families[index].cells.count + 2 <= Self.limit,
      families[index].members.count < 4 * Self.limit
    else { return }
    let start = position[whole.index] + effect.offset
    families[index].cut(at: start)
    families[index].cut(at: start + length(output))
    families[index].members.append(output)
    familyOf[output.index] = index
    position[output.index] = start
  }

  private func cell(of root: TensorID) -> Cell {
    Cell(start: 0, end: length(root), origin: root)
  }

  // MARK: Concat

  /// An input of a Concat: its root and where the output has it.
  private struct Part {
    var root: TensorID
    var offset: Int
    var end: Int
    /// Its family, `nil` for one by itself.
    var family: Int?
  }

  /// An output in a family, with what comes along; the output is at 0.
  private struct Union {
    var families: [(index: Int, shift: Int)] = []
    var singles: [(root: TensorID, position: Int)] = []
    var memberCount = 1
    var cells: [Cell] = []
    /// The stretches of the output that need no copy, in the order of finding.
    var held: [Range<Int>] = []
  }

  private mutating func hold(_ effects: [Effect], at node: NodeID) {
    guard let first = effects.first else { return }
    let (output, _) = graph.operands(of: first, at: node)
    guard root[output.index] == output, familyOf[output.index] == nil, isWhole(output)
    else { return }
    var parts: [Part] = []
    for effect in effects.sorted(by: { ($0.offset, $0.input) < ($1.offset, $1.input) }) {
      let (_, input) = graph.operands(of: effect, at: node)
      let part = root[input.index]
      guard effect.offset >= parts.last?.end ?? 0, part != output, isWhole(input),
        isAligned(part, in: output, at: effect.offset)
      else { continue }
      parts.append(
        Part(
          root: part, offset: effect.offset, end: effect.offset + length(part),
          family: familyOf[part.index]))
    }
    // The largest inputs of a few families, to start from; inputs by themselves fit anywhere.
    var anchors: [Int] = []
    let bySize = parts.indices.sorted {
      (parts[$1].end - parts[$1].offset, $0) < (parts[$0].end - parts[$0].offset, $1)
    }
    for index in bySize where anchors.count < 4 {
      if !anchors.contains(where: { parts[$0].family == parts[index].family }) {
        anchors.append(index)
      }
    }
    var best: (union: Union, bytes: Int)?
    for anchor in anchors {
      guard let union = union(of: parts, from: anchor, in: output) else { continue }
      let bytes = union.held.reduce(0) { $0 + $1.count }
      if bytes > best?.bytes ?? 0 { best = (union, bytes) }
    }
    if let best { join(output, best.union) }
  }

  /// The output in the family of one input, with all others that fit; nil if not even that one does.
  private func union(of parts: [Part], from anchor: Int, in output: TensorID) -> Union? {
    var union = Union()
    for index in [anchor] + parts.indices where index != anchor || union.held.isEmpty {
      add(parts[index], of: parts, within: length(output), to: &union)
      if union.held.isEmpty { return nil }
    }
    // What is left of the output is copied, and nothing else lies there: see `fits`.
    var cursor = 0
    for held in union.held.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if cursor < held.lowerBound {
        union.cells.append(Cell(start: cursor, end: held.lowerBound, origin: output))
      }
      cursor = held.upperBound
    }
    if cursor < length(output) {
      union.cells.append(Cell(start: cursor, end: length(output), origin: output))
    }
    guard union.cells.count <= Self.limit else { return nil }
    union.cells.sort { $0.start < $1.start }
    return union
  }

  /// Adds an input and its family, if they fit.
  private func add(_ part: Part, of parts: [Part], within length: Int, to union: inout Union) {
    let shift = part.offset - position[part.root.index]
    if let family = part.family, let known = union.families.first(where: { $0.index == family }) {
      if known.shift == shift { union.held.append(part.offset..<part.end) }
      return
    }
    // One input twice: the second time it is copied.
    if part.family == nil, union.singles.contains(where: { $0.root == part.root }) { return }
    let members = part.family.map { families[$0].members.count } ?? 1
    let cells = part.family.map { families[$0].cells } ?? [cell(of: part.root)]
    guard union.cells.count + cells.count < Self.limit,
      union.memberCount + members <= 4 * Self.limit
    else { return }
    let moved = cells.map {
      Cell(start: $0.start + shift, end: $0.end + shift, origin: $0.origin)
    }
    guard fits(moved, of: part, shift: shift, parts: parts, length, union.cells) else { return }
    if let family = part.family {
      union.families.append((family, shift))
    } else {
      union.singles.append((part.root, part.offset))
    }
    union.memberCount += members
    union.cells = merged(union.cells, moved)
    union.held.append(part.offset..<part.end)
  }

  /// Whether a family's cells lie apart from those that are there, and inside the output only where
  /// it has the same input.
  private func fits(
    _ moved: [Cell], of part: Part, shift: Int, parts: [Part], _ length: Int, _ placed: [Cell]
  ) -> Bool {
    var other = 0
    for cell in moved {
      while other < placed.count, placed[other].end <= cell.start { other += 1 }
      if other < placed.count, placed[other].start < cell.end { return false }
      guard cell.start < length, cell.end > 0 else { continue }
      guard let inside = Self.last(of: parts, from: cell.start), cell.end <= inside.end,
        inside.root == part.root
          ? inside.offset == part.offset
          : inside.family != nil && inside.family == part.family
            && position[inside.root.index] + shift == inside.offset
      else { return false }
    }
    return true
  }

  /// The last of the parts, which ascend, that starts at an offset or before.
  private static func last(of parts: [Part], from offset: Int) -> Part? {
    var (low, high) = (0, parts.count)
    while low < high {
      let middle = (low + high) / 2
      if parts[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : parts[low - 1]
  }

  private func merged(_ a: [Cell], _ b: [Cell]) -> [Cell] {
    (a + b).sorted { $0.start < $1.start }
  }

  private mutating func join(_ output: TensorID, _ union: Union) {
    let index = families.count
    var family = Family(members: [output], cells: union.cells)
    for (old, shift) in union.families {
      for member in families[old].members {
        familyOf[member.index] = index
        position[member.index] += shift
      }
      family.members += families[old].members
      families[old] = Family()
    }
    for (root, start) in union.singles {
      familyOf[root.index] = index
      position[root.index] = start
      family.members.append(root)
    }
    familyOf[output.index] = index
    position[output.index] = 0
    families.append(family)
  }
}

extension SliceFamilies {
  /// The positions of the cells that a root in a family covers.
  func cells(of root: TensorID) -> Range<Int> {
    guard let family = familyOf[root.index] else {
      preconditionFailure("only members of a family have cells")
    }
    let cells = families[family].cells
    let (start, end) = (position[root.index], position[root.index] + length(root))
    guard let first = cells.firstIndex(where: { $0.start == start }),
      let last = cells.lastIndex(where: { $0.end == end })
    else { preconditionFailure("families are cut at their members' ends") }
    return first..<last + 1
  }

  /// For each cell of a family the smallest member that covers it, the earliest among equals.
  func representatives(of family: Int) -> [TensorID] {
    var result = [TensorID](repeating: .absent, count: families[family].cells.count)
    let bySize = families[family].members.sorted {
      (graph[$0].bytes, $0) < (graph[$1].bytes, $1)
    }
    for member in bySize {
      for cell in cells(of: member) where result[cell].isAbsent { result[cell] = member }
    }
    return result
  }
}

extension SliceFamilies.Family {
  /// Makes sure that no cell goes across a position.
  fileprivate mutating func cut(at position: Int) {
    guard let index = cells.firstIndex(where: { $0.start < position && position < $0.end })
    else { return }
    var rest = cells[index]
    cells[index].end = position
    rest.start = position
    cells.insert(rest, at: index + 1)
  }
}
