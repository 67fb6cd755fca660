// SPDX-License-Identifier: Apache-2.0

import GraphIR

// Where the bytes are, for how long, and that no two things live at one step share any.
extension PlanChecker {
  /// Members of a storage are in one place, and in the space that roles and options give.
  mutating func checkSpaces() {
    var isCallers: [Int: Bool] = [:]
    for tensor in 0..<graph.tensors.count where isInput[tensor] || isOutput[tensor] {
      isCallers[entry(tensor).storage] = true
    }
    var isOuter: Set<Int> = []
    for tensor in graph.tensorIDs where graph[tensor].role == .outer {
      isOuter.insert(entry(tensor.index).storage)
    }
    for tensor in 0..<graph.tensors.count {
      let entry = entry(tensor)
      guard let root = rootOfStorage[entry.storage] else { continue }
      let expected: MemorySpace =
        if graph[TensorID(root)].role.isResident {
          .resident
        } else if isOuter.contains(entry.storage)
          || plan.options.io == IOPlacement.external.rawValue && isCallers[entry.storage] == true
        {
          .external
        } else { .arena }
      if entry.space != expected.rawValue {
        report(.wrongSpace(entry.name, planned: entry.space, expected: expected.rawValue))
      } else if (entry.offset != nil) != (expected == .arena) {
        report(.wrongOffset(entry.name))
      } else if entry.offset != self.entry(root).offset {
        report(.splitStorage(entry.name, name(root)))
      }
    }
  }

  mutating func checkLifetimes() {
    for tensor in 0..<graph.tensors.count {
      let entry = entry(tensor)
      let isResident = entry.space == MemorySpace.resident.rawValue
      let expected = max(madeAt[tensor], 0)...(isResident ? lastStep : lastUse[tensor])
      if entry.firstStep != expected.lowerBound || entry.lastStep != expected.upperBound {
        let (low, high) = (
          min(entry.firstStep, entry.lastStep), max(entry.firstStep, entry.lastStep)
        )
        report(.wrongLifetime(entry.name, planned: low...high, expected: expected))
      }
    }
  }

  /// A stretch of the arena that something holds for some steps.
  struct Block {
    var name: String
    var offset: Int
    var size: Int
    var steps: ClosedRange<Int>
    var end: Int { offset + size }
  }

  /// What lies in the arena: one block a storage, or one for each unit of those that are parts of one
  /// another, and one for each workspace.
  func blocks() -> [Block] {
    var lives: [Int: ClosedRange<Int>] = [:]
    for tensor in 0..<graph.tensors.count {
      let entry = entry(tensor)
      let life = entry.firstStep...entry.lastStep
      if let other = lives[entry.storage] {
        lives[entry.storage] =
          min(other.lowerBound, life.lowerBound)...max(other.upperBound, life.upperBound)
      } else {
        lives[entry.storage] = life
      }
    }
    var blocks: [Block] = []
    var unitLives = [ClosedRange<Int>?](repeating: nil, count: slices.units.count)
    var isCut: Set<Int> = []
    for (family, units) in slices.ofFamily {
      let storage = entry(family).storage
      guard let life = lives[storage] else { continue }
      isCut.insert(storage)
      for unit in units.map({ $0 - slices.base }) {
        let other = unitLives[unit] ?? life
        unitLives[unit] =
          min(other.lowerBound, life.lowerBound)...max(other.upperBound, life.upperBound)
      }
    }
    for (unit, life) in zip(slices.units, unitLives) {
      guard let life else { continue }
      blocks.append(
        Block(name: name(unit.family), offset: unit.offset, size: unit.size, steps: life))
    }
    for tensor in 0..<graph.tensors.count {
      let entry = entry(tensor)
      guard rootOfStorage[entry.storage] == tensor, !isCut.contains(entry.storage),
        let offset = entry.offset,
        let life = lives[entry.storage]
      else { continue }
      blocks.append(
        Block(name: entry.name, offset: offset, size: rounded(entry.bytes), steps: life))
    }
    for step in plan.steps {
      guard let offset = step.workspaceOffset else { continue }
      blocks.append(
        Block(
          name: "workspace of \(step.node)", offset: offset, size: step.workspaceBytes,
          steps: step.index...step.index))
    }
    return blocks
  }

  /// What lies in the arena, whichever way the plan says it.
  func arenaBlocks() -> [Block] { isLadder ? ladderBlocks(in: .arena) : blocks() }

  /// Workspaces have a place exactly where they have bytes, and nothing in a space shares any.
  mutating func checkArena() {
    for step in plan.steps where (step.workspaceBytes > 0) != (step.workspaceOffset != nil) {
      report(.wrongOffset("workspace of \(step.node)"))
    }
    checkPlaces(of: arenaBlocks(), height: plan.summary.arenaBytes)
    if isLadder {
      checkPlaces(of: ladderBlocks(in: .second), height: plan.summary.secondBytes)
    }
  }

  /// A sweep over the steps with the blocks alive kept by offset: a new block may only touch its
  /// neighbours.
  private mutating func checkPlaces(of blocks: [Block], height: Int) {
    for block in blocks {
      if block.offset % plan.options.alignment != 0 {
        report(.misaligned(block.name, offset: block.offset))
      }
      if block.end > height {
        report(.outsideArena(block.name, end: block.end))
      }
    }
    var starting = [[Int32]](repeating: [], count: lastStep + 1)
    var ending = [[Int32]](repeating: [], count: lastStep + 1)
    for (index, block) in blocks.enumerated() where block.size > 0 {
      starting[block.steps.lowerBound].append(Int32(index))
      ending[block.steps.upperBound].append(Int32(index))
    }
    let ranges = blocks.map { $0.offset..<$0.end }
    var alive: [Int32] = []
    func position(of offset: Int) -> Int {
      var (low, high) = (0, alive.count)
      while low < high {
        let middle = (low + high) / 2
        if ranges[Int(alive[middle])].lowerBound < offset {
          low = middle + 1
        } else {
          high = middle
        }
      }
      return low
    }
    for step in 0...lastStep {
      for index in starting[step] {
        let range = ranges[Int(index)]
        let place = position(of: range.lowerBound)
        func overlaps(_ other: Int32) {
          report(.overlap(blocks[Int(index)].name, blocks[Int(other)].name, step: step))
        }
        if place < alive.count, ranges[Int(alive[place])].lowerBound < range.upperBound {
          overlaps(alive[place])
        }
        if place > 0, ranges[Int(alive[place - 1])].upperBound > range.lowerBound {
          overlaps(alive[place - 1])
        }
        alive.insert(index, at: place)
      }
      for index in ending[step] {
        var place = position(of: ranges[Int(index)].lowerBound)
        // Blocks that overlap may start at one offset; past violations only.
        while place < alive.count, alive[place] != index { place += 1 }
        if place < alive.count { alive.remove(at: place) }
      }
    }
  }
}
