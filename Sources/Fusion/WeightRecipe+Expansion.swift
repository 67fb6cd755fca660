// SPDX-License-Identifier: Apache-2.0

extension WeightRecipe {
  /// The same weight made of stored ones alone, where it is made of weights that are new themselves.
  ///
  /// - Parameter recipes: How those are made, by name.
  /// - Precondition: New matrices and vectors are taken whole and unscaled, which holds for merges of
  ///   projections.
  func expanded(by recipes: [String: WeightRecipe]) -> WeightRecipe {
    switch content {
    case .matrix(let parts, .columns, let isTransposed):
      var expanded: [MatrixPart] = []
      for part in parts {
        guard let inner = recipes[part.source] else {
          expanded.append(part)
          continue
        }
        guard case .matrix(let innerParts, .columns, _) = inner.content,
          part.range == 0..<part.columns, part.rowScale == nil, part.columnScale == nil
        else { preconditionFailure("a new matrix is taken whole") }
        expanded += innerParts
      }
      return WeightRecipe(
        name: name, elementType: elementType, shape: shape,
        content: .matrix(parts: expanded, along: .columns, isTransposed: isTransposed))
    case .vector(let parts):
      var expanded: [VectorPart] = []
      for part in parts {
        guard part.terms.count == 1, case .vector(let source, let range, nil) = part.terms[0],
          let inner = recipes[source]
        else {
          expanded.append(part)
          continue
        }
        guard case .vector(let innerParts) = inner.content, range == 0..<part.count else {
          preconditionFailure("a new vector is taken whole")
        }
        expanded += innerParts
      }
      return WeightRecipe(
        name: name, elementType: elementType, shape: shape, content: .vector(expanded))
    case .matrix, .fill, .integers: return self
    }
  }
}
