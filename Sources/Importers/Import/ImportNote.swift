// SPDX-License-Identifier: Apache-2.0

/// Something that the importer did, with how often.
@nonexhaustive
public enum ImportNote: Hashable, Sendable {
  /// Calls of the model's functions were replaced by what those do.
  case inlinedCalls(Int)
  /// Nodes that stood behind others that need them were moved up.
  case sortedNodes(Int)
  /// `Constant` nodes became constants.
  case constantNodes(Int)
  /// Shapes were taken from the file because no rule tells them.
  case statedShapes(Int)
  /// Tensors whose size is an upper bound of what data decides.
  case upperBounds(Int)
  /// Tensors of strings, whose characters are not counted.
  case strings(Int)
  /// Initializers are stored more than once under one name; the last one counts.
  case repeatedInitializers([String])
  /// The file states types or shapes that cannot be; what is inferred counts.
  case wrongShapes([WrongValueInfo])
  /// Nodes, none of whose results anything uses. They run all the same.
  case unusedNodes([String])
  /// Initializers that nothing uses. They are kept in memory all the same.
  case unusedInitializers([String])
  /// Data in other files that is not where the model says, or may not be read there.
  case externalData([ExternalDataFault])
  /// Nodes that run graphs of their own, whose memory is not part of the plan.
  case uncountedBodies(Int)
  /// Branches of If nodes that cannot run with these shapes.
  case impossibleBranches(Int)

  /// How often.
  public var count: Int {
    switch self {
    case .sortedNodes(let count), .constantNodes(let count), .statedShapes(let count),
      .upperBounds(let count), .strings(let count), .uncountedBodies(let count),
      .inlinedCalls(let count), .impossibleBranches(let count):
      count
    case .repeatedInitializers(let names), .unusedNodes(let names), .unusedInitializers(let names):
      names.count
    case .wrongShapes(let infos): infos.count
    case .externalData(let faults): faults.count
    }
  }
}

extension ImportNote: CustomStringConvertible {
  public var description: String {
    /// A few of a list, and how many more there are.
    func some(_ list: [String]) -> String {
      let few = list.prefix(3).joined(separator: ", ")
      return list.count > 3 ? "\(few) and \(list.count - 3) more" : few
    }
    func many(_ count: Int, _ one: String, _ several: String) -> String {
      "\(count) \(count == 1 ? one : several)"
    }
    return switch self {
    case .sortedNodes(let count):
      "\(many(count, "node was", "nodes were")) moved up: the file is not in an order of execution"
    case .constantNodes(let count):
      "\(many(count, "Constant node", "Constant nodes")) became constants"
    case .repeatedInitializers(let names):
      "\(many(names.count, "initializer is", "initializers are")) stored more than once, the last "
        + "one counts: \(some(names.map(\.quoted)))"
    case .wrongShapes(let infos):
      "the file states \(infos.count == 1 ? "a wrong shape or type" : "\(infos.count) wrong shapes or types"), "
        + "what is inferred counts: \(some(infos.map(\.description)))"
    case .unusedNodes(let names):
      "nothing uses what \(many(names.count, "node makes", "nodes make")): \(some(names.map(\.quoted)))"
    case .unusedInitializers(let names):
      "nothing uses \(many(names.count, "initializer", "initializers")), counted all the same: "
        + some(names.map(\.quoted))
    case .externalData(let faults):
      "data in other files, which is not read, is not as the model says: "
        + some(faults.map(\.description))
    case .statedShapes(let count):
      "\(many(count, "shape was", "shapes were")) taken from the file: no rule tells them"
    case .upperBounds(let count):
      "\(many(count, "tensor's size is an upper bound", "tensors' sizes are upper bounds")) "
        + "of what data decides"
    case .strings(let count):
      "\(many(count, "tensor holds", "tensors hold")) strings, whose characters are not counted"
    case .uncountedBodies(let count):
      "the plan is too low by what runs inside \(many(count, "node", "nodes")) with a body "
        + "(If, Loop, Scan), where not all shapes are known"
    case .inlinedCalls(let count):
      "\(many(count, "call of a function was", "calls of functions were")) replaced by what "
        + "\(count == 1 ? "it does" : "they do")"
    case .impossibleBranches(let count):
      "\(many(count, "branch of an If cannot", "branches of If nodes cannot")) run with these shapes "
        + "and \(count == 1 ? "is" : "are") left out"
    }
  }
}

/// What a file states of a value that cannot be so.
public struct WrongValueInfo: Hashable, Sendable, CustomStringConvertible {
  /// The value's name.
  public let tensor: String
  /// The element type that the file states.
  public let elementType: String
  /// The shape that the file states, `nil` for what it leaves open.
  public let shape: [Int?]
  /// What is inferred: type and shape, or its upper bound.
  public let inferred: String
  /// Whether what is inferred is an upper bound.
  public let isBound: Bool

  public var description: String {
    let stated = shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
    return "\(tensor.quoted) is \(isBound ? "at most " : "")\(inferred), "
      + "the file says \(elementType)[\(stated)]"
  }
}
