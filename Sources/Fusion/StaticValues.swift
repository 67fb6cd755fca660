// SPDX-License-Identifier: Apache-2.0

/// The elements of small constants, by the name of their tensor.
///
/// A graph knows that a constant is there and not what it holds. Whether two activations are the same
/// function, or a Gelu is one, depends on a few scalars; whoever read the graph hands them in.
public struct StaticValues: Sendable {
  private var values: [String: [Double]]

  /// - Parameter values: The elements of each tensor, row-major; numbers of any type as reals.
  public init(_ values: [String: [Double]] = [:]) { self.values = values }

  /// The elements of a tensor, if they are known.
  public subscript(name: String) -> [Double]? { values[name] }

  /// Adds a tensor.
  mutating func set(_ name: String, _ elements: [Double]) { values[name] = elements }
}
