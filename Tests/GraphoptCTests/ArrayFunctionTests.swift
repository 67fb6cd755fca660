// SPDX-License-Identifier: Apache-2.0
import CGraphopt
import TestSupport
import Testing

@Suite struct ArrayFunctionTests {
  private static func buffer(
    _ size: UInt64, _ lower: UInt64, _ upper: UInt64, alignment: UInt64 = 0,
    at offset: UInt64 = .max
  ) -> graphopt_buffer {
    graphopt_buffer(
      size: size, first_step: lower, end_step: upper, alignment: alignment, fixed_offset: offset)
  }

  @Test(arguments: 0..<20)
  func `a layout overlaps nowhere and is not below its bound`(seed: Int) throws {
    var generator = SeededGenerator(seed: seed)
    let buffers = (0..<40).map { _ in
      let start = UInt64.random(in: 0..<30, using: &generator)
      return Self.buffer(
        UInt64.random(in: 0..<1000, using: &generator), start,
        start + UInt64.random(in: 1..<10, using: &generator),
        alignment: [0, 1, 16, 64].randomElement(using: &generator) ?? 1)
    }
    var offsets = [UInt64](repeating: .max, count: buffers.count)
    var result = graphopt_layout_result()
    try call { graphopt_layout(buffers, buffers.count, nil, &offsets, &result, $0) }
    for (index, buffer) in buffers.enumerated() {
      #expect(offsets[index] % max(buffer.alignment, 1) == 0)
      #expect(offsets[index] + buffer.size <= result.height_bytes)
      for (other, second) in buffers[..<index].enumerated()
      where buffer.first_step < second.end_step && second.first_step < buffer.end_step {
        #expect(
          offsets[index] + buffer.size <= offsets[other]
            || offsets[other] + second.size <= offsets[index])
      }
    }
    #expect(result.lower_bound_bytes <= result.height_bytes)
  }

  @Test func `fixed buffers stay where they are`() throws {
    let buffers = [Self.buffer(64, 0, 2), Self.buffer(64, 0, 2, at: 128), Self.buffer(64, 1, 3)]
    var offsets = [UInt64](repeating: .max, count: 3)
    try call { graphopt_layout(buffers, 3, nil, &offsets, nil, $0) }
    #expect(offsets[1] == 128)
    #expect(Set([offsets[0], offsets[2]]) == [0, 64])
  }

  @Test func `layouts that cannot be are refused`() throws {
    var offsets = [UInt64](repeating: 0, count: 2)
    func message(_ buffers: [graphopt_buffer]) -> String {
      do {
        try call { graphopt_layout(buffers, buffers.count, nil, &offsets, nil, $0) }
        return ""
      } catch { return (error as? Refusal)?.message ?? "another error" }
    }
    #expect(
      message([Self.buffer(1, 2, 2)])
        == "buffer 0 lives from step 2 to before step 2, which is no lifetime")
    #expect(
      message([Self.buffer(1, 0, 1, alignment: 3)])
        == "buffer 0 has alignment 3, which is not a power of two")
    #expect(
      message([Self.buffer(8, 0, 1, at: 0), Self.buffer(8, 0, 1, at: 4)])
        == "buffers 1 and 0 are fixed to the same bytes at the same time")
    try call { graphopt_layout(nil, 0, nil, nil, nil, $0) }
  }

  @Test func `an order of bare nodes is the best there is`() throws {
    // Two producers of 100 bytes and their readers: run one pair after the other.
    let users: [UInt32] = [2, 3]
    var order = [UInt32](repeating: 9, count: 4)
    var result = graphopt_order_result()
    try users.withUnsafeBufferPointer { users in
      let first = users.baseAddress
      let values = [
        graphopt_value(bytes: 100, producer: 0, is_output: 0, users: first, user_count: 1),
        graphopt_value(
          bytes: 100, producer: 1, is_output: 0, users: first.map { $0 + 1 }, user_count: 1),
        graphopt_value(bytes: 1, producer: 2, is_output: 1, users: nil, user_count: 0),
        graphopt_value(bytes: 1, producer: 3, is_output: 1, users: nil, user_count: 0),
      ]
      try call { graphopt_order(4, values, values.count, nil, &order, &result, $0) }
    }
    #expect(order == [0, 2, 1, 3] || order == [1, 3, 0, 2])
    #expect(result.peak_bytes == 102)
    #expect(result.lower_bound_bytes == 102)
  }

  @Test func `orders that cannot be are refused`() throws {
    var order = [UInt32](repeating: 0, count: 2)
    let users: [UInt32] = [0]
    users.withUnsafeBufferPointer { users in
      let backwards = [
        graphopt_value(
          bytes: 1, producer: 1, is_output: 0, users: users.baseAddress, user_count: 1)
      ]
      #expect(
        throws: Refusal(
          status: GRAPHOPT_BAD_INPUT, message: "node '0' uses '0', which a later node makes")
      ) { try call { graphopt_order(2, backwards, 1, nil, &order, nil, $0) } }
    }
    let missing = [
      graphopt_value(bytes: 1, producer: 5, is_output: 0, users: nil, user_count: 0)
    ]
    #expect(throws: Refusal.self) {
      try call { graphopt_order(2, missing, 1, nil, &order, nil, $0) }
    }
  }
}
