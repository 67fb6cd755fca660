// SPDX-License-Identifier: Apache-2.0
public import CGraphopt
import GraphIR
import Ordering
import Planning

/// Orders nodes of which only the values between them are known.
@c(graphopt_order)
public func order(
  _ nodeCount: Int, _ values: UnsafePointer<graphopt_value>?, _ valueCount: Int,
  _ options: OpaquePointer?, _ order: UnsafeMutablePointer<UInt32>?,
  _ result: UnsafeMutablePointer<graphopt_order_result>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    guard nodeCount >= 0 else {
      throw .isTooLarge("the count of nodes", UInt64(UInt(bitPattern: nodeCount)))
    }
    var bare: [BareValue] = []
    for value in try elements(values, valueCount, "values") {
      let users = try elements(value.users, value.user_count, "users").map { Int($0) }
      bare.append(
        BareValue(
          bytes: ByteCount(try Int(value.bytes, "the size of value \(bare.count)")),
          producer: value.producer == UInt32.max ? nil : Int(value.producer), users: users,
          isOutput: value.is_output != 0))
    }
    guard let order = order ?? (nodeCount == 0 ? UnsafeMutablePointer(bitPattern: 8) : nil) else {
      throw .isNull("order")
    }
    let options = OptionsHandle.orUsual(options)
    let graph: Graph
    do throws(GraphError) {
      graph = try Graph(nodeCount: nodeCount, values: bare)
    } catch { throw CallFailure(error) }
    let problem = SchedulingProblem(graph, model: MemoryModel(alignment: options.alignment ?? 1))
    let found: OrderingResult.Candidate
    let bound: LowerBound
    do throws(OrderingError) {
      (found, bound) = try options.order.order(for: problem, limits: options.limits)
    } catch { throw CallFailure(error) }
    for (index, node) in found.schedule.order.enumerated() { order[index] = UInt32(node.index) }
    result?.pointee = graphopt_order_result(
      peak_bytes: UInt64(found.peakBytes), lower_bound_bytes: UInt64(bound.bytes))
  }
}
