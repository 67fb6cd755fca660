// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import TestSupport
import Testing

@Suite struct LayoutValidatorTests {
  /// Three buffers: two live together, one comes later, one is fixed on top.
  ///
  ///     64 |   ####      fixed at 64, 16 bytes
  ///     32 | ###         8 bytes, steps 0..<3
  ///      0 | ### ###     32 bytes each, steps 0..<3 and 3..<6
  private let problem: LayoutProblem
  private let valid = LayoutSolution(offsets: [0, 32, 0, 64], height: 80)

  init() throws {
    problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 32, lifetime: 0..<3, alignment: 16),
      LayoutBuffer(size: 8, lifetime: 0..<3, alignment: 16),
      LayoutBuffer(size: 32, lifetime: 3..<6, alignment: 16),
      LayoutBuffer(size: 16, lifetime: 2..<5, alignment: 16, fixedOffset: 64),
    ])
  }

  private func violations(_ change: (inout LayoutSolution) -> Void) -> [LayoutViolation] {
    var solution = valid
    change(&solution)
    return LayoutValidator.violations(in: solution, of: problem)
  }

  @Test func `a valid layout breaks nothing`() {
    #expect(violations { _ in } == [])
  }

  @Test func `there has to be one offset for each buffer`() {
    #expect(violations { $0.offsets.removeLast() } == [.offsetCount(expected: 4, found: 3)])
    #expect(violations { $0.offsets.append(0) } == [.offsetCount(expected: 4, found: 5)])
  }

  @Test func `an offset may not be negative`() {
    #expect(violations { $0.offsets[1] = -16 } == [.outOfRange(buffer: 1, offset: -16)])
  }

  @Test func `an end has to fit`() {
    let offset = Int.max - 15
    #expect(violations { $0.offsets[0] = offset } == [.outOfRange(buffer: 0, offset: offset)])
  }

  @Test func `an offset has to be aligned`() {
    #expect(violations { $0.offsets[1] = 40 } == [.misaligned(buffer: 1, offset: 40)])
  }

  @Test func `a fixed buffer may not move`() {
    #expect(
      violations { $0.offsets[3] = 48 } == [
        .moved(buffer: 3, offset: 48), .wrongHeight(stated: 80, actual: 64),
      ])
  }

  @Test func `two live buffers may not share bytes`() {
    #expect(violations { $0.offsets[1] = 16 } == [.overlap(buffer: 1, other: 0)])
    #expect(violations { $0.offsets[2] = 48 } == [.overlap(buffer: 3, other: 2)])
  }

  @Test func `buffers of different steps may share bytes`() {
    #expect(violations { $0.offsets[2] = 32 } == [])
  }

  @Test func `the height has to be the highest end`() {
    #expect(violations { $0.height = 79 } == [.wrongHeight(stated: 79, actual: 80)])
    #expect(violations { $0.height = 81 } == [.wrongHeight(stated: 81, actual: 80)])
  }

  @Test func `everything that is wrong is said at once`() {
    #expect(
      violations { $0 = LayoutSolution(offsets: [8, 8, -1, 80], height: 0) } == [
        .misaligned(buffer: 0, offset: 8), .misaligned(buffer: 1, offset: 8),
        .outOfRange(buffer: 2, offset: -1), .moved(buffer: 3, offset: 80),
        .overlap(buffer: 1, other: 0), .wrongHeight(stated: 0, actual: 96),
      ])
  }

  @Test func `a buffer without bytes overlaps nothing`() throws {
    let problem = try LayoutProblem(buffers: [
      LayoutBuffer(size: 8, lifetime: 0..<3), LayoutBuffer(size: 0, lifetime: 1..<2, alignment: 4),
    ])
    func violations(_ offset: Int) -> [LayoutViolation] {
      LayoutValidator.violations(
        in: LayoutSolution(offsets: [0, offset], height: 8), of: problem)
    }
    #expect(violations(0) == [])
    #expect(violations(4) == [])
    #expect(violations(100) == [])
    #expect(violations(5) == [.misaligned(buffer: 1, offset: 5)])
  }

  @Test(arguments: 0..<200)
  func `overlaps are found exactly where comparing all pairs finds them`(seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let kind = RandomBuffers(steps: 2 + seed % 20, sizes: 1...12, hasEmpty: true)
    let buffers = kind.buffers(2 + seed % 25, seed: seed)
    let problem = try LayoutProblem(buffers: buffers)
    let offsets = buffers.map { _ in Int.random(in: 0...40 * (1 + seed % 5), using: &random) }
    var upper: Set<Int> = []
    var pairs: Set<[Int]> = []
    for a in buffers.indices where buffers[a].size > 0 {
      for b in buffers.indices where a != b && buffers[b].size > 0 {
        guard (offsets[b], b) < (offsets[a], a), offsets[b] + buffers[b].size > offsets[a],
          buffers[a].lower < buffers[b].upper, buffers[b].lower < buffers[a].upper
        else { continue }
        upper.insert(a)
        pairs.insert([a, b])
      }
    }
    var found: Set<Int> = []
    for violation in LayoutValidator.violations(
      in: LayoutSolution(offsets: offsets, height: 0), of: problem)
    {
      guard case .overlap(let buffer, let other) = violation else { continue }
      found.insert(buffer)
      #expect(pairs.contains([buffer, other]))
    }
    #expect(found == upper)
  }
}
