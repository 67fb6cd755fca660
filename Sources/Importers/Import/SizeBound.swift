// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// The largest shape of a tensor whose size only running the model tells, as `--bound` gives it.
public struct SizeBound: Hashable, Sendable, CustomStringConvertible {
  /// The tensor's name in the file.
  public let tensor: String
  /// The most elements along each axis.
  public let shape: [Int]

  /// Makes a bound. Whether the model has such a tensor shows when it is imported.
  public init(_ tensor: String, _ shape: [Int]) {
    self.tensor = tensor
    self.shape = shape
  }

  /// Parses `boxes=100,4`; nothing behind the sign stands for a scalar.
  ///
  /// - Throws: ``BoundFault/notABound(_:)`` when the text is no such thing, inside an
  ///   ``ImportError``.
  public init(parsing text: String) throws(ImportError) {
    guard let equals = text.lastIndex(of: "="), equals > text.startIndex else {
      throw .bounds(.notABound(text))
    }
    var shape: [Int] = []
    let list = text[text.index(after: equals)...]
    if !list.isEmpty {
      for part in list.split(separator: ",", omittingEmptySubsequences: false) {
        guard let extent = Int(part), extent >= 0 else { throw .bounds(.notABound(text)) }
        shape.append(extent)
      }
    }
    self.init(String(text[..<equals]), shape)
  }

  public var description: String {
    "\(tensor)=\(shape.map(String.init).joined(separator: ","))"
  }
}

/// Why the bounds that are given cannot be used.
@nonexhaustive
public enum BoundFault: Hashable, Sendable {
  /// A text is no bound.
  case notABound(String)
  /// A bound speaks of no tensor of the model.
  case unmatched(SizeBound)
  /// A bound speaks of a tensor whose shape is known without.
  case exact(SizeBound, shape: [Int])
  /// A bound has another number of axes than its tensor; the tensor's shape as far as it is known.
  case rank(SizeBound, form: [Int?])
  /// A bound is below what a tensor has at least along an axis.
  case tooSmall(SizeBound, axis: Int, least: Int)
  /// A bound is beyond all memory.
  case tooLarge(SizeBound)
  /// Two bounds speak of one tensor.
  case conflict(SizeBound, with: SizeBound)
  /// Nothing tells what the elements of the tensor are, so its bytes cannot be counted.
  case untyped(SizeBound)
}

extension BoundFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notABound(let text):
      "\(text.quoted) is not a bound; write name=100,4 for a tensor of at most 100 by 4 elements"
    case .unmatched(let bound): "the model has no tensor \(bound.tensor.quoted) to bound"
    case .exact(let bound, let shape):
      "\(bound.description.quoted) cannot be: the tensor's shape is \(shape), whatever the data"
    case .rank(let bound, let form):
      "\(bound.description.quoted) has \(Self.axes(bound.shape.count)), "
        + "but the tensor has \(Self.axes(form.count)): \(Self.text(form))"
    case .tooSmall(let bound, let axis, let least):
      "\(bound.description.quoted) cannot be: axis \(axis) of the tensor has at least \(least) "
        + "elements, whatever the data"
    case .tooLarge(let bound):
      "\(bound.description.quoted) has more elements than can be counted"
    case .conflict(let bound, let other):
      "\(bound.description.quoted) and \(other.description.quoted) bound one tensor twice"
    case .untyped(let bound):
      "\(bound.description.quoted) cannot be used: nothing tells what the tensor's elements are"
    }
  }

  private static func axes(_ count: Int) -> String { count == 1 ? "1 axis" : "\(count) axes" }

  /// A shape as bounds are written, open extents as `…`.
  static func text(_ form: [Int?]) -> String {
    form.map { $0.map(String.init) ?? "…" }.joined(separator: ",")
  }
}

/// A tensor whose size only running the model tells, and for which nothing gives a bound.
public struct UnboundedTensor: Hashable, Sendable {
  /// The tensor's name.
  public let tensor: String
  /// Its shape, `nil` for extents that are not known; `nil` if even the number of axes is not.
  public let form: [Int?]?
  /// The operator that makes it.
  public let `operator`: String
  /// The name of the node that makes it.
  public let node: String
}

extension UnboundedTensor {
  /// The option that would give a bound, but for the numbers.
  var flag: String {
    "--bound " + DimensionFault.shellWord("\(tensor)=\(form.map(BoundFault.text) ?? "…")")
  }
}

/// What an import was told of the sizes of tensors, and what of that it could use.
///
/// A class, so that bodies of control flow, which are inferred by themselves, mark what they use
/// in the same place.
final class SizeBounds {
  private let bounds: [ONNXNameID: SizeBound]
  private var unused: Set<ONNXNameID>

  /// Looks up what bounds speak of.
  ///
  /// - Throws: ``BoundFault`` when that is no tensor of the model, or one is bounded twice.
  init(_ bounds: [SizeBound], names: ONNXNameTable) throws(ImportError) {
    var found: [ONNXNameID: SizeBound] = [:]
    for bound in bounds {
      guard let name = names.id(of: bound.tensor), name != .absent else {
        throw .bounds(.unmatched(bound))
      }
      if let other = found[name], other != bound {
        throw .bounds(.conflict(bound, with: other))
      }
      let fact = ValueFact(.uint8, bound.shape)
      guard (try? fact.checkForm()) != nil else { throw .bounds(.tooLarge(bound)) }
      found[name] = bound
    }
    self.bounds = found
    unused = Set(found.keys)
  }

  /// Whether there are any, which is asked for each node.
  var isEmpty: Bool { bounds.isEmpty }

  /// The bound of a tensor, if there is one.
  subscript(name: ONNXNameID) -> SizeBound? { bounds[name] }

  /// Gives the extents of a tensor of a known form by its bound, which is used up.
  ///
  /// - Parameter form: The extents that are known for certain; `nil` for others, or for all.
  /// - Throws: ``BoundFault`` when the bound does not fit the form.
  func shape(of name: ONNXNameID, form: [Int?]?) throws(ImportError) -> [Int]? {
    guard let bound = bounds[name] else { return nil }
    unused.remove(name)
    guard let form else { return bound.shape }
    guard form.count == bound.shape.count else {
      throw .bounds(.rank(bound, form: form))
    }
    for (axis, extent) in form.enumerated() {
      guard let extent else { continue }
      guard bound.shape[axis] >= extent else {
        throw .bounds(.tooSmall(bound, axis: axis, least: extent))
      }
    }
    return form.indices.map { form[$0] ?? bound.shape[$0] }
  }

  /// Gives the extents of a tensor whose size data decides by its bound, which is used up, and by
  /// what is derived, which holds, too.
  ///
  /// - Throws: ``BoundFault`` when the bound has another number of axes, or is below what every run
  ///   has.
  func shape(
    of name: ONNXNameID, between least: [Int]?, and most: [Int]
  ) throws(ImportError) -> [Int]? {
    let form = most.indices.map { axis in least?[axis] == most[axis] ? most[axis] : nil }
    guard let bound = bounds[name], let shape = try shape(of: name, form: form) else { return nil }
    for (axis, extent) in (least ?? []).enumerated() where shape[axis] < extent {
      throw .bounds(.tooSmall(bound, axis: axis, least: extent))
    }
    return zip(shape, most).map { min($0, $1) }
  }

  /// Refuses bounds of tensors whose shapes are known without.
  ///
  /// - Parameter fact: What is known of a name.
  func checkUse(_ fact: (ONNXNameID) -> ValueFact?) throws(ImportError) {
    for name in unused.sorted(by: { $0.index < $1.index }) {
      guard let bound = bounds[name] else { continue }
      if let shape = fact(name)?.shape { throw .bounds(.exact(bound, shape: shape)) }
      throw .bounds(.unmatched(bound))
    }
  }
}
