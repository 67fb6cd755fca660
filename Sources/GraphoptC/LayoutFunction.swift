// SPDX-License-Identifier: Apache-2.0
public import CGraphopt
import MemoryLayout
import Ordering

/// Lays buffers out.
@c(graphopt_layout)
public func layout(
  _ buffers: UnsafePointer<graphopt_buffer>?, _ count: Int, _ options: OpaquePointer?,
  _ offsets: UnsafeMutablePointer<UInt64>?,
  _ result: UnsafeMutablePointer<graphopt_layout_result>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> graphopt_status {
  call(error) { () throws(CallFailure) in
    var problem: [LayoutBuffer] = []
    problem.reserveCapacity(max(count, 0))
    for buffer in try elements(buffers, count, "buffers") {
      guard buffer.first_step < buffer.end_step else {
        throw CallFailure(
          GRAPHOPT_BAD_INPUT,
          "buffer \(problem.count) lives from step \(buffer.first_step) to before step "
            + "\(buffer.end_step), which is no lifetime")
      }
      problem.append(
        LayoutBuffer(
          size: try Int(buffer.size, "the size of buffer \(problem.count)"),
          lifetime: try Int(buffer.first_step, "a step")..<(try Int(buffer.end_step, "a step")),
          alignment: try Int(max(buffer.alignment, 1), "an alignment"),
          fixedOffset: buffer.fixed_offset == .max
            ? nil : try Int(buffer.fixed_offset, "a fixed offset")))
    }
    guard let offsets = offsets ?? (count == 0 ? UnsafeMutablePointer(bitPattern: 8) : nil) else {
      throw .isNull("offsets")
    }
    let options = OptionsHandle.orUsual(options)
    let deadline = options.limits.timeLimit.map { ContinuousClock.now + $0 }
    let portfolio = LayoutPortfolio(
      members: options.layout.members(searchWork: 30_000_000), deadline: deadline,
      cancellation: options.limits.cancellation)
    let report: LayoutReport
    do throws(LayoutError) {
      report = try portfolio.report(for: try LayoutProblem(buffers: problem))
    } catch { throw CallFailure(error) }
    for (index, offset) in report.solution.offsets.enumerated() { offsets[index] = UInt64(offset) }
    result?.pointee = graphopt_layout_result(
      height_bytes: UInt64(report.solution.height), lower_bound_bytes: UInt64(report.lowerBound))
  }
}
