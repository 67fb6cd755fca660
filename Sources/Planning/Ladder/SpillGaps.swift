// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What spilling can do about a list of runs: the gaps between two uses of a storage, over which it
/// may wait in the second memory, and how much too much is live at each run.
///
/// Runs are numbered from 0; -1 is the start of the plan, at which inputs are there, and the number of
/// runs its end, at which outputs are. All that is made or updated has one *version* until the next
/// update. A version is spilled at most once, right behind the run that makes or updates it, where no
/// more is live than during that run, and fetched right before a run that needs it, where no more is
/// live than during that run. So loads between runs need no rows, and which gaps are *cut* says all:
/// COSMA's create, preserve, spill and retrieve (arXiv 2311.18246, section 4) with one binary for each
/// gap in place of four for each storage and step.
///
/// Nodes may run again in the list; what is made again is the same version, and is never carried from
/// its last use to where it is made again. Spills and fetches that the list has are left out.
struct SpillGaps: Sendable {
  /// A stretch between two uses.
  struct Gap: Hashable, Sendable {
    let storage: Int
    /// The run that uses the storage before.
    let before: Int
    /// The next run that does.
    let next: Int
    /// What is off the arena at each run between the two.
    let bytes: Int
    /// What fetching it moves.
    let copied: Int
    /// The version that waits, among those that must be spilled for it; -1 where the second memory has
    /// it anyway.
    let version: Int
    /// What may be off the arena at the run before, too: results that can then be written over it.
    let headBytes: Int
    /// The rows between the uses.
    var rows: Range<Int> = 0..<0
    /// The row of the run before, where results can be written over what is cut; -1 where not.
    var headRow = -1
  }

  /// Runs at which the same gaps are open; of those the one with the most live.
  struct Row: Hashable, Sendable {
    let run: Int
    /// What is live above the budget without cuts, greater than 0.
    let excess: Int
    /// What results written over cut storages can save at most, beyond what they save without cuts.
    let headLimit: Int
  }

  let model: LadderModel
  /// The runs and recomputes.
  let runs: [LadderAction]
  let budget: Int
  /// What is live at each run without cuts.
  let loads: [Int]
  /// The gaps that can help, by storage, then by time.
  private(set) var gaps: [Gap] = []
  /// By run.
  private(set) var rows: [Row] = []
  /// What spilling each version moves.
  private(set) var versionBytes: [Int] = []
  /// What no choice avoids: fetching what is at home in the second memory, and bringing back what was
  /// updated.
  private(set) var compulsoryBytes = 0

  /// What happens to a storage, along the runs.
  struct Event {
    let run: Int
    let isMade: Bool
    let isUpdated: Bool
  }

  /// For each takeover of each run: -1 if the operand ends there anyway, the number of the gap behind
  /// it, or -2 if it does neither.
  private(set) var ends: [Int32] = []
  private(set) var endStart: [Int32] = []
  /// What takeovers save at each run without cuts.
  let saved: [Int]
  /// What happens to each storage.
  let events: [[Event]]

  /// - Parameters:
  ///   - actions: A list in which every run has what it reads; else there are gaps missing.
  ///   - remake: What a storage costs that is made again instead of fetched, which then stands for what
  ///     fetching it moves, and the run from which on it cannot be; `nil` for one that never can.
  /// - Complexity: O(actions · operands).
  init(
    _ actions: [LadderAction], in model: LadderModel, budget: Int,
    remaking remake: ((_ storage: Int) -> (price: Int, until: Int)?)? = nil
  ) {
    let runs = actions.filter { $0.node != nil }
    self.model = model
    self.runs = runs
    self.budget = budget
    var events = [[Event]](repeating: [], count: model.storageCount)
    for storage in 0..<model.storageCount where model.isInput[storage] {
      events[storage].append(Event(run: -1, isMade: true, isUpdated: false))
    }
    for (run, action) in runs.enumerated() {
      guard let node = action.node?.index else { continue }
      let updates = model.updates[node]
      for storage in model.reads(of: action) {
        events[storage].append(
          Event(run: run, isMade: false, isUpdated: updates.contains(storage)))
      }
      for storage in model.makes(of: action) {
        events[storage].append(Event(run: run, isMade: true, isUpdated: false))
      }
    }
    for storage in 0..<model.storageCount where model.isOutput[storage] {
      events[storage].append(Event(run: runs.count, isMade: false, isUpdated: false))
    }
    self.events = events
    var change = [Int](repeating: 0, count: runs.count + 2)
    for (storage, list) in events.enumerated() {
      var index = 0
      while index < list.count {
        var last = index
        while last + 1 < list.count, !list[last + 1].isMade { last += 1 }
        let first = max(list[index].run, 0)
        change[first] += model.bytes[storage]
        change[max(first, min(list[last].run, runs.count)) + 1] -= model.bytes[storage]
        index = last + 1
      }
    }
    // Which operands end where they could be taken over.
    let ending = Self.naturalEnds(events, runs, model)
    (ends, endStart) = (ending.ends, ending.start)
    var (loads, saved) = ([Int](), [Int]())
    loads.reserveCapacity(runs.count)
    var live = 0
    for (run, action) in runs.enumerated() {
      live += change[run]
      let node = action.node?.index ?? 0
      let used = Self.taken(model.takeovers[node]) {
        ending.ends[Int(ending.start[run]) + $0] == -1
      }
      let bytes = used.reduce(0) { $0 + model.bytes[$1] }
      saved.append(bytes)
      loads.append(live + model.workspaces[node] - bytes)
    }
    self.loads = loads
    self.saved = saved
    findGaps(remake)
    findRows()
  }

  /// Whether the first run is above the budget with inputs that nothing reads among what is live.
  var hasLooseStart: Bool {
    guard let first = loads.first, first > budget else { return false }
    return events.contains { $0.count == 1 && $0[0].run < 0 }
  }

  // MARK: Building

  private static func naturalEnds(
    _ events: [[Event]], _ runs: [LadderAction], _ model: LadderModel
  ) -> (ends: [Int32], start: [Int32]) {
    var start: [Int32] = [0]
    var ends: [Int32] = []
    var cursor = [Int](repeating: 0, count: events.count)
    for (run, action) in runs.enumerated() {
      for takeover in model.takeovers[action.node?.index ?? 0] {
        let storage = takeover.input.index
        let list = events[storage]
        while cursor[storage] < list.count, list[cursor[storage]].run < run {
          cursor[storage] += 1
        }
        let next = cursor[storage] + 1
        let isThere = cursor[storage] < list.count && list[cursor[storage]].run == run
        ends.append(isThere && (next >= list.count || list[next].isMade) ? -1 : -2)
      }
      start.append(Int32(ends.count))
    }
    return (ends, start)
  }

  /// The outputs that take over something if the given operands end there: in the order of the
  /// effects, each at most once.
  static func taken(
    _ takeovers: [StorageMap.Takeover], _ isEnding: (Int) -> Bool
  ) -> [Int] {
    var (made, read) = ([Int](), [Int]())
    for (index, takeover) in takeovers.enumerated()
    where !made.contains(takeover.output.index) && !read.contains(takeover.input.index)
      && isEnding(index)
    {
      made.append(takeover.output.index)
      read.append(takeover.input.index)
    }
    return made
  }

  /// What the outputs of a run that take over nothing could save.
  private func headLimit(_ run: Int) -> Int {
    let takeovers = model.takeovers[runs[run].node?.index ?? 0]
    guard !takeovers.isEmpty else { return 0 }
    var outputs: [Int] = []
    for takeover in takeovers where !outputs.contains(takeover.output.index) {
      outputs.append(takeover.output.index)
    }
    return outputs.reduce(-saved[run]) { $0 + model.bytes[$1] }
  }

  private mutating func findGaps(
    _ remake: ((_ storage: Int) -> (price: Int, until: Int)?)?
  ) {
    var over = [0]
    over.reserveCapacity(loads.count + 1)
    for load in loads { over.append(over[over.count - 1] + (load > budget ? 1 : 0)) }
    for (storage, list) in events.enumerated() where !list.isEmpty {
      let remade = remake?(storage)
      if remake != nil, remade == nil { continue }
      let isStreamed = model.isStreamed[storage]
      let updates = list.count(where: \.isUpdated)
      if isStreamed {
        compulsoryBytes += model.copiedBytes[storage] * (updates > 0 ? 2 : 1)
      }
      var seen = 0
      var version = -1
      for (event, following) in zip(list, list.dropFirst()) {
        if event.isUpdated {
          seen += 1
          version = -1
        }
        guard !following.isMade, model.bytes[storage] > 0 else { continue }
        var head = 0
        var slot = -1
        if event.run >= 0, loads[event.run] > budget {
          let takeovers = model.takeovers[runs[event.run].node?.index ?? 0]
          slot = takeovers.firstIndex { $0.input.index == storage } ?? -1
          if slot >= 0 { head = headLimit(event.run) }
        }
        // What must be made again earlier is there from then on.
        let next = min(following.run, remade?.until ?? .max)
        guard next > event.run else { continue }
        let helps = over[max(next, event.run + 1)] > over[event.run + 1]
        guard helps || head > 0 else { continue }
        let isHome = remade != nil || isStreamed && (seen == 0 || seen == updates)
        if !isHome, version < 0 {
          version = versionBytes.count
          versionBytes.append(model.copiedBytes[storage])
        }
        if slot >= 0 {
          let takeovers = model.takeovers[runs[event.run].node?.index ?? 0]
          for (index, takeover) in takeovers.enumerated() where takeover.input.index == storage {
            ends[Int(endStart[event.run]) + index] = Int32(gaps.count)
          }
        }
        gaps.append(
          Gap(
            storage: storage, before: event.run, next: next, bytes: model.bytes[storage],
            copied: remade?.price ?? model.copiedBytes[storage], version: isHome ? -1 : version,
            headBytes: head))
      }
    }
  }

  private mutating func findRows() {
    // Runs at which gaps open or close begin a row of their own.
    var isNew = [Bool](repeating: false, count: loads.count + 2)
    for gap in gaps {
      isNew[gap.before + 1] = true
      isNew[gap.next] = true
      if gap.headBytes > 0 {
        isNew[gap.before] = true
        isNew[gap.before + 1] = true
      }
    }
    var hasHead = [Bool](repeating: false, count: loads.count + 1)
    for gap in gaps where gap.headBytes > 0 { hasHead[gap.before] = true }
    var rowOf = [Int](repeating: 0, count: loads.count + 1)
    var isOpen = false
    for (run, load) in loads.enumerated() {
      if isNew[run] { isOpen = false }
      if load > budget {
        let row = Row(
          run: run, excess: load - budget, headLimit: hasHead[run] ? headLimit(run) : 0)
        if !isOpen {
          rows.append(row)
          isOpen = true
        } else if row.excess > rows[rows.count - 1].excess {
          rows[rows.count - 1] = row
        }
      }
      rowOf[run] = rows.count
    }
    // Rows before a run: those that began at an earlier one.
    for index in gaps.indices {
      let (before, next) = (gaps[index].before, gaps[index].next)
      let low = before < 0 ? 0 : rowOf[before]
      gaps[index].rows = low..<max(low, next == 0 ? 0 : rowOf[next - 1])
      if gaps[index].headBytes > 0 { gaps[index].headRow = rowOf[before] - 1 }
    }
  }
}
