// SPDX-License-Identifier: Apache-2.0

/// The number that a model's open dimension stands for, or that an input holds, as `--dim` gives it.
public struct DimensionBinding: Hashable, Sendable, CustomStringConvertible {
  /// The dimension: its name in the file, or `input:axis` for one without a name. Or an element of
  /// an input of whole numbers on which shapes depend: `input` of a single one, else
  /// `input[position]`.
  public let target: String
  /// The number of elements along the dimension, or the element.
  public let extent: Int

  /// Makes a binding. Whether the model has such a dimension shows when it is imported.
  public init(_ target: String, _ extent: Int) {
    self.target = target
    self.extent = extent
  }

  /// Parses `name=8` or `input:2=8`.
  ///
  /// - Throws: ``DimensionFault/notABinding(_:)`` when the text is no such thing, inside an
  ///   ``ImportError``.
  public init(parsing text: String) throws(ImportError) {
    guard let equals = text.lastIndex(of: "="), equals > text.startIndex,
      let extent = Int(text[text.index(after: equals)...])
    else { throw .dimensions(.notABinding(text)) }
    self.init(String(text[..<equals]), extent)
  }

  public var description: String { "\(target)=\(extent)" }
}

/// A dimension that the model leaves open.
public struct DynamicDimension: Hashable, Sendable {
  /// What binds it: its name in the file, or `input:axis` where it has none.
  public let target: String
  /// The axes of graph inputs that it stands at, as `input:axis`, in the order of the file.
  public internal(set) var places: [String]
  /// The names of other dimensions that it follows from, if it is a formula such as `past + 1`.
  public internal(set) var names: [String] = []
  /// Its number, once it is bound or follows.
  public internal(set) var extent: Int?

  /// A dimension at places of the model's inputs.
  public init(target: String, places: [String]) {
    self.target = target
    self.places = places
  }
}

/// Why the dimensions of a model's inputs cannot all be given numbers.
@nonexhaustive
public enum DimensionFault: Hashable, Sendable {
  /// Dimensions that no binding speaks of.
  case unbound([DynamicDimension])
  /// A binding speaks of no dimension of the model; the ones that there are.
  case unmatched(DimensionBinding, existing: [String])
  /// A binding gives a negative number, or one beyond all memory.
  case outOfRange(DimensionBinding)
  /// Two bindings give one dimension different numbers.
  case conflict(DimensionBinding, with: DimensionBinding)
  /// A binding speaks of a dimension for which the file gives another number.
  case fixed(DimensionBinding, extent: Int)
  /// A formula in place of a name comes to something else than what it is bound to.
  case contradiction(formula: String, places: [String], given: Int, by: [DimensionBinding])
  /// A formula in place of a name comes to no number of elements.
  case noExtent(formula: String, places: [String], by: [DimensionBinding])
  /// A text is no binding.
  case notABinding(String)
  /// A graph input of a type whose size no binding can give, such as a sequence.
  case unsizedInput(name: String)
}

extension DimensionFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unbound(let dimensions):
      let names = dimensions.map { dimension in
        dimension.places == [dimension.target]
          ? dimension.target.quoted
          : "\(dimension.target.quoted) (\(list(dimension.places)))"
      }
      let flags = dimensions.map { "--dim " + Self.shellWord("\($0.target)=…") }
      let count = dimensions.count
      return "\(count == 1 ? "a dimension is" : "\(count) dimensions are") not bound: "
        + "\(names.joined(separator: ", ")); say \(flags.joined(separator: " "))"
    case .unmatched(let binding, let existing):
      let known =
        existing.isEmpty
        ? "it has no open dimensions" : "it has \(list(existing))"
      return "the model has no dimension \(binding.target.quoted) to bind; \(known)"
    case .outOfRange(let binding):
      return
        "\(binding.description.quoted) does not give a dimension a number that can be counted"
    case .conflict(let binding, let other):
      return
        "\(binding.description.quoted) and \(other.description.quoted) give one dimension two numbers"
    case .fixed(let binding, let extent):
      return "\(binding.description.quoted) cannot be: the file says \(extent) there"
    case .contradiction(let formula, let places, let given, let bindings):
      return "\(formula.quoted) (\(list(places))) cannot be \(given) where "
        + bindings.map(\.description.quoted).joined(separator: " and ")
    case .noExtent(let formula, let places, let bindings):
      return "\(formula.quoted) (\(list(places))) is no number of elements where "
        + bindings.map(\.description.quoted).joined(separator: " and ")
    case .notABinding(let text):
      return
        "\(text.quoted) is not a binding; write name=8, or input:2=8 for an axis without a name"
    case .unsizedInput(let name):
      return "the file does not say how large input \(name.quoted) is, which is no tensor"
    }
  }

  private func list(_ names: [String]) -> String {
    names.map(\.quoted).joined(separator: ", ")
  }

  /// The text as one word of a shell.
  static func shellWord(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "_-.:/=…".unicodeScalars.contains(scalar)
    }
    return isPlain ? text : text.quoted
  }
}
