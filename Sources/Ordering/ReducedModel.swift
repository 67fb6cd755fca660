// SPDX-License-Identifier: Apache-2.0

/// A smaller model whose best order is a best order of the given one.
///
/// Every step is exact: the least peak stays what it is, an order of the reduced model expands to
/// one of the given model with the same peak, and an order of the given model restricts to one of
/// the reduced model whose peak is no higher.
struct ReducedModel {
  /// Which rules are used; each can be left out to measure or test it.
  struct Rules: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    /// ``CertainTakeovers``.
    static let certainTakeovers = Rules(rawValue: 1)
    /// ``Contraction``.
    static let contraction = Rules(rawValue: 2)
    /// ``LazyOperators``.
    static let lazyOperators = Rules(rawValue: 4)
    /// All rules.
    static let all: Rules = [.certainTakeovers, .contraction, .lazyOperators]
  }

  /// What is left to order.
  let model: OrderModel
  private var steps: [Step] = []

  private enum Step {
    case contraction(Contraction)
    case lazyOperators(LazyOperators)
  }

  /// More rounds than this change nothing that matters.
  private static let roundLimit = 4

  /// Reduces a model, round by round until nothing changes.
  ///
  /// - Complexity: near-linear in the model; see the rules.
  init(_ given: OrderModel, rules: Rules = .all) {
    var model = rules.contains(.certainTakeovers) ? CertainTakeovers.merged(given) : given
    for _ in 0..<Self.roundLimit {
      let count = steps.count
      if rules.contains(.contraction), let step = Contraction(of: model) {
        steps.append(.contraction(step))
        model = step.model
      }
      if rules.contains(.lazyOperators), let step = LazyOperators(of: model) {
        steps.append(.lazyOperators(step))
        model = step.model
      }
      if steps.count == count { break }
    }
    self.model = model
  }

  /// An order of the reduced model as one of the given model.
  func expanded(_ order: [Int]) -> [Int] {
    steps.reversed().reduce(order) { order, step in
      switch step {
      case .contraction(let step): step.expanded(order)
      case .lazyOperators(let step): step.expanded(order)
      }
    }
  }

  /// An order of the given model as one of the reduced model.
  func restricted(_ order: [Int]) -> [Int] {
    steps.reduce(order) { order, step in
      switch step {
      case .contraction(let step): step.restricted(order)
      case .lazyOperators(let step): step.restricted(order)
      }
    }
  }

  /// The operator of the given model that costs most among those an operator stands for.
  func lead(of operation: Int) -> Int {
    steps.reversed().reduce(operation) { operation, step in
      switch step {
      case .contraction(let step): step.lead(of: operation)
      case .lazyOperators(let step): step.original(of: operation)
      }
    }
  }
}
