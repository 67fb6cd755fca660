// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// How queries, keys and values are cut into heads.
///
/// Queries come as (batch, steps, heads · width), or with keys and values packed behind them in the
/// same rows.
struct AttentionHeads {
  /// The heads of queries.
  let queries: Int
  /// The heads of keys and values, which groups of query heads share.
  let keys: Int
  /// The width of one head of queries and keys.
  let width: Int

  /// Reads `num_heads` and `kv_num_heads` and finds the width of a head.
  ///
  /// - Parameter packed: What queries hold the rows of, or the rows of keys and values, too.
  init(rows: Int, isPacked: Bool, _ context: OperatorContext) throws(OperatorFault) {
    guard let queries = try context.int("num_heads") else { throw .missingAttribute("num_heads") }
    let keys = try context.int("kv_num_heads") ?? queries
    guard queries > 0, keys > 0, queries <= OperatorContext.extentLimit,
      keys <= OperatorContext.extentLimit
    else { throw .attributeValue("num_heads") }
    let heads = isPacked ? queries + 2 * keys : queries
    guard rows % heads == 0 else { throw .attributeValue("num_heads") }
    self.queries = queries
    self.keys = keys
    width = rows / heads
  }

  /// The width of all query heads together.
  var rows: Int {
    get throws(OperatorFault) { try Extents.product(queries, width) }
  }
}
