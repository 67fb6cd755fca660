// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Fourier transforms.
enum SignalOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("DFT") { context throws(OperatorFault) in
      let x = try context.input(0, rankAtLeast: 2)
      var stated = try context.int("axis", default: context.version < 20 ? 1 : -2)
      if context.hasInput(2) { stated = try context.integer(2) }
      let axis = try Extents.axis(stated, rank: x.rank)
      guard axis < x.rank - 1 else { throw .axis(stated, rank: x.rank - 1) }
      let isOneSided = try context.flag("onesided")
      let isInverse = try context.flag("inverse")
      let isReal = isOneSided && isInverse
      var shape = x.shape
      var length = isReal ? max(2 * (shape[axis] - 1), 0) : shape[axis]
      if context.hasInput(1) {
        length = try Extents.extent(Int64(try context.integer(1)), input: 1)
      }
      shape[axis] = isOneSided && !isReal ? length / 2 + 1 : length
      shape[x.rank - 1] = isReal ? 1 : 2
      context.setOutput(0, x.elementType, shape)
    },
    OperatorRule("STFT") { context throws(OperatorFault) in
      let signal = try context.input(0, rankAtLeast: 2)
      let step = try Extents.extent(Int64(try context.integer(1)), input: 1)
      let length: Int
      if context.hasInput(3) {
        length = try Extents.extent(Int64(try context.integer(3)), input: 3)
      } else if context.hasInput(2) {
        length = try context.input(2, rank: 1).shape[0]
      } else {
        length = signal.shape[1]
      }
      guard step > 0 else { throw .inputValue(input: 1, reason: "a step is 0") }
      guard length <= signal.shape[1] else {
        throw .extents(signal.shape, [length], reason: "a frame is longer than the signal")
      }
      let frames = (signal.shape[1] - length) / step + 1
      let bins = try context.flag("onesided", default: true) ? length / 2 + 1 : length
      context.setOutput(0, signal.elementType, [signal.shape[0], frames, bins, 2])
    },
  ]
}
