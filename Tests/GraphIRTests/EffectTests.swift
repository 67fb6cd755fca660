// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@Suite struct EffectTests {
  @Test(arguments: InPlaceMode.allCases)
  func `views that are and updates hold in every mode`(mode: InPlaceMode) {
    #expect(Effect(.alias, output: 0, of: 0, modes: []).holds(in: mode))
    #expect(Effect(.mustOverwrite, output: 0, of: 0, modes: []).holds(in: mode))
  }

  @Test(arguments: [Effect.Kind.mayAlias, .mayOverwrite])
  func `what is optional holds in the modes it names and never in none`(kind: Effect.Kind) {
    func modes(_ modes: Effect.Modes) -> [InPlaceMode] {
      InPlaceMode.allCases.filter {
        Effect(kind, output: 0, of: 0, modes: modes).holds(in: $0)
      }
    }
    #expect(modes([]) == [])
    #expect(modes(.safe) == [.safe])
    #expect(modes(.ort) == [.ort])
    #expect(modes(.all) == [.safe, .ort])
  }
}
