// SPDX-License-Identifier: Apache-2.0

/// How the results of one operator follow from its operands.
///
/// A rule covers every version of its operator; where versions differ it asks
/// ``OperatorContext/version``. It sets what it can tell of the outputs and leaves unknown what
/// only running the model tells.
struct OperatorRule: Sendable {
  typealias Body = @Sendable (inout OperatorContext) throws(OperatorFault) -> Void

  /// The operator's name in its domain.
  let type: String
  /// Whether known elements of the outputs never shrink when those of the inputs, or the inputs'
  /// extents, grow: then bounds of the inputs give bounds of the outputs.
  let isMonotone: Bool
  /// Whether the rule itself says what bounds the elements of the outputs from both sides.
  let hasRanges: Bool
  /// Sets the outputs.
  let infer: Body

  init(
    _ type: String, isMonotone: Bool = false, hasRanges: Bool = false, infer: @escaping Body
  ) {
    self.type = type
    self.isMonotone = isMonotone
    self.hasRanges = hasRanges
    self.infer = infer
  }

  /// The same rule for another operator.
  func named(_ type: String) -> OperatorRule {
    OperatorRule(type, isMonotone: isMonotone, hasRanges: hasRanges, infer: infer)
  }
}

/// Every rule, by domain and operator.
struct RuleTable: Sendable {
  private struct Key: Hashable {
    let domain: String
    let type: String
  }

  private var rules: [Key: OperatorRule] = [:]

  /// The rules of all families.
  static let standard: RuleTable = {
    var table = RuleTable()
    for family in OperatorFamilies.all {
      for rule in family.rules { table.add(rule, domain: family.domain) }
    }
    return table
  }()

  private mutating func add(_ rule: OperatorRule, domain: String) {
    let previous = rules.updateValue(rule, forKey: Key(domain: domain, type: rule.type))
    precondition(previous == nil, "operator \(rule.type) has one rule")
  }

  /// The rule of an operator, if there is one. Asked once per distinct operator of a model.
  func rule(domain: String, type: String) -> OperatorRule? {
    rules[Key(domain: domain, type: type)]
  }

  /// Every rule with its domain, by domain and name.
  var all: [(domain: String, rule: OperatorRule)] {
    rules.map { ($0.key.domain, $0.value) }
      .sorted { ($0.0, $0.1.type) < ($1.0, $1.1.type) }
  }
}
