// SPDX-License-Identifier: Apache-2.0
import FuzzSupport
import TestSupport
import Testing

/// A slice of what `fuzz` runs by the million.
@Suite struct `Fuzzing` {
  private static let corpus = FuzzCorpus()

  @Test(arguments: Seeds.first(12))
  func `damaged models end in a graph or an error`(seed: Int) throws {
    for index in 0..<10 {
      let input = try #require(FuzzInput(seed: 100_000 + 10 * seed + index, of: Self.corpus))
      _ = FuzzTargets.reader(input.bytes)
      _ = FuzzTargets.inference(input.bytes, bindings: input.bindings)
    }
  }

  @Test func `undamaged models are accepted, and inputs are the same for the same seed`() throws {
    let plain = FuzzCorpus(usesZoo: false)
    let accepted = plain.small.filter {
      if case .accepted = FuzzTargets.inference($0.bytes, bindings: $0.bindings) {
        true
      } else {
        false
      }
    }
    #expect(accepted.count >= 6)
    for seed in 0..<20 {
      #expect(
        FuzzInput(seed: seed, of: plain)?.bytes == FuzzInput(seed: seed, of: plain)?.bytes)
    }
  }

  @Test func `damage leaves some models whole and breaks others`() throws {
    let plain = FuzzCorpus(usesZoo: false)
    var accepted = 0
    for seed in 0..<60 {
      let input = try #require(FuzzInput(seed: seed, of: plain))
      if case .accepted = FuzzTargets.reader(input.bytes) { accepted += 1 }
    }
    #expect((5..<58).contains(accepted))
  }
}
