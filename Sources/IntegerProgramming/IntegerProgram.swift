// SPDX-License-Identifier: Apache-2.0

/// The dense index of a variable within the program that made it.
public struct VariableID: Hashable, Comparable, Sendable {
  /// The position in order of addition, from zero.
  public let rawValue: Int32

  /// The element at a position.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Whether `a` was added before `b`.
  public static func < (a: VariableID, b: VariableID) -> Bool { a.rawValue < b.rawValue }

  /// The position as an array index.
  public var index: Int { Int(rawValue) }
}

/// The dense index of a constraint within the program that made it.
public struct ConstraintID: Hashable, Comparable, Sendable {
  /// The position in order of addition, from zero.
  public let rawValue: Int32

  /// The element at a position.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Whether `a` was added before `b`.
  public static func < (a: ConstraintID, b: ConstraintID) -> Bool { a.rawValue < b.rawValue }

  /// The position as an array index.
  public var index: Int { Int(rawValue) }
}

/// A mixed integer linear program as a value: named variables with bounds, named linear
/// constraints, one linear objective.
///
/// Nothing is checked while a program is built, so that building stays cheap and cannot fail;
/// `validate()` says what is wrong with it, and solvers call that before they start. Equal
/// sequences of calls make equal programs.
public struct IntegerProgram: Hashable, Sendable {
  /// What values a variable may take within its bounds.
  public enum Kind: Hashable, Sendable {
    /// Any real number.
    case continuous
    /// Any whole number.
    case integer
    /// 0 or 1; further bounds can fix it.
    case binary
  }

  /// A variable's name, kind and inclusive bounds; an infinite bound is none.
  public struct Variable: Hashable, Sendable {
    /// What LP text calls it; needs not be unique.
    public var name: String
    /// Which values it may take.
    public var kind: Kind
    /// The inclusive lower bound.
    public var lower: Double
    /// The inclusive upper bound.
    public var upper: Double
  }

  /// How the two sides of a constraint compare.
  public enum Relation: Hashable, Sendable {
    /// Left <= right.
    case atMost
    /// Left = right.
    case equal
    /// Left >= right.
    case atLeast
  }

  /// One row: `terms relation rightHandSide`, each variable at most once, in ascending order.
  public struct Constraint: Hashable, Sendable {
    /// What LP text calls it; needs not be unique.
    public var name: String
    /// The left side; the indices are those of a larger array.
    public var terms: ArraySlice<LinearExpression.Term>
    /// How the sides compare.
    public var relation: Relation
    /// The right side.
    public var rightHandSide: Double
  }

  /// Which end of the objective is wanted.
  public enum Sense: Hashable, Sendable {
    /// The smallest value.
    case minimize
    /// The largest value.
    case maximize
  }

  /// The name the program has in LP text and in reports.
  public var name: String

  /// All variables, indexed by `VariableID`.
  public private(set) var variables: [Variable] = []

  /// The direction of the objective.
  public private(set) var sense: Sense = .minimize

  /// The objective, each variable at most once, in ascending order.
  public private(set) var objective = LinearExpression()

  private var constraintNames: [String] = []
  private var relations: [Relation] = []
  private var rightHandSides: [Double] = []
  private var rowStarts: [Int] = [0]

  /// The terms of all constraints, row after row.
  private var rowTerms: [LinearExpression.Term] = []

  /// An empty program: minimize nothing.
  public init(name: String = "") { self.name = name }

  /// Adds a variable.
  ///
  /// - Parameters:
  ///   - name: what LP text and errors call it; needs not be unique.
  ///   - kind: its values; a binary's bounds are cut to 0...1.
  ///   - lower: the inclusive lower bound, `-.infinity` for none.
  ///   - upper: the inclusive upper bound, `.infinity` for none.
  /// - Complexity: amortized O(1).
  @discardableResult
  public mutating func addVariable(
    _ name: String, kind: Kind = .continuous, from lower: Double = 0, to upper: Double = .infinity
  ) -> VariableID {
    precondition(variables.count < Int(Int32.max), "a program has at most 2^31 - 1 variables")
    var variable = Variable(name: name, kind: kind, lower: lower, upper: upper)
    if kind == .binary {
      // Written so that a NaN survives until validation.
      if lower < 0 { variable.lower = 0 }
      if upper > 1 { variable.upper = 1 }
    }
    variables.append(variable)
    return VariableID(rawValue: Int32(variables.count - 1))
  }

  /// Adds `expression relation bound` as a row, with the expression's constant moved to the right.
  ///
  /// - Complexity: O(t log t) in the expression's t terms.
  @discardableResult
  public mutating func addConstraint(
    _ name: String, _ expression: LinearExpression, _ relation: Relation, _ bound: Double
  ) -> ConstraintID {
    precondition(relations.count < Int(Int32.max), "a program has at most 2^31 - 1 constraints")
    let merged = expression.merged()
    rowTerms += merged.terms
    rowStarts.append(rowTerms.count)
    constraintNames.append(name)
    relations.append(relation)
    rightHandSides.append(bound - merged.constant)
    return ConstraintID(rawValue: Int32(relations.count - 1))
  }

  /// Sets the objective, in place of the one before.
  public mutating func setObjective(_ sense: Sense, _ expression: LinearExpression) {
    self.sense = sense
    objective = expression.merged()
  }

  /// Sets both bounds of a variable to `value`.
  ///
  /// - Precondition: the variable is one of this program.
  public mutating func fix(_ variable: VariableID, to value: Double) {
    variables[variable.index].lower = value
    variables[variable.index].upper = value
  }

  /// The number of constraints.
  public var constraintCount: Int { relations.count }

  /// The number of non-zero coefficients in all constraints together.
  public var coefficientCount: Int { rowTerms.count }

  /// A constraint by position, in order of addition.
  ///
  /// - Precondition: `index` is in `0..<constraintCount`.
  public func constraint(_ index: Int) -> Constraint {
    Constraint(
      name: constraintNames[index], terms: rowTerms[rowStarts[index]..<rowStarts[index + 1]],
      relation: relations[index], rightHandSide: rightHandSides[index])
  }
}
