// SPDX-License-Identifier: Apache-2.0

import HeapModule

/// What must run again behind one moment, with all that its operands ask for: a lower bound by minimum
/// cuts.
///
/// While a node runs for the first time, what was made before and is used later is in the arena, or its
/// maker runs again behind it; and then what the maker reads is in the arena, or made again behind it, too.
/// Where storages may be spilled, each of them may also be fetched behind the node. With a price for each
/// byte that is kept, the cheapest choice is a minimum cut (``RecomputeChoices``), as in PyTorch's
/// partitioner of joint graphs, but with makers that have a price. The bytes that may be kept have a limit,
/// which is relaxed; what the relaxation leaves open is decided one by one (branch and bound, smallest
/// bound first).
struct RecomputeCut {
  /// A lower bound in floating-point operations; `nil` where no choice keeps the budget.
  private(set) var flops: Int?
  /// The cheapest choice found that keeps the budget, and those that the relaxation lies between.
  private(set) var choices: [RecomputeChoices.Choice]

  /// What is decided, and what is to be next.
  private struct Branch: Comparable {
    var flops: Int
    var number: Int
    var decided: [(subject: RecomputeChoices.Subject, answer: Bool)]
    var next: RecomputeChoices.Subject

    static func < (a: Branch, b: Branch) -> Bool { (a.flops, a.number) < (b.flops, b.number) }
    static func == (a: Branch, b: Branch) -> Bool { a.number == b.number }
  }

  /// - Parameters:
  ///   - budget: Of the arena, in bytes.
  ///   - known: Operations of some plan; no more are proved, but that no choice keeps the budget.
  ///   - work: Arcs that are looked at, beside those of the first relaxation.
  ///   - branches: How many more relaxations there are at most.
  /// - Complexity: O(nodes + operands), and some minimum cuts for each branch.
  init(
    at moment: RecomputeMoment, in model: LadderModel, costs: CostModel, within budget: Int,
    known: Int, work: Int = 0, branches: Int = .max, by means: LadderMeans = .recomputing
  ) {
    var network = RecomputeChoices(at: moment, in: model, costs: costs, by: means)
    let limit = budget - network.fixedBytes
    let root = network.relaxed(keeping: limit, known: known)
    flops = root.flops
    choices = [root.cheap, root.dear].compactMap { $0 }
    guard work > 0, let least = root.flops, let cheap = root.cheap, least < cheap.flops,
      let next = Self.next(root, network)
    else { return }
    var best = network.rounded(root, keeping: limit) ?? cheap
    var open = Heap([Branch(flops: least, number: 0, decided: [], next: next)])
    var count = 1
    // The smallest bound of what is not looked at any further.
    var closed = known
    while let branch = open.popMin() {
      guard branch.flops < min(best.flops, closed), count <= branches,
        count * network.size * Self.cuts < work
      else {
        closed = min(closed, branch.flops)
        break
      }
      for answer in [true, false] {
        let decided = branch.decided + [(branch.next, answer)]
        for (subject, answer) in decided { network.decide(subject, answer) }
        let now = network.relaxed(keeping: limit, known: known)
        let next = Self.next(now, network)
        for (subject, _) in decided { network.decide(subject, nil) }
        count += 1
        guard let flops = now.flops, let cheap = now.cheap else { continue }
        if cheap.flops < best.flops { best = cheap }
        let bound = max(branch.flops, flops)
        guard let next else {
          // Nothing is open; the bound is that choice, rounding aside.
          closed = min(closed, bound)
          continue
        }
        open.insert(Branch(flops: bound, number: count, decided: decided, next: next))
      }
    }
    flops = max(least, min(best.flops, closed))
    if best.flops < choices[0].flops { choices.insert(best, at: 0) }
  }

  /// About how many cuts a relaxation takes.
  private static let cuts = 10

  /// What the two choices of a relaxation do not agree about.
  private static func next(
    _ relaxed: RecomputeChoices.Relaxed, _ network: RecomputeChoices
  ) -> RecomputeChoices.Subject? {
    guard let dear = relaxed.dear, let cheap = relaxed.cheap else { return nil }
    return network.difference(of: dear, cheap)
  }
}
