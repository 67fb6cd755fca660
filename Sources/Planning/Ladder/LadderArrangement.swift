// SPDX-License-Identifier: Apache-2.0

import Cancellation
import GraphIR
import MemoryLayout

/// A list of actions with its stays and the offsets that layout finds for them.
struct LadderArrangement {
  let actions: [LadderAction]
  let residencies: Residencies
  /// The offset of each stay in the arena.
  let offsets: [Int]
  /// The offset of each step's workspace.
  let workspaceOffsets: [Int?]
  /// The offset of each storage in the second memory.
  let secondOffsets: [Int?]
  /// The highest end of anything in the arena, in bytes.
  let arenaBytes: Int
  /// The highest end of anything in the second memory, in bytes.
  let secondBytes: Int
  /// Which layout member won.
  let winner: String

  /// Lays out a list of actions that can be executed: one buffer for each chain of stays that take
  /// over one another, and one for each workspace.
  ///
  /// - Parameters:
  ///   - layout: Who lays out.
  ///   - capacity: An arena that is good enough, in bytes; `nil` asks for the least one.
  ///   - searchWork: The most elementary steps of a layout's search.
  ///   - cancellation: Whoever may end the work.
  /// - Throws: ``PlanningError/layout(_:)``, ``PlanningError/cancelled``.
  /// - Complexity: That of the layout members.
  init(
    of actions: [LadderAction], _ residencies: Residencies, in model: LadderModel,
    layout: LayoutChoice, capacity: Int? = nil, searchWork: Int = 30_000_000,
    cancellation: CancellationFlag? = nil
  ) throws(PlanningError) {
    self.actions = actions
    self.residencies = residencies
    let alignment = model.map.model.alignment
    let stays = residencies.stays
    // A stay's chain begins with the one that takes over nothing; takers come later in the list.
    var chain = [Int](repeating: -1, count: stays.count)
    var buffers: [LayoutBuffer] = []
    var lives: [Range<Int>] = []
    var sizes: [Int] = []
    for (index, stay) in stays.enumerated() {
      if let taken = stay.takesOver {
        chain[index] = chain[taken]
        lives[chain[taken]] = lives[chain[taken]].lowerBound..<stay.last + 1
      } else {
        chain[index] = lives.count
        lives.append(stay.first..<stay.last + 1)
        sizes.append(model.bytes[stay.storage])
      }
    }
    for (life, size) in zip(lives, sizes) {
      buffers.append(LayoutBuffer(size: size, lifetime: life, alignment: alignment))
    }
    let steps = actions.indices.filter { step in
      actions[step].node.map { model.workspaces[$0.index] > 0 } ?? false
    }
    for step in steps {
      let size = actions[step].node.map { model.workspaces[$0.index] } ?? 0
      buffers.append(LayoutBuffer(size: size, lifetime: step..<step + 1, alignment: alignment))
    }
    let portfolio = LayoutPortfolio(
      members: layout.members(searchWork: searchWork), cancellation: cancellation,
      capacity: capacity)
    let report = try Self.report(buffers, portfolio)
    offsets = chain.map { report.solution.offsets[$0] }
    var workspaceOffsets = [Int?](repeating: nil, count: actions.count)
    for (index, step) in steps.enumerated() {
      workspaceOffsets[step] = report.solution.offsets[lives.count + index]
    }
    self.workspaceOffsets = workspaceOffsets
    arenaBytes = report.solution.height
    winner = report.winner ?? ""

    // The second memory has no budget; the quickest good member is enough.
    let waiting = residencies.second.indices.filter { !residencies.second[$0].isEmpty }
    let waitingReport = try Self.report(
      waiting.map {
        LayoutBuffer(
          size: model.bytes[$0], lifetime: residencies.second[$0], alignment: alignment)
      }, (LayoutChoice(name: "skyline") ?? layout).portfolio)
    var secondOffsets = [Int?](repeating: nil, count: model.storageCount)
    for (index, storage) in waiting.enumerated() {
      secondOffsets[storage] = waitingReport.solution.offsets[index]
    }
    self.secondOffsets = secondOffsets
    secondBytes = waitingReport.solution.height
  }

  private static func report(
    _ buffers: [LayoutBuffer], _ portfolio: LayoutPortfolio
  ) throws(PlanningError) -> LayoutReport {
    do throws(LayoutError) {
      return try portfolio.report(for: try LayoutProblem(buffers: buffers))
    } catch { throw PlanningError(error) }
  }
}
