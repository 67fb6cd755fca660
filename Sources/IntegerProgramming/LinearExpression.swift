// SPDX-License-Identifier: Apache-2.0

/// A sum of coefficient times variable, plus a constant.
///
/// A variable may be named several times while an expression is built; `merged()` adds them up.
public struct LinearExpression: Hashable, Sendable {
  /// One coefficient and its variable.
  public struct Term: Hashable, Sendable {
    /// What is multiplied.
    public var variable: VariableID
    /// What it is multiplied by.
    public var coefficient: Double

    /// `coefficient * variable`.
    public init(_ coefficient: Double, _ variable: VariableID) {
      self.variable = variable
      self.coefficient = coefficient
    }
  }

  /// The terms, in the order they were added.
  public private(set) var terms: [Term]

  /// What is added to the terms.
  public var constant: Double

  /// The expression without terms.
  public init(constant: Double = 0) {
    terms = []
    self.constant = constant
  }

  /// One variable.
  public init(_ variable: VariableID) {
    terms = [Term(1, variable)]
    constant = 0
  }

  /// The sum of the given variables.
  public init(sumOf variables: some Sequence<VariableID>) {
    terms = variables.map { Term(1, $0) }
    constant = 0
  }

  /// Adds `coefficient * variable`.
  ///
  /// - Complexity: amortized O(1).
  public mutating func add(_ coefficient: Double, _ variable: VariableID) {
    terms.append(Term(coefficient, variable))
  }

  /// The same expression with each variable once, in ascending order, and without zeros.
  ///
  /// - Complexity: O(t log t) in the t terms.
  public func merged() -> LinearExpression {
    // The position breaks ties, so that equal variables add up in the order they were written.
    let order = terms.indices.sorted {
      (terms[$0].variable, $0) < (terms[$1].variable, $1)
    }
    var result = LinearExpression(constant: constant)
    result.terms.reserveCapacity(terms.count)
    for position in order {
      let term = terms[position]
      if let last = result.terms.last, last.variable == term.variable {
        result.terms[result.terms.count - 1].coefficient += term.coefficient
      } else {
        result.terms.append(term)
      }
    }
    result.terms.removeAll { $0.coefficient == 0 }
    return result
  }

  /// The value at a point given by one number a variable.
  ///
  /// - Precondition: every variable is an index of `values`.
  public func value(at values: [Double]) -> Double {
    var sum = constant
    for term in terms { sum += term.coefficient * values[term.variable.index] }
    return sum
  }

  /// Adds an expression.
  public static func += (a: inout LinearExpression, b: LinearExpression) {
    a.terms += b.terms
    a.constant += b.constant
  }

  /// Subtracts an expression.
  public static func -= (a: inout LinearExpression, b: LinearExpression) {
    for term in b.terms { a.add(-term.coefficient, term.variable) }
    a.constant -= b.constant
  }

  /// The sum of two expressions.
  ///
  /// - Complexity: linear in the terms of both; in loops use `+=`.
  public static func + (a: LinearExpression, b: LinearExpression) -> LinearExpression {
    var sum = a
    sum += b
    return sum
  }

  /// The difference of two expressions.
  public static func - (a: LinearExpression, b: LinearExpression) -> LinearExpression {
    var difference = a
    difference -= b
    return difference
  }
}

extension VariableID {
  /// One term.
  public static func * (factor: Double, variable: VariableID) -> LinearExpression {
    var product = LinearExpression()
    product.add(factor, variable)
    return product
  }
}
