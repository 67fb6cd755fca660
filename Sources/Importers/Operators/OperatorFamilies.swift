// SPDX-License-Identifier: Apache-2.0

/// The families of operators that have rules, each in a file of its own.
enum OperatorFamilies {
  /// Rules of one domain.
  struct Family: Sendable {
    var domain = ""
    let rules: [OperatorRule]
  }

  static let all: [Family] = [
    Family(rules: ElementwiseOperators.rules),
    Family(rules: ComparisonOperators.rules),
  ]
}
