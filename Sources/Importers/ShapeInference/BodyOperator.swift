// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// The operators that run graphs of their own, by name.
enum BodyOperator: String, CaseIterable, Sendable {
  case conditional = "If"
  case loop = "Loop"
  case scan = "Scan"
  case sequenceMap = "SequenceMap"
}

/// How much inference inside bodies may cost, so that graphs nested into each other, each run several
/// times, end.
struct BodyBudget {
  /// How many more nodes of bodies may be inferred.
  var nodes = 1 << 18
  /// How many of them by following a loop turn by turn.
  var unrolled = 1 << 16

  /// How much may be spent on one loop whose results are known without that, but not their elements.
  static let curiosity = 1 << 13
  /// How many turns of a loop are followed that nothing but a condition ends.
  static let openTurns = 1 << 10
  /// How often a loop's body is inferred until what it carries holds for every turn.
  static let passes = 6
}

/// What was inferred of a graph that a node runs.
struct InferredBody {
  /// The attribute that holds it.
  let attribute: String
  /// Its names and order.
  let structure: GraphStructure
  /// What is known of every name that is defined or used in it, in every run.
  var facts: [ONNXNameID: ValueFact]
  /// What was inferred of the bodies in it, by node.
  var bodies: [Int: InferredBodies]
}

/// What was inferred of all bodies of a node that may run.
struct InferredBodies {
  let kind: BodyOperator
  var bodies: [InferredBody]
  /// How often each runs, at most; `nil` where nothing says.
  var trips: Int? = 1
  /// How many branches of an If were left out because they cannot run with these shapes.
  var impossible = 0
}

extension InferredBody {
  /// What holds in every run of either.
  mutating func join(_ other: InferredBody) {
    for (name, fact) in other.facts {
      facts[name] = facts[name].map { $0.covering(fact) } ?? fact
    }
    for (node, more) in other.bodies {
      guard var known = bodies[node] else {
        bodies[node] = more
        continue
      }
      for body in more.bodies {
        if let index = known.bodies.firstIndex(where: { $0.attribute == body.attribute }) {
          known.bodies[index].join(body)
        } else {
          known.bodies.append(body)
        }
      }
      if let trips = known.trips, let others = more.trips {
        known.trips = max(trips, others)
      } else {
        known.trips = nil
      }
      known.impossible = max(known.impossible, more.impossible)
      bodies[node] = known
    }
  }
}

extension ValueFact {
  /// What is known of a value that is one of two: equal shapes and elements, else a bound of both;
  /// `nil` if there is none, as their types or numbers of axes differ.
  func joined(with other: ValueFact) -> ValueFact? {
    if self == other { return self }
    // What may be there is bounded by what is, and by what would be.
    if kind == .optional, other.kind != .optional { return other.joined(withContentOf: self) }
    if other.kind == .optional, kind != .optional { return joined(withContentOf: other) }
    guard kind == other.kind, elementType == other.elementType, rank == other.rank else {
      return nil
    }
    var result = self
    result.isUpperBound = isUpperBound || other.isUpperBound
    switch kind {
    case .tensor, .sparse:
      let least = zip(lowered.shape, other.lowered.shape).map { min($0, $1) }
      if shape != other.shape {
        result.isUpperBound = true
        result.shape = zip(shape, other.shape).map { max($0, $1) }
      }
      if result.shape != shape || value != other.value { result.value = nil }
      if result.value == nil || leastValue != other.leastValue { result.leastValue = nil }
      result.leastShape = result.isUpperBound ? least : nil
      if span != other.span { result.span = nil }
      result.settle()
      return (try? result.checkForm()) == nil ? nil : result
    case .sequence, .optional, .map:
      // The longer one bounds both, where they have members in common member by member.
      let longer = elements.count >= other.elements.count ? elements : other.elements
      if elements.count != other.elements.count { result.isUpperBound = true }
      result.elements = longer
      for index in 0..<min(elements.count, other.elements.count) {
        guard let member = elements[index].joined(with: other.elements[index]) else { return nil }
        result.elements[index] = member
        if member.isUpperBound { result.isUpperBound = true }
      }
      return result
    }
  }

  private func joined(withContentOf optional: ValueFact) -> ValueFact? {
    var result: ValueFact? = self
    if let content = optional.elements.first { result = joined(with: content) }
    result?.isUpperBound = true
    return result
  }

  /// A fact with room for either of two values, whose types may differ.
  func covering(_ other: ValueFact) -> ValueFact {
    if let joined = joined(with: other) { return joined }
    var larger = (bytes ?? .zero) >= (other.bytes ?? .zero) ? self : other
    larger.isUpperBound = true
    larger.value = nil
    (larger.leastShape, larger.leastValue) = (nil, nil)
    return larger
  }
}
