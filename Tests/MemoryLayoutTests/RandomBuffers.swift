// SPDX-License-Identifier: Apache-2.0
import MemoryLayout
import TestSupport

/// What random buffers look like.
struct RandomBuffers {
  var steps = 10
  var sizes = 1...20
  /// Powers of two to choose from.
  var alignments = [1]
  /// Whether some buffers have no bytes.
  var hasEmpty = false
  /// How many buffers are fixed, at most.
  var fixed = 0

  static let plain = RandomBuffers()
  static let aligned = RandomBuffers(alignments: [8])
  static let mixed = RandomBuffers(alignments: [1, 2, 4, 16], hasEmpty: true)
  static let fixed = RandomBuffers(alignments: [1, 4], fixed: 2)

  /// `count` buffers; those that are fixed do not collide.
  func buffers(_ count: Int, seed: Int) -> [LayoutBuffer] {
    var random = SeededGenerator(seed: seed)
    var buffers: [LayoutBuffer] = []
    var fixedLeft = fixed
    while buffers.count < count {
      let lower = Int.random(in: 0..<steps, using: &random)
      let upper = Int.random(in: lower + 1...steps, using: &random)
      let isEmpty = hasEmpty && Int.random(in: 0..<8, using: &random) == 0
      let alignment = alignments.randomElement(using: &random) ?? 1
      var buffer = LayoutBuffer(
        size: isEmpty ? 0 : Int.random(in: sizes, using: &random), lower: lower, upper: upper,
        alignment: alignment)
      if fixedLeft > 0 {
        fixedLeft -= 1
        buffer.fixedOffset = Int.random(in: 0...10, using: &random) * alignment
        let collides = buffers.contains { other in
          guard let a = buffer.fixedOffset, let b = other.fixedOffset else { return false }
          return a < b + other.size && b < a + buffer.size
            && buffer.lower < other.upper && other.lower < buffer.upper
        }
        if collides { buffer.fixedOffset = nil }
      }
      buffers.append(buffer)
    }
    return buffers
  }

  /// Ties among the buffers, as many as asked for or fewer, that can be kept: some of buffers that
  /// share bytes, some of buffers that do not.
  static func ties(_ count: Int, among buffers: [LayoutBuffer], seed: Int) -> [LayoutTie] {
    var random = SeededGenerator(seed: seed &+ 77)
    var ties: [LayoutTie] = []
    guard buffers.count >= 2 else { return [] }
    for _ in 0..<count {
      let buffer = Int.random(in: 0..<buffers.count, using: &random)
      let base = Int.random(in: 0..<buffers.count, using: &random)
      guard buffer != base else { continue }
      let step = min(buffers[buffer].alignment, buffers[base].alignment)
      let distance = Int.random(in: -2...6, using: &random) * step
      let tie = LayoutTie(buffer, to: base, distance: distance)
      if (try? LayoutProblem(buffers: buffers, ties: ties + [tie])) != nil { ties.append(tie) }
    }
    return ties
  }

  /// The features of densely connected layers, inference: each layer's part of the last concatenation
  /// is a slice of it from when the layer has run, and each needs scratch bytes while it runs.
  static func denseBlock(
    layers: Int, seed: Int
  ) -> (buffers: [LayoutBuffer], ties: [LayoutTie]) {
    var random = SeededGenerator(seed: seed)
    var buffers: [LayoutBuffer] = []
    var ties: [LayoutTie] = []
    var distance = 0
    for layer in 0..<layers {
      let size = Int.random(in: 1...40, using: &random) * 64
      if layer > 0 {
        ties.append(LayoutTie(buffers.count, to: 0, distance: distance))
      }
      buffers.append(LayoutBuffer(size: size, lower: layer, upper: layers + 1, alignment: 64))
      distance += size
    }
    for layer in 1..<layers {
      let size = Int.random(in: 1...100, using: &random) * 64
      buffers.append(LayoutBuffer(size: size, lower: layer, upper: layer + 1, alignment: 64))
    }
    return (buffers, ties)
  }

  /// The buffers of a deep network's training step: activations that live from forward to backward,
  /// short temporaries on both sides.
  static func training(layers: Int, seed: Int) -> [LayoutBuffer] {
    var random = SeededGenerator(seed: seed)
    func size() -> Int { Int.random(in: 1...4096, using: &random) * 64 }
    return (0..<layers).flatMap { layer in
      let forward = 2 * layer
      let backward = 4 * layers - 2 * layer
      return [
        LayoutBuffer(size: size(), lower: forward, upper: backward, alignment: 64),
        LayoutBuffer(size: size(), lower: forward, upper: forward + 2, alignment: 64),
        LayoutBuffer(size: size(), lower: backward - 2, upper: backward + 1, alignment: 64),
      ]
    }
  }

  /// A full arena, cut into pieces by random straight cuts: it can be packed without a hole.
  static func fullArena(pieces count: Int, steps: Int, bytes: Int, seed: Int) -> [LayoutBuffer] {
    fullArenaWithOffsets(pieces: count, steps: steps, bytes: bytes, seed: seed)
      .map { LayoutBuffer(size: $0.bytes.count, lifetime: $0.steps) }
  }

  /// The pieces of a full arena where they were cut from.
  static func fullArenaWithOffsets(
    pieces count: Int, steps: Int, bytes: Int, seed: Int
  ) -> [(steps: Range<Int>, bytes: Range<Int>)] {
    var random = SeededGenerator(seed: seed)
    var pieces: [(steps: Range<Int>, bytes: Range<Int>)] = [(0..<steps, 0..<bytes)]
    while pieces.count < count {
      let position = Int.random(in: 0..<pieces.count, using: &random)
      let piece = pieces[position]
      if Bool.random(using: &random), piece.steps.count > 1 {
        let cut = Int.random(in: piece.steps.dropFirst().indices, using: &random)
        pieces[position].steps = piece.steps.lowerBound..<cut
        pieces.append((cut..<piece.steps.upperBound, piece.bytes))
      } else if piece.bytes.count > 1 {
        let cut = Int.random(in: piece.bytes.dropFirst().indices, using: &random)
        pieces[position].bytes = piece.bytes.lowerBound..<cut
        pieces.append((piece.steps, cut..<piece.bytes.upperBound))
      }
    }
    return pieces
  }
}
