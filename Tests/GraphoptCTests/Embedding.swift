// SPDX-License-Identifier: Apache-2.0
import CGraphopt
import Foundation
import Testing

/// What a call of the C interface said when it failed.
struct Refusal: Error, Equatable {
  let status: graphopt_status
  let message: String
}

/// Makes a call and throws what it says.
func call(_ body: (UnsafeMutablePointer<OpaquePointer?>) -> graphopt_status) throws {
  var error: OpaquePointer?
  let status = body(&error)
  guard status != GRAPHOPT_OK else {
    #expect(error == nil, "no error where a call succeeds")
    return
  }
  let object = try #require(error, "an error where a call fails")
  defer { graphopt_error_free(object) }
  #expect(graphopt_error_status(object) == status)
  throw Refusal(
    status: status, message: String(cString: try #require(graphopt_error_message(object))))
}

/// A chain of nodes built through the C interface.
final class Chain {
  let graph: OpaquePointer

  /// - Parameter sizes: The bytes of the values along the chain; the first is an input, the last an
  ///   output.
  init(_ sizes: [UInt64]) throws {
    var graph: OpaquePointer?
    try call { graphopt_graph_create("chain", &graph, $0) }
    self.graph = try #require(graph)
    var last: UInt32 = 0
    for (index, size) in sizes.enumerated() {
      let role =
        index == 0
        ? GRAPHOPT_ROLE_INPUT
        : index + 1 == sizes.count ? GRAPHOPT_ROLE_OUTPUT : GRAPHOPT_ROLE_ACTIVATION
      var tensor: UInt32 = 0
      try call { graphopt_graph_add_buffer(self.graph, "v\(index)", size, role, &tensor, $0) }
      if index > 0 {
        var node: UInt32 = 0
        try call {
          graphopt_graph_add_node(
            self.graph, "n\(index)", "Step", &last, 1, &tensor, 1, nil, 0, 0, &node, $0)
        }
        #expect(node == UInt32(index - 1))
      }
      last = tensor
    }
  }

  deinit { graphopt_graph_free(graph) }

  /// The plan under options, to be freed.
  func plan(_ options: OpaquePointer? = nil) throws -> OpaquePointer {
    var plan: OpaquePointer?
    try call { graphopt_plan_create(graph, options, &plan, $0) }
    return try #require(plan)
  }
}

/// The bytes of a plan in a format.
func emitted(_ plan: OpaquePointer, _ format: String) throws -> [UInt8] {
  var bytes: OpaquePointer?
  try call { graphopt_plan_emit(plan, format, &bytes, $0) }
  let object = try #require(bytes)
  defer { graphopt_bytes_free(object) }
  let data = try #require(graphopt_bytes_data(object))
  return Array(UnsafeRawBufferPointer(start: data, count: graphopt_bytes_size(object)))
}
