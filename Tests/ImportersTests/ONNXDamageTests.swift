// SPDX-License-Identifier: Apache-2.0
import FuzzSupport
import TestSupport
import Testing

@testable import Importers

/// Damaged files must end in a model or in an error, never in a trap or without end.
@Suite struct `Damaged files` {
  /// Reads bytes and everything in them; returns whether they were a model.
  private func survives(_ bytes: [UInt8]) -> Bool {
    do throws(ImportError) {
      return try read(bytes).visitEverything() > 0
    } catch {
      #expect(!error.description.isEmpty)
      return false
    }
  }

  @Test(arguments: Seeds.first(60))
  func `a damaged model ends in a model or an error`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    var modelCount = 0
    for _ in 0..<100 {
      if survives(ONNXDamage.damaged(ONNXDamage.everything, &random)) { modelCount += 1 }
    }
    // Damage that never breaks anything, or always, would test little.
    #expect(modelCount < 100)
    #expect(survives(ONNXDamage.everything))
  }

  @Test func `a beginning of a model is no model unless it ends between fields`() {
    let survivors = (0..<ONNXDamage.everything.count).filter {
      survives([UInt8](ONNXDamage.everything.prefix($0)))
    }
    // After the graph and after the metadata.
    #expect(survivors.count == 2)
  }

  @Test(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)), arguments: Seeds.first(10))
  func `real models, damaged, end in a model or an error`(seed: Int) {
    for (index, file) in Zoo.models(under: "edge").enumerated() {
      guard let bytes = Zoo.bytes(of: file) else { continue }
      var random = SeededGenerator(seed: 1000 * seed + index)
      for _ in 0..<8 { _ = survives(ONNXDamage.damaged(bytes, &random)) }
      #expect(survives(bytes), "\(file)")
    }
  }

  @Test(arguments: Seeds.first(100))
  func `noise is no model`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 1...400, using: &random)
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(!survives(bytes))
  }
}
