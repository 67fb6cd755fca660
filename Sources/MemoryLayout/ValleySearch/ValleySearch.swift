// SPDX-License-Identifier: Apache-2.0
import Cancellation

/// Decides whether a problem fits a capacity: an exact search over the valleys of the skyline, with
/// restarts.
///
/// A layout in which no buffer can be lowered is built from the bottom up: on a local minimum of the
/// skyline of floors either one of the unplaced buffers that can lie there does, or none does and the
/// floor rises to the next height at which one can. The cases exclude each other, so that no layout
/// is met twice.
struct ValleySearch {
  enum Outcome {
    /// An offset for each member of the instance.
    case found([Int])
    case infeasible
    case stopped
  }

  let instance: ValleyInstance
  let options: ValleyOptions

  private let preorders: [ValleyPreorder]

  init(_ instance: ValleyInstance, options: ValleyOptions = ValleyOptions()) {
    self.instance = instance
    self.options = options
    preorders = options.preorders.map { ValleyPreorder($0, of: instance) }
  }

  /// What came of a search, and what it cost.
  struct Result {
    var outcome: Outcome
    var nodeCount: Int
    var work: Int
  }

  /// Searches for a layout of at most a capacity.
  ///
  /// - Parameters:
  ///   - capacity: bytes.
  ///   - work: elementary steps after which to stop.
  ///   - stop: when to stop at the latest.
  func result(
    capacity: Int, work: Int, stop: StopCondition = StopCondition()
  ) -> Result {
    guard !options.rules.isEmpty, !options.preorders.isEmpty else {
      return Result(outcome: .stopped, nodeCount: 0, work: 0)
    }
    // No height in between can be met, and none above all buffers on top of each other is needed.
    let enough =
      (instance.base.max() ?? 0) + instance.size.reduce(0, +) + instance.alignment.reduce(0, +)
      + (instance.fixedOffset.max() ?? 0)
    let capacity = min(capacity, enough) / instance.heightUnit * instance.heightUnit
    var run = ValleyRun(
      instance, capacity: capacity, options: options, work: work, stop: stop)
    var generator = SplitMix64(seed: options.seed)
    var nodeLimit = options.restarts ? Double(2 * instance.count + 16) : 1e15
    var noise = 0.0
    var startCount = 0
    while true {
      for rule in options.rules {
        for preorder in preorders {
          let ranks = preorder.ranks(noise: noise, &generator)
          run.charge(8 * instance.count)
          // A choice among everything is better but costs more: by turns, where it costs much.
          let outcome = run.start(
            rank: ranks, rule: rule, nodeLimit: Int(nodeLimit),
            largeEntryCount: startCount % 2 == 0 ? 400_000 : 40_000)
          startCount += 1
          switch outcome {
          case .found: return result(of: run, .found(run.offsets))
          case .infeasible: return result(of: run, .infeasible)
          case .stopped: if run.isExhausted { return result(of: run, .stopped) }
          }
        }
      }
      nodeLimit = min(nodeLimit * max(1.01, options.growth), 1e15)
      noise = options.noise
    }
  }

  private func result(of run: borrowing ValleyRun, _ outcome: Outcome) -> Result {
    Result(outcome: outcome, nodeCount: run.nodeCount, work: run.state.work)
  }
}
