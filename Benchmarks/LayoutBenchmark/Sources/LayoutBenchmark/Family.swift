// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// Kinds of generated problems. The same kind, size and seed give the same buffers on every machine.
enum Family: String, CaseIterable {
  /// A full arena cut by random straight cuts: it can be packed without a hole.
  case cut
  /// The same, with a tenth of the buffers fixed where the cuts left them.
  case pinned
  /// The same, with alignments of 1 to 4096 bytes, as the place in the cut arena allows.
  case aligned
  /// The steps of deep training: activations that live from forward to backward, gradients that live
  /// to the end, temporaries on both sides.
  case training
  /// Mixed alignments in such a step: sizes are no multiples of them.
  case ragged
  /// A few buffers that live long among many that live some steps.
  case mixture
  /// The same, with some of the long-lived ones fixed, far above each other.
  case islands
  /// Short lives only, with nearly the same load at every step.
  case chain

  /// About `count` buffers.
  func buffers(_ count: Int, seed: UInt64) -> [LayoutBuffer] {
    var random = SeededGenerator(state: seed &* 1000 &+ UInt64(count))
    switch self {
    case .cut: return Self.fullArena(count, &random).map(\.buffer)
    case .pinned:
      return Self.fullArena(count, &random).map { piece in
        var buffer = piece.buffer
        if Int.random(in: 0..<10, using: &random) == 0 { buffer.fixedOffset = piece.offset }
        return buffer
      }
    case .aligned:
      return Self.fullArena(count, &random).map { piece in
        var buffer = piece.buffer
        let most = 1 << min(12, piece.offset.trailingZeroBitCount)
        buffer.alignment = 1 << Int.random(in: 0...most.trailingZeroBitCount, using: &random)
        return buffer
      }
    case .training: return Self.training(count, alignments: [64], granule: 64, &random)
    case .ragged: return Self.training(count, alignments: [1, 16, 64, 512], granule: 1, &random)
    case .mixture: return Self.mixture(count, fixesSome: false, &random)
    case .islands: return Self.mixture(count, fixesSome: true, &random)
    case .chain:
      return (0..<count).map { step in
        let life = step..<step + Int.random(in: 2...40, using: &random)
        return LayoutBuffer(size: Self.size(&random), lifetime: life)
      }
    }
  }

  /// The same as a problem.
  func problem(_ count: Int, seed: UInt64) -> LayoutProblem {
    do {
      return try LayoutProblem(buffers: buffers(count, seed: seed))
    } catch {
      preconditionFailure("a family makes valid problems: \(error)")
    }
  }

  private static func size(_ random: inout SeededGenerator) -> Int {
    // As often small as large, over four orders of magnitude.
    let scale = 64 << Int.random(in: 0...13, using: &random)
    return Int.random(in: scale...2 * scale, using: &random)
  }

  private static func fullArena(
    _ count: Int, _ random: inout SeededGenerator
  ) -> [(buffer: LayoutBuffer, offset: Int)] {
    var pieces: [(steps: Range<Int>, bytes: Range<Int>)] = [(0..<2 * count, 0..<count << 12)]
    while pieces.count < count {
      let position = Int.random(in: 0..<pieces.count, using: &random)
      let piece = pieces[position]
      if Bool.random(using: &random), piece.steps.count > 1 {
        let cut = Int.random(
          in: piece.steps.lowerBound + 1..<piece.steps.upperBound, using: &random)
        pieces[position].steps = piece.steps.lowerBound..<cut
        pieces.append((cut..<piece.steps.upperBound, piece.bytes))
      } else if piece.bytes.count > 1 {
        let cut = Int.random(
          in: piece.bytes.lowerBound + 1..<piece.bytes.upperBound, using: &random)
        pieces[position].bytes = piece.bytes.lowerBound..<cut
        pieces.append((piece.steps, cut..<piece.bytes.upperBound))
      }
    }
    return pieces.map {
      (LayoutBuffer(size: $0.bytes.count, lifetime: $0.steps), $0.bytes.lowerBound)
    }
  }

  private static func training(
    _ count: Int, alignments: [Int], granule: Int, _ random: inout SeededGenerator
  ) -> [LayoutBuffer] {
    let layers = max(1, count / 4)
    var buffers: [LayoutBuffer] = []
    for layer in 0..<layers {
      let forward = 2 * layer
      let backward = 4 * layers - 2 * layer
      let lives = [
        forward..<backward, forward..<forward + 2, backward - 2..<backward + 1,
        // Every eighth gradient waits for the optimizer.
        backward..<(layer % 8 == 0 ? 4 * layers + 2 : backward + 2),
      ]
      for life in lives {
        let size = Int.random(in: 1...1 << 18, using: &random) / granule * granule + granule
        let alignment = alignments.randomElement(using: &random) ?? 1
        buffers.append(LayoutBuffer(size: size, lifetime: life, alignment: alignment))
      }
    }
    return buffers
  }

  private static func mixture(
    _ count: Int, fixesSome: Bool, _ random: inout SeededGenerator
  ) -> [LayoutBuffer] {
    var top = 0
    return (0..<count).map { _ in
      let isLong = Int.random(in: 0..<50, using: &random) == 0
      let begin = Int.random(in: 0..<count, using: &random)
      let length = Int.random(in: isLong ? 1...count : 1...count / 200 + 2, using: &random)
      var buffer = LayoutBuffer(size: size(&random), lifetime: begin..<begin + length)
      if fixesSome, isLong, Bool.random(using: &random) {
        buffer.fixedOffset = top
        top += buffer.size + Self.size(&random)
      }
      return buffer
    }
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same problems on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }
}
