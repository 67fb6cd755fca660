// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// The stretches of bytes that live as one where tensors are parts of one another: between any two
/// neighbouring ends of those that hang together. Numbered on from the tensors, so that a family
/// without parts can stand for its own only stretch.
struct SliceUnits {
  /// One stretch.
  struct Unit {
    /// Where it starts in the arena.
    var offset: Int
    var size: Int
    /// The smallest family that covers it.
    var family: Int
  }

  /// The number of the first unit.
  var base = 0
  var units: [Unit] = []
  /// The numbers of the units of each family that hangs together with another, by address.
  var ofFamily: [Int: [Int]] = [:]
  /// The results that stay where a Split's operand has them.
  var isSliced: Set<Int> = []
  /// Families that are part of something, or may take over the bytes of one that is.
  var isBound: Set<Int> = []

  subscript(_ number: Int) -> Unit { units[number - base] }
}

// Tensors that are parts of others: what hangs together, whether it may, and whether every tensor
// still holds its own values wherever it is read.
extension PlanChecker {
  /// A part in its whole, as an effect allows it and the offsets have it.
  private struct Link {
    var part: TensorID
    var whole: TensorID
    var isSplit: Bool
  }

  /// Every claimed part is one that an effect allows, at the place that it says, and every part is
  /// claimed; parts that hang together hold the same values wherever they overlap.
  mutating func checkSlices() {
    slices.base = graph.tensors.count
    (inputUnits, outputUnits) = (units(isInput), units(isOutput))
    let links = plan.options.slices ? links() : []
    var wholes: [Int: [Int]] = [:]
    for link in links { wholes[link.part.index, default: []].append(link.whole.index) }
    for tensor in 0..<graph.tensors.count {
      let claim = entry(tensor).sliceOf
      let names = wholes[tensor, default: []].map { name($0) }
      if claim == nil
        ? !names.isEmpty : !names.contains(where: { ExactName($0) == claim.map(ExactName.init) })
      {
        report(.illegalSlice(name(tensor), of: claim ?? names.first ?? ""))
      }
    }
    guard violations.isEmpty, !links.isEmpty else { return }
    var written: Set<Int> = []
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind == .mustOverwrite {
        written.insert(family[graph.operands(of: effect, at: node).output.index])
      }
    }
    for link in links
    where written.contains(family[link.part.index]) || written.contains(family[link.whole.index]) {
      report(.illegalSlice(name(link.part.index), of: name(link.whole.index)))
    }
    collectUnits(of: links)
    (inputUnits, outputUnits) = (units(isInput), units(isOutput))
    checkBoundTakeovers()
    if violations.isEmpty { checkContents(links) }
  }

  private func links() -> [Link] {
    var links: [Link] = []
    for node in graph.nodeIDs {
      for effect in graph.effects(of: node) where effect.kind.isSlice {
        let (output, input) = graph.operands(of: effect, at: node)
        let (part, whole) = effect.kind == .mayHold ? (input, output) : (output, input)
        let end = effect.offset + graph[part].bytes.value
        guard let offset = entry(part.index).offset, let base = entry(whole.index).offset,
          offset - base == effect.offset, family[part.index] != family[whole.index],
          isAllOfItsFamily(part), isAllOfItsFamily(whole),
          // The result is made here, and not a view or an update of something else.
          family[output.index] == output.index,
          graph[part].bytes > .zero, graph[part].bytes < graph[whole].bytes,
          end % plan.options.alignment == 0 || end == graph[whole].bytes.value
        else { continue }
        links.append(Link(part: part, whole: whole, isSplit: effect.kind == .maySlice))
      }
    }
    return links
  }

  private func isAllOfItsFamily(_ tensor: TensorID) -> Bool {
    graph[tensor].bytes == graph[TensorID(family[tensor.index])].bytes
  }

  /// Cuts what hangs together at every member's ends.
  private mutating func collectUnits(of links: [Link]) {
    var parent: [Int: Int] = [:]
    func top(_ member: Int) -> Int {
      var member = member
      while let next = parent[member], next != member { member = next }
      return member
    }
    for link in links {
      let (a, b) = (top(family[link.part.index]), top(family[link.whole.index]))
      parent[max(a, b)] = min(a, b)
      if parent[min(a, b)] == nil { parent[min(a, b)] = min(a, b) }
      if link.isSplit { slices.isSliced.insert(link.part.index) }
    }
    var groups: [Int: [Int]] = [:]
    for member in parent.keys.sorted() { groups[top(member), default: []].append(member) }
    for group in groups.keys.sorted() {
      guard let members = groups[group] else { continue }
      let spans = members.map { member in
        let start = entry(member).offset ?? 0
        return start..<start + rounded(graph[TensorID(member)].bytes.value)
      }
      let ends = Set(spans.flatMap { [$0.lowerBound, $0.upperBound] }).sorted()
      var number = [Int](repeating: -1, count: ends.count)
      let bySize = members.indices.sorted { (spans[$0].count, $0) < (spans[$1].count, $1) }
      for index in bySize {
        let first = ends.firstIndex(of: spans[index].lowerBound) ?? 0
        let last = ends.firstIndex(of: spans[index].upperBound) ?? first
        for position in first..<last where number[position] < 0 {
          number[position] = slices.base + slices.units.count
          slices.units.append(
            SliceUnits.Unit(
              offset: ends[position], size: ends[position + 1] - ends[position],
              family: members[index]))
        }
        slices.ofFamily[members[index]] = Array(number[first..<last])
      }
    }
  }

  /// No bytes are bound to two places: a family that is a part, or has parts, takes over none that
  /// another such one may have left.
  private mutating func checkBoundTakeovers() {
    slices.isBound = Set(slices.ofFamily.keys)
    for node in graph.nodeIDs {
      for (made, taken) in possibleTakeovers(at: node) where slices.isBound.contains(taken) {
        slices.isBound.insert(made)
      }
    }
    for tensor in 0..<graph.tensors.count where slices.ofFamily[tensor] != nil {
      guard let claim = entry(tensor).inPlaceOf, family[tensor] == tensor,
        let producer = graph[TensorID(tensor)].producer
      else { continue }
      for input in graph.inputs(of: producer)
      where !input.isAbsent && ExactName(name(input.index)) == ExactName(claim)
        && slices.isBound.contains(family[input.index])
      {
        report(.illegalAlias(name(tensor), of: claim))
      }
    }
  }

  /// Runs the plan over marks instead of numbers: every unit holds the family as which it was
  /// written last, and whoever reads a tensor must find there what that tensor is made of.
  private mutating func checkContents(_ links: [Link]) {
    var isLinked: Set<[Int]> = []
    for link in links { isLinked.insert([link.part.index, link.whole.index]) }
    // By family: the family as which each of its units was first written.
    var marks: [Int: [Int]] = [:]
    func mark(_ family: Int) {
      guard let units = slices.ofFamily[family] else { return }
      var result = units.map { _ in family }
      if let producer = graph[TensorID(family)].producer {
        for effect in graph.effects(of: producer) where effect.kind.isSlice {
          let (output, input) = graph.operands(of: effect, at: producer)
          guard output.index == family,
            isLinked.contains(
              effect.kind == .mayHold
                ? [input.index, output.index] : [output.index, input.index])
          else { continue }
          let source = self.family[input.index]
          guard let others = slices.ofFamily[source], let origins = marks[source] else { continue }
          for (other, origin) in zip(others, origins) {
            if let position = units.firstIndex(of: other) { result[position] = origin }
          }
        }
      }
      marks[family] = result
    }
    for tensor in graph.tensorIDs where graph[tensor].producer == nil { mark(tensor.index) }
    for node in graph.nodeIDs {
      for output in graph.outputs(of: node)
      where !output.isAbsent && family[output.index] == output.index {
        mark(output.index)
      }
    }
    // A storage has the units of the one bound family in it.
    var boundFamily: [Int: Int] = [:]
    for family in slices.ofFamily.keys.sorted() { boundFamily[entry(family).storage] = family }
    func content(of tensor: Int) -> (units: [Int], marks: [Int])? {
      guard let bound = boundFamily[entry(tensor).storage], let units = slices.ofFamily[bound]
      else { return nil }
      return (units, marks[family[tensor]] ?? units.map { _ in family[tensor] })
    }
    var held = [Int](repeating: -1, count: slices.units.count)
    func write(_ tensor: Int) {
      guard let content = content(of: tensor) else { return }
      for (unit, mark) in zip(content.units, content.marks) { held[unit - slices.base] = mark }
    }
    func expect(_ tensor: Int) {
      guard let content = content(of: tensor) else { return }
      for (unit, mark) in zip(content.units, content.marks) where held[unit - slices.base] != mark {
        let other = held[unit - slices.base]
        return report(.overwritesLive(other < 0 ? "" : name(other), of: name(tensor)))
      }
    }
    for tensor in graph.tensorIDs where graph[tensor].producer == nil { write(tensor.index) }
    for step in plan.steps {
      guard let index = step.nodeIndex else { continue }
      let node = NodeID(index)
      for tensor in graph.inputs(of: node) where !tensor.isAbsent { expect(tensor.index) }
      for tensor in graph.outputs(of: node) where !tensor.isAbsent { write(tensor.index) }
    }
    for tensor in graph.outputs { expect(tensor.index) }
  }
}

extension PlanChecker {
  /// The units of a family: its own number, unless it hangs together with others.
  func units(of family: Int) -> [Int] { slices.ofFamily[family] ?? [family] }

  /// The unit of a family that has only one.
  func onlyUnit(of family: Int) -> Int? {
    guard let units = slices.ofFamily[family] else { return family }
    return units.count == 1 ? units[0] : nil
  }

  /// Whether a unit is one of a family's.
  private func isUnit(_ unit: Int, of family: Int) -> Bool {
    slices.ofFamily[family]?.contains(unit) ?? (unit == family)
  }

  /// The bytes of a unit.
  func size(_ unit: Int) -> Int {
    unit < slices.base ? rounded(graph[TensorID(unit)].bytes.value) : slices[unit].size
  }

  /// The family that stands for a unit.
  func familyName(_ unit: Int) -> String {
    name(unit < slices.base ? unit : slices[unit].family)
  }

  func isInArena(_ unit: Int) -> Bool {
    unit >= slices.base || liesInArena[unit]
  }

  /// The takeovers that a node may make in some order, in the order of its effects, by family;
  /// slices aside.
  func possibleTakeovers(at node: NodeID) -> [(made: Int, taken: Int)] {
    graph.effects(of: node).compactMap { effect in
      guard effect.kind == .mayOverwrite, effect.holds(in: mode) else { return nil }
      let (output, input) = graph.operands(of: effect, at: node)
      let (made, taken) = (family[output.index], family[input.index])
      guard made == output.index, made != taken, !slices.isSliced.contains(made),
        let makes = onlyUnit(of: made), let takes = onlyUnit(of: taken),
        isInArena(makes), isInArena(takes),
        !inputUnits.contains(takes), !outputUnits.contains(takes),
        graph[output].bytes == graph[input].bytes,
        graph[output].elementType.bits == graph[input].elementType.bits,
        graph[input].bytes == graph[TensorID(taken)].bytes,
        // Read through a second view, the old bytes are needed while they would be overwritten.
        graph.inputs(of: node).allSatisfy({
          $0.isAbsent || $0 == input || !isUnit(takes, of: family[$0.index])
        }),
        // ONNX Runtime gives every graph output bytes of its own.
        mode != .ort || !isOutput[output.index]
      else { return nil }
      return (made, taken)
    }
  }
}
